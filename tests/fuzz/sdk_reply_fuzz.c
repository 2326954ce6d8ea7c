/*
 * Replies that the client library reads, from any bytes: nothing is kept of
 * what is no reply, and whatever is kept can be looked at. It is what the
 * runtime of protobuf reads, and what that would write as the same bytes again
 * is always read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "objects.h"

#include "refer/v1/local.pb-c.h"

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

/* ---- As the runtime reads ---------------------------------------------- */

static bool value_is_sound(const Refer__V1__LocalField *node)
{
    return sdk_text_is_code(node->name) &&
           node->value_case != REFER__V1__LOCAL_FIELD__VALUE__NOT_SET &&
           (node->value_case != REFER__V1__LOCAL_FIELD__VALUE_TEXT ||
               sdk_text_is_clean(node->text));
}

static bool is_sound(const Refer__V1__LocalReply *theirs)
{
    for (size_t i = 0; i < theirs->n_records; i++) {
        const Refer__V1__LocalRecord *node = theirs->records[i];
        if (!sdk_text_is_code(node->type))
            return false;
        for (size_t k = 0; k < node->n_fields; k++)
            if (!value_is_sound(node->fields[k]))
                return false;
    }
    return sdk_text_is_clean(theirs->problem) &&
           sdk_text_is_clean(theirs->clause) &&
           sdk_text_is_clean(theirs->remedy) &&
           sdk_text_is_clean(theirs->message);
}

/* What is not known the runtime keeps as it was, whatever that is. */
static bool is_known(const Refer__V1__LocalReply *theirs)
{
    size_t unknown_count = theirs->base.n_unknown_fields;
    for (size_t i = 0; i < theirs->n_records; i++) {
        const Refer__V1__LocalRecord *node = theirs->records[i];
        unknown_count += node->base.n_unknown_fields;
        for (size_t k = 0; k < node->n_fields; k++)
            unknown_count += node->fields[k]->base.n_unknown_fields;
    }
    return unknown_count == 0;
}

static void compare_field(
    const struct sdk_field *field, const Refer__V1__LocalField *node)
{
    switch (node->value_case) {
    case REFER__V1__LOCAL_FIELD__VALUE_TEXT:
        MUST(field->type == SDK_FIELD_TEXT);
        MUST(strcmp(field->text, node->text) == 0);
        MUST(strlen(field->text) == field->size);
        return;
    case REFER__V1__LOCAL_FIELD__VALUE_NUMBER:
        MUST(field->type == SDK_FIELD_NUMBER);
        MUST(field->number == node->number);
        return;
    case REFER__V1__LOCAL_FIELD__VALUE_DATA:
        MUST(field->type == SDK_FIELD_DATA);
        MUST(field->size == node->data.len);
        MUST(field->size == 0 ||
             memcmp(field->data, node->data.data, field->size) == 0);
        return;
    case REFER__V1__LOCAL_FIELD__VALUE_FLAG:
        MUST(field->type == SDK_FIELD_FLAG);
        MUST(field->number == (node->flag != 0));
        return;
    case REFER__V1__LOCAL_FIELD__VALUE__NOT_SET:
    case _REFER__V1__LOCAL_FIELD__VALUE__CASE_IS_INT_SIZE:
    default:
        abort();
    }
}

/* Of a name that stands twice the last counts. */
static void compare_record(
    const struct sdk_record *record, const Refer__V1__LocalRecord *node)
{
    size_t left = record->field_count;
    MUST(strcmp(record->type, node->type) == 0);
    for (size_t i = node->n_fields; i > 0; i--) {
        const Refer__V1__LocalField *field = node->fields[i - 1];
        size_t k = i;
        while (k < node->n_fields &&
               strcmp(node->fields[k]->name, field->name) != 0)
            k++;
        if (k < node->n_fields)
            continue;
        const struct sdk_field *ours = sdk_record_find(record, field->name);
        MUST(ours != NULL);
        compare_field(ours, field);
        left--;
    }
    MUST(left == 0);
}

static void compare(refer_status status, const struct sdk_reply *reply,
    const uint8_t *data, size_t size)
{
    Refer__V1__LocalReply *theirs =
        refer__v1__local_reply__unpack(NULL, size, data);
    bool may_be = theirs != NULL && is_sound(theirs);
    bool must_be = may_be && is_known(theirs) &&
                   refer__v1__local_reply__get_packed_size(theirs) == size;
    if (must_be) {
        uint8_t *again = malloc(size + 1);
        MUST(again != NULL);
        refer__v1__local_reply__pack(theirs, again);
        must_be = size == 0 || memcmp(again, data, size) == 0;
        free(again);
    }
    MUST(status == REFER_OK ? may_be : !must_be);
    if (status == REFER_OK) {
        MUST(reply->number == theirs->number);
        MUST(reply->error == theirs->error);
        MUST(strncmp(reply->remedy, theirs->remedy, SDK_TEXT_SIZE / 2) == 0);
        MUST(reply->records.count == theirs->n_records);
        for (size_t i = 0; i < theirs->n_records; i++)
            compare_record(&reply->records.items[i], theirs->records[i]);
    }
    if (theirs != NULL)
        refer__v1__local_reply__free_unpacked(theirs, NULL);
}

/* ---- As the library uses it -------------------------------------------- */

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
    compare(status, &reply, data, size);
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
