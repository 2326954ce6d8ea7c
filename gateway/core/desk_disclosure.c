/* Who was told what of a person: derived from the referral's events and from
 * where they stand in our ledger, so that nothing more is stored about anybody.
 * Codes of elements are named as long as the words are held; that something was
 * shared, with whom and when, stays known without them. */
#include "core/agreement.h"
#include "core/desk.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/submission_read.h"
#include "core/told.h"

#include <string.h>

/* What is asked for: one referral, or all from an id on. */
struct wish {
    bool is_one;
    struct uuid uuid;
    int64_t from_ms;
    int64_t until_ms;
};

/* A referral that something is told of, and how far the answer has come. */
struct telling {
    struct work *work;
    struct referral *referral;
    struct peer *peer;
    const struct wish *wish;
    struct local_answer *answer;
    uint32_t content_count;
    bool has_head;
    uint32_t refused[REFERRAL_EVENT_COUNT_MAX]; /* seq of ours, by them */
    uint32_t refused_count;
};

static bool wish_read(const struct local_request *request, struct wish *wish,
    struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct slice id = field_text(fields, count, "id");
    struct slice after = field_text(fields, count, "after");
    *wish = (struct wish){ .is_one = id.size > 0,
        .from_ms = field_number(fields, count, "from_ms", 0),
        .until_ms = field_number(fields, count, "until_ms", INT64_MAX) };
    if (wish->is_one && uuid_parse(id, &wish->uuid) != ERR_NONE) {
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN,
            "disclosures.id", "look the id up with referctl referral list");
        return false;
    }
    if (after.size > 0 &&
        (wish->is_one || uuid_parse(after, &wish->uuid) != ERR_NONE ||
            !uuid_next(&wish->uuid))) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "disclosures.after",
            "give the id that the list came to, and no other id");
        return false;
    }
    return true;
}

/* ---- The referral -------------------------------------------------------- */

static void answer_codes(struct telling *telling, const char *name,
    const struct slice *codes, size_t count)
{
    struct work *work = telling->work;
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += codes[i].size + 1;
    char *text = arena_take(work->scratch, size);
    if (text == NULL) {
        work_exhausted(work);
        return;
    }
    size = 0;
    for (size_t i = 0; i < count; i++) {
        if (size > 0)
            text[size++] = ' ';
        memcpy(text + size, codes[i].bytes, codes[i].size);
        size += codes[i].size;
    }
    answer_slice(telling->answer, name, slice_of(text, size));
}

/* The person's consent, as long as the request is held. */
static void answer_consent(struct telling *telling)
{
    struct work *work = telling->work;
    struct local_answer *answer = telling->answer;
    struct referral_event send;
    const struct agency_id *to = telling->referral->outgoing
                                     ? &telling->peer->agency
                                     : &work->node->self;
    if (!register_event(work, telling->referral->request, &send) ||
        send.request == NULL)
        return;
    answer_slice(answer, "service", send.request->service);
    answer_slice(answer, "purpose", send.request->purpose);
    answer_number(answer, "consent_at_ms", send.request->consent_at.unix_ms);
    for (size_t i = 0; i < send.request->grant_count; i++) {
        const struct grant *grant = &send.request->grants[i];
        if (!agency_id_equal(&grant->to, to) ||
            !slice_equal(grant->purpose, send.request->purpose))
            continue;
        answer_number(answer, "consent_until_ms", grant->until.unix_ms);
        answer_codes(
            telling, "consent_elements", grant->elements, grant->element_count);
        return;
    }
}

static void head_answer(struct telling *telling)
{
    struct work *work = telling->work;
    const struct referral *referral = telling->referral;
    struct local_answer *answer = telling->answer;
    const struct card *card = peer_card(work, telling->peer);
    const struct agreement *agreement = agreement_get(work, &referral->mou);
    if (telling->has_head)
        return;
    telling->has_head = true;
    answer_record(answer, "referral");
    answer_uuid(answer, "id", &referral->uuid);
    answer_text(answer, "direction", referral->outgoing ? "out" : "in");
    answer_text(answer, "state", referral_state_name(referral->state));
    answer_text(answer, "peer", telling->peer->agency.text);
    if (card != NULL)
        answer_slice(answer, "peer_name", card->name);
    answer_mou(answer, "mou", &referral->mou);
    if (agreement != NULL) {
        answer_slice(answer, "agreement", agreement->mou.id);
        answer_number(answer, "version", agreement->mou.version);
    }
    answer_consent(telling);
    answer_flag(answer, "consent_ended", referral->frozen);
    if (referral->erasure.reason == ERASURE_NONE)
        return;
    answer_number(answer, "erased_ms", referral->erasure.at.unix_ms);
    answer_text(answer, "erased_by", referral->erasure.by_us ? "us" : "them");
    answer_text(answer, "erasure_notice",
        erasure_outcome_name(referral->erasure.outcome));
}

/* ---- What was said ------------------------------------------------------- */

/* What of it, as long as that is held; true when it says something. */
static bool said_read(struct telling *telling, const struct feed_event *event,
    struct referral_event *said, bool *is_erased)
{
    *is_erased = false;
    if (!content_is_none(event->content))
        telling->content_count++;
    if (register_event(telling->work, event->content, said))
        return said->element_count > 0 || said->detail_count > 0 ||
               said->request != NULL;
    /* steps that are nobody's words are never erased */
    bool was_said = !event_is_exempt(event->step);
    *is_erased = was_said && event->status != FEED_STATUS_TURNED_DOWN;
    return was_said;
}

static const char *outcome_of(
    struct telling *telling, const struct feed_event *event)
{
    struct told_entry told = { .position = event->position,
        .by_us = true,
        .at = event->at,
        .generation = event->generation,
        .index = event->index };
    if (!event->by_us)
        return event->status == FEED_STATUS_TURNED_DOWN ? "refused"
                                                        : "received";
    for (uint32_t i = 0; i < telling->refused_count; i++)
        if (telling->refused[i] == event->seq)
            return "refused";
    enum told_reach reach = told_reached(telling->work, telling->peer, &told);
    if (reach == TOLD_ARRIVED)
        return "given";
    return reach == TOLD_ON_ITS_WAY ? "waiting" : "never";
}

static void disclosure_answer(
    struct telling *telling, const struct feed_event *event)
{
    struct referral_event said = { 0 };
    struct slice codes[REFERRAL_ELEMENT_COUNT_MAX];
    struct local_answer *answer = telling->answer;
    bool is_erased;
    if (!said_read(telling, event, &said, &is_erased))
        return;
    head_answer(telling);
    const char *outcome = outcome_of(telling, event);
    for (size_t i = 0; i < said.element_count; i++)
        codes[i] = said.elements[i].name;
    answer_record(answer, "disclosure");
    answer_number(answer, "position", (int64_t)event->position);
    answer_number(answer, "at_ms", event->at.unix_ms);
    answer_text(answer, "by", event->by_us ? "us" : "them");
    answer_text(answer, "step", event_type_name(event->step));
    answer_text(answer, "outcome", outcome);
    answer_codes(telling, "elements", codes, said.element_count);
    answer_flag(answer, "words", said.detail_count > 0 || said.request != NULL);
    answer_flag(answer, "erased", is_erased);
}

/* Steps of ours that they did not keep. */
static void refused_note(struct telling *telling)
{
    struct work *work = telling->work;
    const struct referral *referral = telling->referral;
    telling->refused_count = 0;
    for (uint32_t i = 0; i < referral->position_count && !work_failed(work);
         i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (feed_at(work, referral->positions[i], &event) &&
            event.type == FEED_REFUSED && event.by_us &&
            event.step != EVENT_NONE)
            telling->refused[telling->refused_count++] = event.seq;
        arena_rewind(work->scratch, used);
    }
}

static bool is_disclosure(
    const struct wish *wish, const struct feed_event *event)
{
    return (event->type == FEED_RECEIVED || event->type == FEED_STEP ||
               (event->type == FEED_REFUSED && !event->by_us)) &&
           event->step != EVENT_NONE && event->at.unix_ms >= wish->from_ms &&
           event->at.unix_ms < wish->until_ms;
}

static void referral_answer(struct telling *telling)
{
    struct work *work = telling->work;
    const struct referral *referral = telling->referral;
    telling->peer = peer_numbered(work->node, referral->peer);
    if (telling->peer == NULL || register_is_begun(referral))
        return;
    refused_note(telling);
    for (uint32_t i = 0; i < referral->position_count && !work_failed(work);
         i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (feed_at(work, referral->positions[i], &event) &&
            is_disclosure(telling->wish, &event))
            disclosure_answer(telling, &event);
        arena_rewind(work->scratch, used);
    }
}

static void one(struct telling *telling)
{
    telling->referral = register_get(telling->work, &telling->wish->uuid);
    if (telling->referral == NULL) {
        answer_error(telling->answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN,
            "disclosures.id", "look the id up with referctl referral list");
        return;
    }
    referral_answer(telling);
}

static void all(struct telling *telling)
{
    struct work *work = telling->work;
    struct uuid from = telling->wish->uuid;
    struct uuid last = from;
    size_t used = work->scratch->used;
    uint32_t seen = 0;
    bool is_done = false;
    while (!is_done && seen < ERASE_FIND_REFERRAL_COUNT &&
           telling->content_count < ERASE_FIND_CONTENT_COUNT &&
           !answer_is_full(telling->answer) && !work_failed(work)) {
        arena_rewind(work->scratch, used);
        telling->referral = register_next(work, &from);
        telling->has_head = false;
        is_done = telling->referral == NULL;
        if (is_done)
            break;
        seen++;
        last = from = telling->referral->uuid;
        referral_answer(telling);
        is_done = !uuid_next(&from);
    }
    answer_record(telling->answer, "search");
    answer_number(telling->answer, "referrals", seen);
    answer_flag(telling->answer, "done", is_done);
    answer_uuid(telling->answer, "after", &last);
}

void desk_disclosures(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "id", LOCAL_TEXT, false },
        { "after", LOCAL_TEXT, false },
        { "from_ms", LOCAL_NUMBER, false },
        { "until_ms", LOCAL_NUMBER, false },
    };
    struct wish wish;
    struct telling telling = { .work = work, .wish = &wish, .answer = answer };
    (void)caller;
    if (!fields_check(answer, "disclosures", request->fields,
            request->field_count, rules, 4) ||
        !wish_read(request, &wish, answer))
        return;
    if (wish.is_one)
        one(&telling);
    else
        all(&telling);
}
