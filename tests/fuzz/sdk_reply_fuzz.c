/*
 * Replies that the client library reads, from any bytes: nothing is kept of
 * what is no reply, and whatever is kept can be looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

static void look(const struct sdk_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct sdk_record *record = &records->items[i];
        MUST(sdk_text_is_code(record->type));
        for (size_t k = 0; k < record->field_count; k++) {
            const struct sdk_field *field = &record->fields[k];
            MUST(sdk_text_is_code(field->name));
            MUST(sdk_text_is_clean(field->text));
            MUST(sdk_record_find(record, field->name) == field);
            (void)sdk_record_number(record, field->name);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdk_reply reply;
    refer_referral *referral = NULL;
    refer_status status = sdk_reply_read(data, size, &reply);
    MUST(status == REFER_OK || reply.records.count == 0);
    look(&reply.records);
    if (status == REFER_OK &&
        sdk_referral_take(&reply.records, &referral) == REFER_OK) {
        for (uint32_t i = 0; i < refer_referral_event_count(referral); i++)
            MUST(refer_event_get(refer_referral_event(referral, i), "type") !=
                 NULL);
        refer_referral_free(referral);
    }
    sdk_reply_release(&reply);
    MUST(sdk_memory_held() == 0);
    return 0;
}
