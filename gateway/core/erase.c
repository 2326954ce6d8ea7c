#include "core/erase.h"

#include "core/delivery.h"
#include "core/erasure.h"
#include "core/feed.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/peer_close.h"
#include "core/reconsider.h"

#include <assert.h>
#include <string.h>

static const char *const policies[] = {
#define X(symbol, text) [ERASE_##symbol] = text,
    ERASE_POLICY_LIST(X)
#undef X
};
_Static_assert(
    sizeof policies / sizeof *policies == ERASE_POLICY_COUNT, "policies");

const char *erase_policy_name(enum erase_policy policy)
{
    return (size_t)policy < ERASE_POLICY_COUNT ? policies[policy] : "?";
}

static struct erase_wish wish_of(const struct erasure_notice *notice)
{
    return (struct erase_wish){ .referral = notice->referral,
        .elements = notice->elements,
        .element_count = notice->element_count };
}

/* ---- In the feed and the register ---------------------------------------- */

struct record {
    enum feed_type type;
    enum feed_status status;
    bool by_us;
    enum actor_kind actor;
    struct content_ref content; /* the notice */
    const struct verdict *why;  /* or NULL */
};

static uint64_t record(
    struct work *work, struct referral *referral, const struct record *record)
{
    struct feed_event event = {
        .type = record->type,
        .status = record->status,
        .referral = referral->uuid,
        .peer = referral->peer,
        .outgoing = referral->outgoing,
        .by_us = record->by_us,
        .step = EVENT_NONE,
        .actor = record->actor,
        .state = referral->state,
        .content = record->content,
    };
    if (record->why != NULL) {
        event.problem = record->why->problem;
        event.clause = slice_of_text(record->why->clause);
        event.remedy = slice_of_text(record->why->remedy);
    }
    uint64_t position = feed_append(work, &event);
    if (referral->position_count < REFERRAL_EVENT_COUNT_MAX)
        referral->positions[referral->position_count++] = position;
    referral->updated = work->now;
    register_put(work, referral);
    return position;
}

/* Codes alone: it goes with no referral. */
static struct content_ref notice_put(
    struct work *work, const struct erasure_notice *notice, struct slice *bytes)
{
    *bytes = erasure_notice_write(notice, work->scratch);
    return work_say(work, VAULT_ENTRY_COMMON, *bytes);
}

static void note(struct referral *referral, const struct erasure_notice *notice,
    bool by_us, enum erasure_outcome outcome)
{
    referral->erasure = (struct referral_erasure){
        .reason = notice->reason,
        .actor = notice->actor,
        .by_us = by_us,
        .is_whole = notice->element_count == 0,
        .outcome = outcome,
        .at = notice->at,
    };
}

/* Here it goes; of a referral that holds too much, more than was meant. */
static void carry_out(struct work *work, struct referral *referral,
    const struct erasure_notice *notice)
{
    struct erase_wish wish = wish_of(notice);
    struct erase_extent extent;
    referral_erase_measure(work, referral, &wish, &extent);
    if (extent.is_large)
        wish.element_count = 0;
    if (wish.element_count == 0)
        referral->frozen = true;
    /* what was dropped from the queue before has a key that is still there */
    if (extent.content_count > 0 || extent.gone_count > 0 ||
        (wish.element_count == 0 && !referral->erased))
        referral_erase_later(work, referral, &wish);
}

/* ---- Ours ---------------------------------------------------------------- */

/* Where a referral that nobody else knows ends. */
static enum referral_state state_dropped(enum erasure_reason reason)
{
    if (reason == ERASURE_WRONG_PERSON)
        return REFERRAL_VOID;
    return reason == ERASURE_PERSON_ASKED ? REFERRAL_WITHDRAWN
                                          : REFERRAL_CANCELLED;
}

static bool waits_whole(struct work *work, const struct referral *referral,
    const struct erasure_notice *notice)
{
    struct intent intent;
    struct peer *peer = peer_numbered(work->node, referral->peer);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    return notice->element_count == 0 && referral->outgoing &&
           referral->state == REFERRAL_SENT &&
           (referral_is_back(referral) ||
               outbox_find_send(work, out, &referral->uuid, &intent));
}

void erase_measure(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result)
{
    struct erase_wish wish = wish_of(notice);
    *result = (struct erase_result){ .is_dropped =
                                         waits_whole(work, referral, notice) };
    referral_erase_measure(work, referral, &wish, &result->extent);
}

/* All of it went before, by whomever, and nothing more is taken. Of elements
 * the other may have said more since, which is on its way. */
static bool is_past(
    const struct referral *referral, const struct erase_result *result)
{
    return result->extent.content_count == 0 &&
           referral->erasure.reason != ERASURE_NONE &&
           referral->erasure.is_whole &&
           referral->erasure.outcome != ERASURE_OUTCOME_REFUSED;
}

static void tell(struct work *work, struct referral *referral,
    struct slice bytes, struct content_ref content, uint64_t position)
{
    struct tell tell = {
        .kind = ENTRY_ERASURE_NOTICE,
        .content = bytes,
        .has_referral = true,
        .referral = referral->uuid,
        .held = content,
        .feed_position = position,
    };
    struct peer *peer = peer_numbered(work->node, referral->peer);
    peer->touched = true;
    /* it is stored already, and short */
    bool is_told = delivery_tell(work, peer, &tell);
    assert(is_told || work_failed(work));
    (void)is_told;
}

enum err erase_own(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result)
{
    struct slice bytes;
    erase_measure(work, referral, notice, result);
    if (work_failed(work) || is_past(referral, result))
        return ERR_NONE;
    if (result->extent.is_large && notice->element_count > 0)
        return ERR_LIMIT;
    struct peer *peer = peer_numbered(work->node, referral->peer);
    if (result->is_dropped) {
        (void)reconsider_drop(work, peer, referral);
        referral->state = state_dropped(notice->reason);
        referral->ended = work->now; /* and nothing is left to be held */
        referral->pending = 0;
    }
    carry_out(work, referral, notice);
    delivery_unblock(peer);
    note(referral, notice, true,
        result->is_dropped ? ERASURE_OUTCOME_UNTOLD : ERASURE_OUTCOME_WAITING);
    struct content_ref content = notice_put(work, notice, &bytes);
    uint64_t position = record(work, referral,
        &(struct record){ FEED_ERASED,
            result->is_dropped ? FEED_STATUS_APPLIED : FEED_STATUS_PENDING,
            true, notice->actor, content, NULL });
    if (!result->is_dropped && !work_failed(work))
        tell(work, referral, bytes, content, position);
    return ERR_NONE;
}

void erase_begun(struct work *work, struct referral *begun,
    const struct erasure_notice *notice)
{
    struct slice bytes;
    if (begun->erasure.reason != ERASURE_NONE)
        return;
    erasure_doom(work, begun->entry);
    begun->erased = true; /* of what comes nothing is sealed with that */
    note(begun, notice, true, ERASURE_OUTCOME_WAITING);
    register_put(work, begun);
    struct content_ref content = notice_put(work, notice, &bytes);
    if (!work_failed(work))
        tell(work, begun, bytes, content, 0);
    OUTPUT_LOG(work, LOG_REFERRAL_ERASED, log_uuid("referral", &begun->uuid));
}

bool erase_key(struct work *work, struct referral *referral,
    const struct erasure_notice *notice)
{
    assert(!referral->erased);
    carry_out(work, referral, notice);
    note(referral, notice, true, ERASURE_OUTCOME_UNTOLD);
    register_put(work, referral);
    return !work_failed(work);
}

void erase_own_at_least(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result)
{
    struct erasure_notice whole = *notice;
    whole.element_count = 0;
    if (erase_own(work, referral, notice, result) != ERR_NONE)
        (void)!erase_own(work, referral, &whole, result);
}

/* By the notice, as the ledger keeps it. */
static void erase_late(struct work *work, struct referral *referral,
    const struct ledger_entry *entry)
{
    struct erasure_notice notice;
    struct slice bytes =
        content_get(work->contents, work->txn, work->scratch, entry->content);
    if (bytes.bytes != NULL &&
        erasure_notice_read(bytes, work->scratch, &notice) == ERR_NONE)
        referral_erase_late(
            work, referral, notice.elements, notice.element_count);
}

void erase_answered(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, const struct answer_item *item)
{
    struct verdict why = { .problem = item->problem };
    struct referral *referral = register_get(work, &entry->referral);
    bool done = item->verdict == ANSWER_APPLIED;
    if (referral == NULL || referral->peer != peer->number)
        return;
    memcpy(why.clause, item->clause.bytes, item->clause.size);
    memcpy(why.remedy, item->remedy.bytes, item->remedy.size);
    if (referral->erasure.by_us)
        referral->erasure.outcome =
            done ? ERASURE_OUTCOME_DONE : ERASURE_OUTCOME_REFUSED;
    erase_late(work, referral, entry);
    (void)record(work, referral,
        &(struct record){ done ? FEED_ANSWERED : FEED_REFUSED,
            done ? FEED_STATUS_APPLIED : FEED_STATUS_TURNED_DOWN, true,
            ACTOR_GATEWAY, CONTENT_NONE, &why });
}

void erase_told(
    struct work *work, struct peer *peer, const struct erasure_notice *notice)
{
    struct slice bytes;
    struct referral *referral = register_get(work, &notice->referral);
    if (referral == NULL || referral->peer != peer->number ||
        register_is_begun(referral))
        return;
    carry_out(work, referral, notice);
    note(referral, notice, true, ERASURE_OUTCOME_WAITING);
    struct content_ref content = notice_put(work, notice, &bytes);
    (void)record(work, referral,
        &(struct record){ FEED_ERASED, FEED_STATUS_PENDING, true, notice->actor,
            content, NULL });
}

void erase_waiting(
    struct work *work, struct peer *peer, const struct intent *intent)
{
    struct erasure_notice notice;
    struct erase_extent extent;
    struct referral *referral = register_get(work, &intent->referral);
    struct slice bytes;
    enum err err = content_try(
        work->contents, work->txn, work->scratch, intent->content, &bytes);
    if (err != ERR_NONE || bytes.bytes == NULL || referral == NULL ||
        referral->peer != peer->number ||
        erasure_notice_read(bytes, work->scratch, &notice) != ERR_NONE ||
        notice.element_count == 0)
        return;
    struct erase_wish wish = wish_of(&notice);
    wish.signed_alone = true;
    referral_erase_measure(work, referral, &wish, &extent);
    if (work_failed(work) || (extent.is_large && extent.content_count == 0))
        return;
    if (extent.is_large)
        wish.element_count = 0; /* more than was meant */
    referral_erase_later(work, referral, &wish);
    register_put(work, referral);
}

/* ---- Theirs -------------------------------------------------------------- */

static void follow(struct work *work, struct referral *referral,
    const struct erasure_notice *notice)
{
    struct slice bytes;
    carry_out(work, referral, notice);
    note(referral, notice, false, ERASURE_OUTCOME_DONE);
    struct content_ref content = notice_put(work, notice, &bytes);
    (void)record(work, referral,
        &(struct record){ FEED_ERASED, FEED_STATUS_APPLIED, false,
            notice->actor, content, NULL });
}

static void keep(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, bool asks, struct verdict *why)
{
    struct slice bytes;
    verdict_set(why, PROBLEM_KEPT, "erasure_notices",
        asks ? "wait: it is kept until their staff have decided, and you are "
               "told when it is erased"
             : "ask their point person: the law, or their policy, lets them "
               "keep it");
    referral_withhold(work, referral);
    note(referral, notice, false, ERASURE_OUTCOME_REFUSED);
    struct content_ref content = notice_put(work, notice, &bytes);
    (void)record(work, referral,
        &(struct record){ FEED_REFUSED,
            asks ? FEED_STATUS_PENDING : FEED_STATUS_TURNED_DOWN, false,
            notice->actor, content, why });
}

void erase_taken(struct work *work, struct peer *peer,
    const struct erasure_notice *notice, enum erase_policy policy,
    struct verdict *why)
{
    struct erase_result result;
    struct referral *referral;
    erasure_notice_check(notice, why);
    if (!verdict_allows(why))
        return;
    referral = register_get(work, &notice->referral);
    /* the same answer whether it is known here or not */
    if (referral == NULL || referral->peer != peer->number)
        return;
    erase_measure(work, referral, notice, &result);
    if (work_failed(work))
        return;
    if (result.extent.content_count == 0) {
        /* the other did what we asked for, or both did it at once */
        if (referral->erasure.by_us) {
            referral->erasure.outcome = ERASURE_OUTCOME_DONE;
            register_put(work, referral);
        } else {
            follow(work, referral, notice);
        }
        return;
    }
    if (policy == ERASE_FOLLOW)
        follow(work, referral, notice);
    else
        keep(work, referral, notice, policy == ERASE_ASK, why);
}

void erase_take(struct work *work, struct peer *peer, struct slice content,
    struct ledger_entry *stored, struct verdict *why)
{
    struct erasure_notice notice;
    if (erasure_notice_read(content, work->scratch, &notice) != ERR_NONE) {
        verdict_set(why, PROBLEM_FORMAT, "erasure",
            "write the notice as PROTOCOL.md says");
        return;
    }
    stored->has_referral = true;
    stored->referral = notice.referral;
    erase_taken(work, peer, &notice,
        (enum erase_policy)work->node->options->erase_policy, why);
}
