#include <string.h>

#include "channel.h"
#include "client.h"
#include "memory.h"
#include "message.h"
#include "objects.h"
#include "record.h"
#include "refer/refer.h"
#include "status.h"
#include "submission.h"

/*
 * batch.c - many referrals in one round trip.
 *
 * Each is written as it will travel when it is added, so that the handle holds
 * no more than that, knows when it is full, and sends the same bytes however
 * often it is submitted. The memory is kept for those that it is filled with
 * next.
 */

/* Of the request that carries them, without the records. */
#define REQUEST_SIZE_MAX 64u
#define CARRIED_CAPACITY_MIN 4096u
#define KEY_CAPACITY_MIN 16u

struct refer_batch {
    uint8_t *carried; /* the records of the request, one after the other */
    size_t size;
    size_t capacity;
    char (*keys)[SDK_KEY_SIZE_MAX + 1];
    uint32_t count;
    uint32_t key_capacity;
    bool is_answered;
    struct sdk_records answers; /* then one for each */
    uint32_t stored_count;
};

uint32_t refer_batch_count_max(void)
{
    return REFER_BATCH_COUNT_MAX;
}

size_t refer_batch_size_max(void)
{
    return REFER_BATCH_SIZE_MAX;
}

/* ---- Filling ----------------------------------------------------------- */

refer_status refer_batch_new(refer_batch **out)
{
    if (out == NULL)
        return REFER_INVALID;
    *out = sdk_memory_take(sizeof **out);
    return *out == NULL ? REFER_NO_MEMORY : REFER_OK;
}

static void answers_forget(refer_batch *batch)
{
    sdk_records_release(&batch->answers);
    batch->is_answered = false;
    batch->stored_count = 0;
}

void refer_batch_clear(refer_batch *batch)
{
    if (batch == NULL)
        return;
    answers_forget(batch);
    if (batch->size > 0)
        memset(batch->carried, 0, batch->size);
    batch->size = 0;
    batch->count = 0;
}

void refer_batch_free(refer_batch *batch)
{
    if (batch == NULL)
        return;
    answers_forget(batch);
    sdk_memory_free(batch->carried);
    sdk_memory_free(batch->keys);
    sdk_memory_free(batch);
}

/* Room for a record of that size and its key; false for want of memory. */
static bool batch_reserve(refer_batch *batch, size_t size)
{
    size_t wanted = batch->size + size;
    if (wanted > batch->capacity) {
        size_t capacity =
            batch->capacity == 0 ? CARRIED_CAPACITY_MIN : batch->capacity;
        while (capacity < wanted)
            capacity *= 2;
        uint8_t *carried =
            sdk_memory_grow(batch->carried, batch->size, capacity);
        if (carried == NULL)
            return false;
        batch->carried = carried;
        batch->capacity = capacity;
    }
    if (batch->count == batch->key_capacity) {
        uint32_t capacity =
            batch->count == 0 ? KEY_CAPACITY_MIN : batch->count * 2;
        void *keys = sdk_memory_grow(batch->keys,
            batch->count * sizeof *batch->keys, capacity * sizeof *batch->keys);
        if (keys == NULL)
            return false;
        batch->keys = keys;
        batch->key_capacity = capacity;
    }
    return true;
}

static refer_status request_put(
    refer_batch *batch, const struct sdk_request *request, const char *key)
{
    size_t request_size = sdk_request_size(request);
    size_t size = sdk_carried_size(request_size);
    if (request_size > SDK_MESSAGE_SIZE_MAX ||
        size > REFER_BATCH_SIZE_MAX - REQUEST_SIZE_MAX - batch->size)
        return REFER_TOO_LARGE;
    if (!batch_reserve(batch, size))
        return REFER_NO_MEMORY;
    batch->size += size;
    (void)sdk_carried_before(batch->carried + batch->size, request);
    memcpy(batch->keys[batch->count], key, strlen(key) + 1);
    batch->count++;
    return REFER_OK;
}

refer_status refer_batch_add(
    refer_batch *batch, const refer_referral *referral, const char *key)
{
    struct sdk_submission submission;
    if (batch == NULL || referral == NULL || !sdk_key_is_valid(key))
        return REFER_INVALID;
    if (batch->is_answered)
        return REFER_CONFLICT;
    if (batch->count == REFER_BATCH_COUNT_MAX)
        return REFER_TOO_LARGE;
    refer_status status = sdk_submission_make(referral, key, &submission);
    return status == REFER_OK ? request_put(batch, &submission.request, key)
                              : status;
}

uint32_t refer_batch_count(const refer_batch *batch)
{
    return batch == NULL ? 0 : batch->count;
}

/* ---- Handing over ------------------------------------------------------ */

static bool is_stored(const struct sdk_record *answer)
{
    const char *id = sdk_record_text(answer, "id");
    return strcmp(answer->type, "referral") == 0 && id[0] != 0 &&
           strlen(id) < REFER_ID_SIZE;
}

static bool is_refused(const struct sdk_record *answer)
{
    return strcmp(answer->type, "refusal") == 0 &&
           sdk_record_number(answer, "error") > 0;
}

bool sdk_batch_answer(refer_batch *batch, struct sdk_records *answers)
{
    uint32_t stored_count = 0;
    if (answers->count != batch->count)
        return false;
    for (size_t i = 0; i < answers->count; i++) {
        bool stored = is_stored(&answers->items[i]);
        if (!stored && !is_refused(&answers->items[i]))
            return false;
        stored_count += stored;
    }
    batch->answers = *answers;
    *answers = (struct sdk_records){ 0 };
    batch->is_answered = true;
    batch->stored_count = stored_count;
    return true;
}

refer_status refer_batch_submit(
    refer_client *client, refer_batch *batch, int32_t timeout_ms)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (batch == NULL)
        return sdk_client_fail(client, REFER_INVALID, "a batch is needed");
    if (batch->count == 0)
        return REFER_OK;
    answers_forget(batch);
    status = sdk_client_call(client,
        (struct sdk_request){
            .operation = "submit.many",
            .carried = slice_of(batch->carried, batch->size),
        },
        deadline, &reply);
    if (status == REFER_OK && !sdk_batch_answer(batch, &reply.records))
        status = sdk_client_fail(
            client, REFER_PROTOCOL, refer_status_text(REFER_PROTOCOL));
    sdk_reply_release(&reply);
    return status;
}

/* ---- What became of them ----------------------------------------------- */

static const struct sdk_record *answer_at(const refer_batch *batch, uint32_t i)
{
    return batch != NULL && batch->is_answered && i < batch->count
               ? &batch->answers.items[i]
               : NULL;
}

uint32_t refer_batch_stored_count(const refer_batch *batch)
{
    return batch == NULL ? 0 : batch->stored_count;
}

refer_status refer_batch_status(const refer_batch *batch, uint32_t i)
{
    const struct sdk_record *answer = answer_at(batch, i);
    if (i >= refer_batch_count(batch))
        return REFER_INVALID;
    if (answer == NULL)
        return REFER_TIMEOUT;
    if (is_stored(answer))
        return REFER_OK;
    int64_t error = sdk_record_number(answer, "error");
    return sdk_status_of(error > UINT32_MAX ? UINT32_MAX : (uint32_t)error,
        sdk_record_text(answer, "problem"));
}

const char *refer_batch_key(const refer_batch *batch, uint32_t i)
{
    return i < refer_batch_count(batch) ? batch->keys[i] : "";
}

const char *refer_batch_id(const refer_batch *batch, uint32_t i)
{
    return sdk_record_text(answer_at(batch, i), "id");
}

const char *refer_batch_problem(const refer_batch *batch, uint32_t i)
{
    return sdk_record_text(answer_at(batch, i), "problem");
}

const char *refer_batch_clause(const refer_batch *batch, uint32_t i)
{
    return sdk_record_text(answer_at(batch, i), "clause");
}

const char *refer_batch_remedy(const refer_batch *batch, uint32_t i)
{
    return sdk_record_text(answer_at(batch, i), "remedy");
}
