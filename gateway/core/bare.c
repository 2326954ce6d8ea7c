#include "core/bare.h"

#include "core/entry.h"

bool bare_is_told(
    const struct referral *referral, enum referral_event_type type)
{
    /* what else ends a referral says why, and is refused without that */
    return !referral->outgoing || type == EVENT_WITHDRAW ||
           type == EVENT_CONSENT_REVOKED;
}

/* Somewhere the table has a way by that step of theirs, into what is stated. */
static bool may_say(const struct referral *referral,
    const struct feed_event *told, enum actor_kind actor)
{
    enum referral_party party = referral_party_of(actor, referral->outgoing);
    for (unsigned from = REFERRAL_DRAFT; from < REFERRAL_STATE_COUNT; from++) {
        enum referral_state next;
        if (referral_next((enum referral_state)from, told->step, party,
                &next) == ERR_NONE &&
            (told->state == REFERRAL_UNKNOWN || next == told->state))
            return true;
    }
    return false;
}

/* With the words of what was taken back it is gone who said them: somebody who
 * may, or the other end would refuse it. */
static enum actor_kind actor_of(
    const struct referral *referral, const struct feed_event *told)
{
    if (may_say(referral, told, told->actor))
        return told->actor;
    for (unsigned actor = ACTOR_STAFF; actor < ACTOR_KIND_COUNT; actor++)
        if (may_say(referral, told, (enum actor_kind)actor))
            return (enum actor_kind)actor;
    return told->actor;
}

struct referral_event bare_event(const struct referral *referral,
    const struct feed_event *told, uint32_t seq)
{
    return (struct referral_event){ .referral = referral->uuid,
        .mou = referral->mou,
        .type = told->step,
        .seq = seq,
        .seen = referral->peer_seq,
        .actor = actor_of(referral, told),
        .role = told->role,
        .at = told->at,
        .state = told->state };
}

struct referral_event bare_intent(struct work *work,
    const struct referral *referral, const struct intent *intent)
{
    struct feed_event told;
    bool is_told = intent->feed_position != 0 &&
                   feed_at(work, intent->feed_position, &told) &&
                   told.step == (enum referral_event_type)intent->event_type;
    if (!is_told)
        told = (struct feed_event){
            .step = (enum referral_event_type)intent->event_type,
            .actor = ACTOR_GATEWAY,
            .at = intent->at
        };
    struct referral_event event = bare_event(referral, &told, intent->seq);
    /* what the receiver stated then, or nothing where it is not us */
    event.state = (enum referral_state)intent->state;
    return event;
}

uint64_t bare_entry(struct work *work, struct referral *referral,
    enum referral_event_type type, bool is_in_feed)
{
    return is_in_feed ? register_entry(work, referral, type)
                      : VAULT_ENTRY_COMMON;
}

struct content_ref bare_put(struct work *work, uint64_t entry,
    const struct referral_event *event, size_t *size)
{
    struct slice bytes = referral_event_write(event, work->scratch);
    *size = bytes.size;
    return work_say(work, entry, bytes);
}

/* What is left of it is written, in the place of what it said. */
static void intent_turn(struct work *work, const struct ledger *out,
    struct referral *referral, struct intent *intent)
{
    size_t size;
    struct referral_event event = bare_intent(work, referral, intent);
    uint64_t entry =
        bare_entry(work, referral, event.type, intent->feed_position != 0);
    intent->content = bare_put(work, entry, &event, &size);
    intent->content_size = (uint32_t)size;
    outbox_replace(work, out, intent);
    register_put(work, referral); /* its entries may be others now */
}

static void turn(
    struct work *work, const struct ledger *out, struct intent *intent)
{
    bool is_gone = content_is_gone(
        work->contents, work->txn, work->scratch, intent->content);
    struct referral *referral =
        is_gone ? register_get(work, &intent->referral) : NULL;
    if (referral != NULL &&
        bare_is_told(referral, (enum referral_event_type)intent->event_type))
        intent_turn(work, out, referral, intent);
}

void bare_turn_all(struct work *work, struct ledger *out)
{
    struct intent intent;
    uint64_t from = 0;
    while (outbox_next(work, out, from, &intent)) {
        size_t used = work->scratch->used;
        from = intent.number + 1;
        if (intent.kind == ENTRY_REFERRAL_EVENT)
            turn(work, out, &intent);
        arena_rewind(work->scratch, used);
    }
}

/* ---- What cannot be read ------------------------------------------------- */

/* Its referral, where that is so and the step goes without words; or NULL. */
static struct referral *unread_find(struct work *work, bool has_referral,
    const struct uuid *uuid, uint8_t event_type, struct content_ref ref)
{
    enum referral_event_type type = (enum referral_event_type)event_type;
    if (!has_referral || !event_is_exempt(type) ||
        !content_is_damaged(work->contents, work->txn, work->scratch, ref))
        return NULL;
    struct referral *referral = register_get(work, uuid);
    return referral != NULL && bare_is_told(referral, type) ? referral : NULL;
}

static void feed_turn(struct work *work, uint64_t position,
    struct content_ref from, struct content_ref to)
{
    struct feed_event told;
    if (feed_at(work, position, &told) && content_equal(told.content, from)) {
        told.content = to;
        feed_rewrite(work, &told);
    }
    content_erase(work->contents, work->txn, work->arena, from);
}

static bool intents_turn(struct work *work, struct ledger *out)
{
    struct intent intent;
    uint64_t from = 0;
    bool has_turned = false;
    while (outbox_next(work, out, from, &intent)) {
        size_t used = work->scratch->used;
        struct referral *referral = unread_find(work, intent.has_referral,
            &intent.referral, intent.event_type, intent.content);
        struct content_ref unread = intent.content;
        from = intent.number + 1;
        if (referral != NULL) {
            intent_turn(work, out, referral, &intent);
            feed_turn(work, intent.feed_position, unread, intent.content);
            has_turned = true;
        }
        arena_rewind(work->scratch, used);
    }
    return has_turned;
}

/* Its header stands for what it said, and leaves alone: the step is told again
 * when that is answered (retell.h). */
static bool entry_turn(struct work *work, struct ledger_entry *entry)
{
    struct referral *referral =
        entry->attached
            ? unread_find(work, entry->has_referral, &entry->referral,
                  entry->event_type, entry->content)
            : NULL;
    struct feed_event told;
    size_t size;
    if (referral == NULL || !feed_at(work, entry->feed_position, &told))
        return false;
    struct referral_event event = bare_event(referral, &told, entry->seq);
    event.state = (enum referral_state)entry->state;
    struct content_ref to = bare_put(
        work, bare_entry(work, referral, event.type, true), &event, &size);
    feed_turn(work, entry->feed_position, entry->content, to);
    entry->content = CONTENT_NONE;
    entry->attached = false;
    register_put(work, referral);
    return true;
}

static bool parcel_turn(struct work *work, struct ledger *out)
{
    struct ledger_parcel parcel;
    bool has_turned = false;
    if (out->offered.size == 0 ||
        !ledger_parcel_at(work, out, out->cosigned, &parcel))
        return false;
    for (size_t i = 0; i < parcel.count; i++) {
        size_t used = work->scratch->used;
        has_turned |= entry_turn(work, &parcel.entries[i]);
        arena_rewind(work->scratch, used);
    }
    if (has_turned)
        ledger_entries_write(work, out, parcel.first_index, parcel.entries,
            parcel.count, parcel.note);
    return has_turned;
}

bool bare_turn_unread(struct work *work, struct ledger *out)
{
    bool has_turned = parcel_turn(work, out);
    return intents_turn(work, out) || has_turned;
}
