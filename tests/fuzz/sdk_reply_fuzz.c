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

#define BATCH_COUNT 8

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

/* The reply as one to a batch of as many referrals as it has records. */
static void answer_batch(const uint8_t *data, size_t size)
{
    struct sdk_reply reply;
    refer_batch *batch;
    refer_referral *referral;
    if (sdk_reply_read(data, size, &reply) != REFER_OK)
        return;
    MUST(refer_batch_new(&batch) == REFER_OK);
    MUST(refer_referral_new(&referral) == REFER_OK);
    for (size_t i = 0; i < reply.records.count && i < BATCH_COUNT; i++)
        MUST(refer_batch_add(batch, referral, "k") == REFER_OK);
    bool is_answered = sdk_batch_answer(batch, &reply.records);
    uint32_t stored_count = 0;
    for (uint32_t i = 0; i < refer_batch_count(batch); i++) {
        refer_status status = refer_batch_status(batch, i);
        bool has_id = refer_batch_id(batch, i)[0] != 0;
        MUST(is_answered || status == REFER_TIMEOUT);
        MUST(strlen(refer_batch_id(batch, i)) < REFER_ID_SIZE ||
             status != REFER_OK);
        MUST(status != REFER_OK || has_id);
        MUST(sdk_text_is_clean(refer_batch_problem(batch, i)));
        stored_count += status == REFER_OK;
    }
    MUST(refer_batch_stored_count(batch) == stored_count);
    refer_referral_free(referral);
    refer_batch_free(batch);
    sdk_reply_release(&reply);
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
    answer_batch(data, size);
    MUST(sdk_memory_held() == 0);
    return 0;
}
