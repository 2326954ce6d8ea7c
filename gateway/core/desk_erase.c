/* Erasing on the word of staff, and finding what is to be erased. Nothing is
 * indexed by who a person is: contents are opened one by one to find them, in
 * pieces that the program asks for. An index would be one more place that knows
 * the person, and erasing is rare. */
#include "core/desk.h"
#include "core/element.h"
#include "core/erase.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/refill.h"
#include "core/register.h"
#include "core/submission_read.h"
#include "core/value.h"

#include <string.h>

/* ---- What is wanted ------------------------------------------------------ */

static bool reason_read(struct slice text, bool is_asked,
    struct erasure_notice *notice, struct local_answer *answer)
{
    notice->reason = erasure_reason_named(text);
    if (notice->reason != ERASURE_NONE || (is_asked && text.size == 0))
        return true;
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "erase.reason",
        "use person_asked, retention_over, wrong_person or law");
    return false;
}

static bool actor_read(struct slice text, struct erasure_notice *notice,
    struct local_answer *answer)
{
    notice->actor = ACTOR_STAFF;
    if (text.size > 0)
        notice->actor = (enum actor_kind)actor_kind_named(text);
    if (notice->actor != 0 && notice->actor != ACTOR_GATEWAY)
        return true;
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "erase.actor",
        "use staff, person or companion");
    return false;
}

/* Codes between single spaces. */
static bool elements_read(struct work *work, struct slice text,
    struct erasure_notice *notice, struct local_answer *answer)
{
    struct slice word;
    struct slice *codes = arena_take_array(
        work->scratch, REFERRAL_ELEMENT_COUNT_MAX, sizeof *codes);
    if (codes == NULL) {
        work_exhausted(work);
        return false;
    }
    notice->elements = codes;
    while (value_next_word(&text, &word)) {
        if (element_find(word) == NULL ||
            notice->element_count == REFERRAL_ELEMENT_COUNT_MAX) {
            answer_error(answer, ERR_INVALID, PROBLEM_UNKNOWN_FIELD,
                "erase.elements",
                "use codes of the element registry: refer-referral(5)");
            return false;
        }
        codes[notice->element_count++] = word;
    }
    return true;
}

static bool notice_read(struct work *work, const struct local_request *request,
    bool is_asked, struct erasure_notice *notice, struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    *notice = (struct erasure_notice){ .at = work->now };
    if (uuid_parse(field_text(fields, count, "id"), &notice->referral) !=
        ERR_NONE) {
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN,
            "erase.id", "look the id up with referctl referral list");
        return false;
    }
    if (!reason_read(
            field_text(fields, count, "reason"), is_asked, notice, answer) ||
        !actor_read(field_text(fields, count, "actor"), notice, answer) ||
        !elements_read(
            work, field_text(fields, count, "elements"), notice, answer))
        return false;
    if (is_asked)
        return true;
    erasure_notice_check(notice, &verdict);
    if (verdict_allows(&verdict))
        return true;
    answer_error(
        answer, ERR_INVALID, verdict.problem, verdict.clause, verdict.remedy);
    return false;
}

/* ---- Erasing ------------------------------------------------------------- */

static void answer_erasure(const struct referral *referral,
    const struct erase_result *result, bool is_asked,
    struct local_answer *answer)
{
    answer_record(answer, "erasure");
    answer_uuid(answer, "id", &referral->uuid);
    answer_text(answer, "state",
        register_is_begun(referral) ? ""
                                    : referral_state_name(referral->state));
    answer_number(answer, "contents", result->extent.content_count);
    answer_flag(answer, "unsent", result->is_dropped);
    answer_flag(answer, "dry_run", is_asked);
    answer_text(answer, "notice",
        is_asked ? "" : erasure_outcome_name(referral->erasure.outcome));
}

static void answer_unknown(struct local_answer *answer)
{
    answer_error(answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN, "erase.id",
        "look the id up with referctl referral list");
}

/* What was said of it is not known before it is taken up, which may be never:
 * all of it can go, no part. */
static void begun_erase(struct work *work, struct referral *begun,
    const struct erasure_notice *notice, bool is_asked,
    struct local_answer *answer)
{
    const struct erase_result none = { .is_dropped = false };
    if (!refill_takes_up(work, begun)) {
        answer_unknown(answer);
    } else if (is_asked || notice->element_count > 0) {
        answer_error(answer, ERR_BUSY, PROBLEM_TRY_LATER, "erase.id",
            "try again once this referral is taken back after the loss, or "
            "erase the whole referral now");
    } else {
        erase_begun(work, begun, notice);
        answer_erasure(begun, &none, false, answer);
    }
}

void desk_erase(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "id", LOCAL_TEXT, true },
        { "reason", LOCAL_TEXT, false },
        { "elements", LOCAL_TEXT, false },
        { "actor", LOCAL_TEXT, false },
        { "dry_run", LOCAL_FLAG, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct erasure_notice notice;
    struct erase_result result;
    enum err err = ERR_NONE;
    (void)caller;
    if (!fields_check(answer, "erase", fields, count, rules, 5))
        return;
    bool is_asked = field_number(fields, count, "dry_run", 0) != 0;
    if (!notice_read(work, request, is_asked, &notice, answer))
        return;
    struct referral *referral = register_get(work, &notice.referral);
    if (referral == NULL) {
        answer_unknown(answer);
        return;
    }
    if (register_is_begun(referral)) {
        begun_erase(work, referral, &notice, is_asked, answer);
        return;
    }
    if (is_asked)
        erase_measure(work, referral, &notice, &result);
    else
        err = erase_own(work, referral, &notice, &result);
    if (err != ERR_NONE)
        answer_error(answer, err, PROBLEM_RATE_LIMIT, "erase.elements",
            "erase the whole referral: it holds too much to be kept without "
            "them");
    else
        answer_erasure(referral, &result, is_asked, answer);
}

/* ---- Finding ------------------------------------------------------------- */

struct finding {
    struct work *work;
    struct slice value; /* of pairwise_id */
    uint32_t content_count;
};

static bool event_names(const struct referral_event *event, struct slice value)
{
    for (size_t i = 0; i < event->element_count; i++)
        if (slice_is(event->elements[i].name, "pairwise_id") &&
            slice_equal(event->elements[i].value, value))
            return true;
    return false;
}

static bool referral_names(
    struct finding *finding, const struct referral *referral)
{
    struct work *work = finding->work;
    bool found = false;
    for (uint32_t i = 0; i < referral->position_count && !found; i++) {
        struct feed_event event;
        struct referral_event said;
        size_t used = work->scratch->used;
        if (feed_at(work, referral->positions[i], &event) &&
            event.step != EVENT_NONE && !content_is_none(event.content)) {
            finding->content_count++;
            found = register_event(work, event.content, &said) &&
                    event_names(&said, finding->value);
        }
        arena_rewind(work->scratch, used);
    }
    return found;
}

static bool find_read(const struct local_request *request,
    struct finding *finding, struct uuid *from, struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct slice after = field_text(fields, count, "after");
    finding->value = field_text(fields, count, "pairwise_id");
    if (!value_is_code(finding->value)) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "erase.pairwise_id",
            "give the person's pairwise id as a code");
        return false;
    }
    if (after.size > 0 &&
        (uuid_parse(after, from) != ERR_NONE || !uuid_next(from))) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "erase.after",
            "give the id that the search came to");
        return false;
    }
    return true;
}

void desk_erase_find(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "pairwise_id", LOCAL_TEXT, true },
        { "after", LOCAL_TEXT, false },
    };
    struct finding finding = { .work = work };
    struct uuid from = { { 0 } };
    struct uuid last = { { 0 } };
    bool is_done = false;
    uint32_t seen = 0;
    (void)caller;
    if (!fields_check(
            answer, "erase", request->fields, request->field_count, rules, 2) ||
        !find_read(request, &finding, &from, answer))
        return;
    size_t used = work->scratch->used;
    while (!is_done && seen < ERASE_FIND_REFERRAL_COUNT &&
           finding.content_count < ERASE_FIND_CONTENT_COUNT &&
           !answer_is_full(answer)) {
        arena_rewind(work->scratch, used);
        const struct referral *referral = register_next(work, &from);
        is_done = referral == NULL;
        if (is_done)
            break;
        seen++;
        last = referral->uuid;
        if (referral_names(&finding, referral)) {
            answer_record(answer, "referral");
            answer_uuid(answer, "id", &last);
            answer_text(answer, "state", referral_state_name(referral->state));
            answer_text(answer, "direction", referral->outgoing ? "out" : "in");
        }
        from = last;
        is_done = !uuid_next(&from);
    }
    answer_record(answer, "search");
    answer_number(answer, "referrals", seen);
    answer_flag(answer, "done", is_done);
    answer_uuid(answer, "after", &last);
}
