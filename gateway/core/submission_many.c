#include "core/submission_many.h"

#include "core/limits.h"
#include "core/node_state.h"
#include "core/submission.h"
#include "core/submission_read.h"

/* Of a refusal in the reply: two texts of a verdict and what is around them. */
#define REFUSAL_SIZE_MAX (2 * VERDICT_TEXT_SIZE + 112)
_Static_assert(LOCAL_BATCH_COUNT_MAX *REFUSAL_SIZE_MAX < LOCAL_FRAME_SIZE_MAX,
    "a reply that cannot be sent");
_Static_assert(LOCAL_BATCH_COUNT_MAX <= LOCAL_FIELD_COUNT_MAX, "a field each");

/* What a batch adds to the store, as a multiple of its size: contents, again
 * while a parcel is under way, rows and the pages above them. */
#define STORE_FACTOR 3

static const struct field_rule submit_rules[] = {
    { "request", LOCAL_DATA, true },
};

static bool count_check(size_t count, struct local_answer *answer)
{
    if (count > 0 && count <= LOCAL_BATCH_COUNT_MAX)
        return true;
    answer_error(answer, count == 0 ? ERR_INVALID : ERR_LIMIT, PROBLEM_FORMAT,
        "submit.many", "give 1 to 4096 records of type submit");
    return false;
}

static bool items_check(
    const struct local_request *request, struct local_answer *answer)
{
    if (!fields_check(answer, "submit.many", request->fields,
            request->field_count, NULL, 0) ||
        !count_check(request->record_count, answer))
        return false;
    for (size_t i = 0; i < request->record_count; i++) {
        const struct local_record *record = &request->records[i];
        if (!slice_is(record->type, "submit")) {
            answer_error(answer, ERR_INVALID, PROBLEM_UNKNOWN_FIELD, "records",
                "leave out records that the operation does not know");
            return false;
        }
        if (!fields_check(answer, "submit", record->fields, record->field_count,
                submit_rules, 1))
            return false;
    }
    return true;
}

/* Below what the store keeps for what must still go through. */
static bool has_room(struct work *work, const struct local_request *request,
    struct local_answer *answer)
{
    const struct store_usage *usage = &work->node->usage;
    uint64_t limit = usage->capacity / 100 * STORE_RECEIVE_PERCENT_MAX;
    if (usage->capacity == 0 ||
        usage->used + STORE_FACTOR * request->unnumbered.size <= limit)
        return true;
    answer_error(answer, ERR_FULL, PROBLEM_TRY_LATER, "map_size_mib",
        "hand over fewer at a time, or raise map_size_mib in referd.yaml and "
        "restart; then try again");
    return false;
}

static bool submit_read(struct work *work, struct slice bytes,
    struct local_request *submit, struct local_answer *answer)
{
    enum err err = bytes.size > LOCAL_FRAME_SIZE_MAX
                       ? ERR_LIMIT
                       : local_request_read(bytes, work->scratch, submit);
    if (err == ERR_NONE &&
        (!slice_is(submit->operation, "submit") || submit->number != 0))
        err = ERR_INVALID;
    if (err != ERR_NONE)
        answer_error(answer, err, PROBLEM_FORMAT, "submit.request",
            "give a request submit as refer/v1/local.proto says, without a "
            "number");
    return err == ERR_NONE;
}

void submission_many(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer)
{
    if (!items_check(request, answer) || !has_room(work, request, answer))
        return;
    for (size_t i = 0; i < request->record_count && !work_failed(work); i++) {
        size_t used = work->scratch->used;
        struct local_request submit = { 0 };
        if (submit_read(
                work, request->records[i].fields[0].bytes, &submit, answer))
            submission_submit(work, uid, &submit, answer);
        if (answer->reply.err != ERR_NONE)
            answer_refusal(answer, i);
        arena_rewind(work->scratch, used); /* the next may be as large */
    }
}
