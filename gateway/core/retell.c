#include "core/retell.h"

#include "core/bare.h"
#include "core/content.h"
#include "core/delivery.h"
#include "core/node_state.h"
#include "core/output.h"

/* The place in the feed that an entry or an intent is about. */
static bool event_find(
    struct work *work, uint64_t position, struct feed_event *event)
{
    return feed_at(work, position, event) && event->by_us &&
           event->step != EVENT_NONE;
}

bool retell_find(struct work *work, const struct referral *referral,
    uint8_t step, uint32_t from, uint32_t to, struct feed_event *told)
{
    for (uint32_t i = 0; i < referral->position_count; i++) {
        size_t used = work->scratch->used;
        if (event_find(work, referral->positions[i], told) &&
            told->type == FEED_STEP && (uint8_t)told->step == step &&
            told->seq >= from && told->seq <= to)
            return true;
        arena_rewind(work->scratch, used);
    }
    return false;
}

/* It was heard before its turn: fold_heard(). */
static bool was_heard(struct work *work, const struct referral *referral,
    const struct ledger_entry *entry, const struct answer_item *item)
{
    struct feed_event told;
    size_t used = work->scratch->used;
    bool was = work->node->folds && item->verdict == ANSWER_ABSENT &&
               entry->feed_position == 0 &&
               retell_find(work, referral, entry->event_type, entry->seq + 1,
                   UINT32_MAX, &told);
    arena_rewind(work->scratch, used);
    return was;
}

/* Its words are erased: here, or in the vault of a store that was put back. */
static bool is_wordless(struct work *work, const struct feed_event *told)
{
    return content_is_gone(
        work->contents, work->txn, work->scratch, told->content);
}

/* What is left of the words, under the next counter. */
static struct slice rest_write(
    struct work *work, struct referral *referral, const struct feed_event *told)
{
    struct referral_event event;
    if (!register_event(work, told->content, &event))
        event = bare_event(referral, told, 0);
    if (referral->outgoing)
        event.state = REFERRAL_UNKNOWN; /* the receiver states it */
    event.seq = ++referral->own_seq;
    event.seen = referral->peer_seq;
    struct slice bytes = referral_event_write(&event, work->scratch);
    if (bytes.bytes == NULL)
        work_exhausted(work);
    return bytes;
}

/* Where the words were, these are now. */
static void words_turn(struct work *work, struct referral *referral,
    struct feed_event *told, struct content_ref to)
{
    struct content_ref from = told->content;
    if (content_equal(referral->request, from))
        referral->request = to;
    if (content_equal(referral->offer, from))
        referral->offer = to;
    content_erase(work->contents, work->txn, work->arena, from);
    told->content = to;
}

static struct content_ref rest_put(struct work *work, struct referral *referral,
    struct feed_event *told, struct slice bytes)
{
    bool is_bare = is_wordless(work, told); /* then it is about nobody */
    uint64_t entry = is_bare ? VAULT_ENTRY_COMMON
                             : register_entry(work, referral, told->step);
    struct content_ref content = work_say(work, entry, bytes);
    if (!content_is_none(content) && !is_bare)
        words_turn(work, referral, told, content);
    told->seq = referral->own_seq;
    told->generation = told->index = 0; /* where it will be */
    feed_rewrite(work, told);
    return content;
}

/* Its words are gone, and it may have been told again all the same, before a
 * loss: then that comes back later (fold.h), and has the words. It was said by
 * the time at which the entry was written. */
static bool place_keep(struct work *work, struct referral *referral,
    const struct ledger_entry *entry, struct feed_event *told,
    struct intent *intent)
{
    struct entry_header header;
    if (!work->node->folds)
        return false;
    ledger_header(work, work->scratch, entry, &header);
    told->seq = ++referral->own_seq;
    told->generation = told->index = 0;
    feed_rewrite(work, told);
    *intent = (struct intent){
        .kind = ENTRY_REFERRAL_EVENT,
        .at = header.at,
        .content = CONTENT_NONE,
        .has_referral = true,
        .referral = referral->uuid,
        .event_type = (uint8_t)told->step,
        .seq = referral->own_seq,
        .feed_position = told->position,
        .is_again = true,
    };
    register_put(work, referral);
    return !work_failed(work);
}

/* Steps of the referring agency are decided by their words, but for what stands
 * whatever the other says. */
static bool is_mute(struct work *work, const struct referral *referral,
    const struct feed_event *told)
{
    return !bare_is_told(referral, told->step) && is_wordless(work, told);
}

/* What is to be told; false when memory failed. */
static bool intent_fill(struct work *work, struct referral *referral,
    struct feed_event *told, struct intent *intent)
{
    struct slice bytes = rest_write(work, referral, told);
    if (bytes.bytes == NULL)
        return false;
    *intent = (struct intent){
        .kind = ENTRY_REFERRAL_EVENT,
        .at = work->now,
        .content = rest_put(work, referral, told, bytes),
        .content_size = (uint32_t)bytes.size,
        .has_referral = true,
        .referral = referral->uuid,
        .event_type = (uint8_t)told->step,
        .seq = referral->own_seq,
        .state = referral->outgoing ? 0 : (uint8_t)told->state,
        .feed_position = told->position,
        .is_again = true,
    };
    register_put(work, referral);
    OUTPUT_LOG(work, LOG_REFERRAL_RETOLD, log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(told->step)));
    return !work_failed(work);
}

/* Of one that ended while it was on its way no delivery is noted. */
static bool says_delivered(const struct feed_event *event)
{
    return event->type == FEED_DELIVERED ||
           (event->type == FEED_STEP && event->by_us &&
               event->step == EVENT_SEND && event->generation != 0);
}

bool retell_is_delivered(struct work *work, const struct referral *referral)
{
    bool is_delivered = false;
    for (uint32_t i = 0; i < referral->position_count && !is_delivered; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        is_delivered = feed_at(work, referral->positions[i], &event) &&
                       says_delivered(&event);
        arena_rewind(work->scratch, used);
    }
    return is_delivered;
}

/* The other knows of the referral: else it was told of nothing to end. */
static bool is_known_there(struct work *work, const struct referral *referral)
{
    return referral->peer_seq > 0 || retell_is_delivered(work, referral);
}

/* It stands here whatever was said since, and the other has to hear it. */
static bool stands(struct work *work, const struct referral *referral,
    const struct ledger_entry *entry)
{
    if (!referral->outgoing || !is_known_there(work, referral))
        return false;
    return entry->event_type == EVENT_WITHDRAW
               ? referral->state == REFERRAL_WITHDRAWN
               : entry->event_type == EVENT_CONSENT_REVOKED;
}

/* Nothing that we wrote later says where the referral is. */
static bool is_newest(
    const struct referral *referral, const struct ledger_entry *entry)
{
    if (entry->seq != referral->own_seq)
        return false;
    return referral->outgoing ? !referral_is_terminal(referral->state)
                              : entry->state == (uint8_t)referral->state;
}

/* Then it is not here that it was lost, and saying it again would not end. */
static bool went_whole(struct work *work, const struct ledger_entry *entry)
{
    return entry->attached && !content_is_gone(work->contents, work->txn,
                                  work->scratch, entry->content);
}

bool retell_answered(struct work *work, struct peer *peer,
    struct referral *referral, struct ledger_entry *entry,
    const struct answer_item *item)
{
    struct feed_event told;
    struct intent intent;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (was_heard(work, referral, entry, item))
        return true;
    if (item->verdict == ANSWER_APPLIED ||
        !event_find(work, entry->feed_position, &told))
        return false;
    if (item->verdict == ANSWER_REFUSED)
        return !referral->outgoing && item->problem == PROBLEM_GUARD &&
               is_wordless(work, &told) &&
               item->state == (uint32_t)entry->state;
    if (went_whole(work, entry) ||
        (!stands(work, referral, entry) && !is_newest(referral, entry)) ||
        !(is_mute(work, referral, &told)
                ? place_keep(work, referral, entry, &told, &intent)
                : intent_fill(work, referral, &told, &intent)))
        return false;
    outbox_put(work, out, &intent);
    entry->feed_position = 0;
    return true;
}

void retell_why(struct verdict *why)
{
    verdict_set(why, PROBLEM_CONSENT_MISSING, "consent",
        "it was erased before it was delivered: begin anew, if at all");
}

bool retell_again(struct work *work, struct ledger *out,
    struct referral *referral, struct intent *intent)
{
    struct feed_event told;
    struct intent again;
    bool is_so = intent->state == (uint8_t)referral->state &&
                 event_find(work, intent->feed_position, &told);
    /* of what waited without a word nothing else refers to the content */
    if (!is_so || is_wordless(work, &told))
        content_erase(work->contents, work->txn, work->arena, intent->content);
    if (is_so && !is_mute(work, referral, &told) &&
        intent_fill(work, referral, &told, &again)) {
        again.number = intent->number;
        outbox_requeue(work, out, &again);
        return true;
    }
    outbox_take(work, out, intent);
    return false;
}

static bool is_unheard(
    const struct referral *referral, const struct referral_event *theirs)
{
    return referral->outgoing && referral->state == REFERRAL_WITHDRAWN &&
           referral->pending == 0 && theirs->state != REFERRAL_WITHDRAWN;
}

void retell_withdrawn(struct work *work, struct peer *peer,
    struct referral *referral, const struct referral_event *theirs)
{
    if (work_failed(work) || !is_unheard(referral, theirs))
        return;
    const struct feed_event told = {
        .step = EVENT_WITHDRAW, .actor = ACTOR_PERSON, .at = work->now
    };
    struct referral_event event =
        bare_event(referral, &told, ++referral->own_seq);
    struct tell tell = {
        .kind = ENTRY_REFERRAL_EVENT,
        .content = referral_event_write(&event, work->scratch),
        .has_referral = true,
        .referral = referral->uuid,
        .event_type = EVENT_WITHDRAW,
        .seq = event.seq,
    };
    referral->pending++;
    register_put(work, referral);
    if (!delivery_tell(work, peer, &tell))
        work_exhausted(work);
    OUTPUT_LOG(work, LOG_REFERRAL_RETOLD, log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(event.type)));
}
