#include "core/desk.h"
#include "core/feed.h"
#include "core/hold.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/register.h"
#include "core/scrub_patrol.h"
#include "core/submission_read.h"

#include <string.h>

/* What staff, the person or a companion may do from here, "a b c". */
static void answer_steps(struct work *work, const struct referral *referral,
    struct local_answer *answer)
{
    uint32_t ours = referral->outgoing ? PARTY_REFERRER : PARTY_RECEIVER;
    uint64_t steps =
        referral_steps(referral->state, ours | PARTY_PERSON | PARTY_COMPANION);
    char *text = arena_take(work->scratch, EVENT_TYPE_COUNT * 32);
    size_t size = 0;
    if (text == NULL) {
        work_exhausted(work);
        return;
    }
    for (unsigned type = 1; type < EVENT_TYPE_COUNT; type++) {
        if ((steps >> type & 1) == 0)
            continue;
        const char *name = event_type_name((enum referral_event_type)type);
        if (size > 0)
            text[size++] = ' ';
        memcpy(text + size, name, strlen(name));
        size += strlen(name);
    }
    answer_slice(answer, "steps", slice_of(text, size));
}

static void answer_grants(const struct referral_request *request,
    struct work *work, struct local_answer *answer)
{
    for (size_t i = 0; i < request->grant_count; i++) {
        const struct grant *grant = &request->grants[i];
        size_t size = 0;
        char *text = arena_take(
            work->scratch, grant->element_count * (CODE_SIZE_MAX + 1) + 1);
        if (text == NULL) {
            work_exhausted(work);
            return;
        }
        for (size_t k = 0; k < grant->element_count; k++) {
            if (k > 0)
                text[size++] = ' ';
            memcpy(
                text + size, grant->elements[k].bytes, grant->elements[k].size);
            size += grant->elements[k].size;
        }
        answer_record(answer, "grant");
        answer_text(answer, "to", grant->to.text);
        answer_slice(answer, "purpose", grant->purpose);
        answer_slice(answer, "elements", slice_of(text, size));
        answer_number(answer, "until_ms", grant->until.unix_ms);
    }
}

static void answer_request(
    const struct referral_request *request, struct local_answer *answer)
{
    answer_slice(answer, "service", request->service);
    answer_slice(answer, "purpose", request->purpose);
    answer_text(answer, "urgency", urgency_name(request->urgency));
    answer_text(answer, "choice", choice_name(request->choice));
    answer_text(answer, "ask_back", ask_back_name(request->ask_back));
    answer_slice(answer, "reason_plain", request->reason_plain);
    answer_number(answer, "consent_at_ms", request->consent_at.unix_ms);
    answer_uuid(answer, "thread", &request->thread);
    answer_number(answer, "hop", request->hop);
}

/* The fields that a listing has too. */
static void answer_head(struct work *work, const struct referral *referral,
    struct local_answer *answer)
{
    struct peer *peer = peer_numbered(work->node, referral->peer);
    const struct card *card = peer == NULL ? NULL : peer_card(work, peer);
    answer_record(answer, "referral");
    answer_uuid(answer, "id", &referral->uuid);
    answer_text(answer, "state", referral_state_name(referral->state));
    answer_text(answer, "direction", referral->outgoing ? "out" : "in");
    answer_text(answer, "peer", peer == NULL ? "" : peer->agency.text);
    answer_slice(answer, "peer_name", card == NULL ? SLICE_NONE : card->name);
    answer_number(answer, "updated_ms", referral->updated.unix_ms);
}

static void answer_erasure(
    const struct referral *referral, struct local_answer *answer)
{
    const struct referral_erasure *erasure = &referral->erasure;
    if (erasure->reason == ERASURE_NONE)
        return;
    answer_number(answer, "erased_ms", erasure->at.unix_ms);
    answer_text(answer, "erased_by", erasure->by_us ? "us" : "them");
    answer_text(answer, "erased_reason", erasure_reason_name(erasure->reason));
    answer_flag(answer, "erased_whole", erasure->is_whole);
    answer_text(
        answer, "erasure_notice", erasure_outcome_name(erasure->outcome));
}

/* Of our own words; what somebody erased is said with the erasure. */
static void answer_hold(const struct node *node,
    const struct referral *referral, struct local_answer *answer)
{
    int64_t until_ms = hold_until_ms(node, referral);
    if (referral->taken.unix_ms != 0)
        answer_number(answer, "taken_ms", referral->taken.unix_ms);
    if (until_ms != 0)
        answer_number(answer, "kept_until_ms", until_ms);
    if (referral->let_go.unix_ms != 0)
        answer_number(answer, "let_go_ms", referral->let_go.unix_ms);
}

static void answer_events(struct work *work, const struct referral *referral,
    struct local_answer *answer)
{
    bool is_whole = true;
    for (uint32_t i = 0; i < referral->position_count && is_whole; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (feed_at(work, referral->positions[i], &event) &&
            !answer_is_full(answer))
            is_whole = desk_event(work, &event, 0, answer);
        arena_rewind(work->scratch, used);
    }
    if (!is_whole)
        desk_damaged(work, answer);
}

void desk_get(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "id", LOCAL_TEXT, true },
        { "content", LOCAL_FLAG, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct uuid uuid;
    struct referral *referral = NULL;
    struct referral_event send;
    (void)caller;
    if (!fields_check(answer, "get", fields, count, rules, 2))
        return;
    bool content = field_number(fields, count, "content", 1) != 0;
    if (uuid_parse(field_text(fields, count, "id"), &uuid) == ERR_NONE)
        referral = register_get(work, &uuid);
    /* what came of it is not known before it was taken up */
    if (referral == NULL || register_is_begun(referral)) {
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN, "get.id",
            "look the id up with referctl referral list");
        return;
    }
    enum err err =
        register_event_try(work, referral->request, work->scratch, &send);
    if (err == ERR_CORRUPT && !work_failed(work)) {
        desk_damaged(work, answer);
        return;
    }
    answer_head(work, referral, answer);
    answer_mou(answer, "mou", &referral->mou);
    answer_number(answer, "created_ms", referral->created.unix_ms);
    answer_number(answer, "pending", referral->pending);
    answer_flag(answer, "frozen", referral->frozen);
    answer_steps(work, referral, answer);
    answer_erasure(referral, answer);
    answer_hold(work->node, referral, answer);
    if (err == ERR_NONE && send.request != NULL) {
        answer_request(send.request, answer);
        for (size_t i = 0; content && i < send.element_count; i++) {
            answer_record(answer, "element");
            answer_slice(answer, "code", send.elements[i].name);
            answer_slice(answer, "value", send.elements[i].value);
        }
        answer_grants(send.request, work, answer);
    }
    if (content)
        answer_events(work, referral, answer);
}

/* ---- Listing ------------------------------------------------------------ */

struct filter {
    enum referral_state state; /* UNKNOWN: any */
    const struct peer *peer;   /* NULL: any */
    int direction;             /* 'o', 'i', 0: any */
    struct uuid from;
    uint32_t count;
};

static bool filter_read(struct work *work, const struct local_request *request,
    struct filter *filter, struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct slice state = field_text(fields, count, "state");
    struct slice peer = field_text(fields, count, "peer");
    struct slice direction = field_text(fields, count, "direction");
    struct slice after = field_text(fields, count, "after");
    int64_t limit = field_number(fields, count, "count", LOCAL_PAGE_COUNT_MAX);
    *filter = (struct filter){ .count = (uint32_t)limit };
    if (state.size > 0) {
        filter->state = referral_state_named(state);
        if (filter->state == REFERRAL_UNKNOWN) {
            answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "list.state",
                "use a state such as sent, delivered, accepted, closed");
            return false;
        }
    }
    if (peer.size > 0) {
        filter->peer = desk_peer(work, peer, answer);
        if (filter->peer == NULL)
            return false;
    }
    if (direction.size > 0) {
        filter->direction = slice_is(direction, "out") ? 'o' : 'i';
        if (!slice_is(direction, "out") && !slice_is(direction, "in")) {
            answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "list.direction",
                "use out or in");
            return false;
        }
    }
    if (limit < 1 || limit > LOCAL_PAGE_COUNT_MAX ||
        (after.size > 0 && (uuid_parse(after, &filter->from) != ERR_NONE ||
                               !uuid_next(&filter->from)))) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "list.count",
            "ask for 1 to 256, after the id of a referral");
        return false;
    }
    return true;
}

static bool filter_admits(
    const struct filter *filter, const struct referral *referral)
{
    return !register_is_begun(referral) &&
           (filter->state == REFERRAL_UNKNOWN ||
               filter->state == referral->state) &&
           (filter->peer == NULL || filter->peer->number == referral->peer) &&
           (filter->direction == 0 ||
               (filter->direction == 'o') == referral->outgoing);
}

static void answer_listed(
    struct work *work, struct referral *referral, struct local_answer *answer)
{
    struct referral_event send;
    answer_head(work, referral, answer);
    enum err err =
        register_event_try(work, referral->request, work->scratch, &send);
    if (err == ERR_CORRUPT)
        patrol_hasten(work);
    if (err != ERR_NONE || send.request == NULL)
        return;
    answer_slice(answer, "service", send.request->service);
    answer_text(answer, "urgency", urgency_name(send.request->urgency));
}

void desk_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "state", LOCAL_TEXT, false },
        { "peer", LOCAL_TEXT, false },
        { "direction", LOCAL_TEXT, false },
        { "after", LOCAL_TEXT, false },
        { "count", LOCAL_NUMBER, false },
    };
    struct filter filter;
    (void)caller;
    if (!fields_check(
            answer, "list", request->fields, request->field_count, rules, 5) ||
        !filter_read(work, request, &filter, answer))
        return;
    uint32_t given = 0;
    uint32_t looked = 0;
    size_t used = work->scratch->used;
    while (given < filter.count && !answer_is_full(answer)) {
        arena_rewind(work->scratch, used); /* a store has any number of them */
        struct referral *referral = register_next(work, &filter.from);
        if (referral == NULL)
            return;
        filter.from = referral->uuid;
        if (filter_admits(&filter, referral)) {
            answer_listed(work, referral, answer);
            given++;
        }
        if (++looked == LIST_LOOK_COUNT_MAX) {
            answer_record(answer, "more");
            answer_uuid(answer, "after", &filter.from);
            return;
        }
        if (!uuid_next(&filter.from))
            return;
    }
}
