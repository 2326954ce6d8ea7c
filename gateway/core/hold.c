#include "core/hold.h"

#include "core/collected.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_erase.h"
#include "core/scrub_again.h"
#include "core/shipment.h"

#include <string.h>

/* A row of those that wait, or of those that were taken. */
struct held {
    struct key key;
    uint32_t peer;
    uint32_t shelf;
    uint64_t index; /* our words are below it */
    int64_t taken_ms;
    int64_t ended_ms; /* so that a row of an earlier end says nothing */
    struct uuid referral;
};

static uint64_t number_at(const struct key *key, size_t at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = at; i < at + size; i++)
        number = number << 8 | key->bytes[i];
    return number;
}

static void row_put(struct work *work, const struct key *key, int64_t ended_ms)
{
    uint8_t bytes[8];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u64(&out, (uint64_t)ended_ms);
    store_put(work->txn, key_slice(key), packed(&out));
}

/* The first row from that key on, in its table, that can be read. */
static bool row_at(struct work *work, struct key from, struct held *held)
{
    struct slice key;
    struct slice row;
    if (!again_seek(work, from, &key, &row))
        return false;
    struct unpacker in = unpack_from(row);
    *held = (struct held){ .ended_ms = (int64_t)unpack_u64(&in) };
    memcpy(held->key.bytes, key.bytes, key.size);
    held->key.size = key.size;
    memcpy(held->referral.bytes, key.bytes + key.size - sizeof held->referral,
        sizeof held->referral);
    return true;
}

/* ---- Waiting for their programs ------------------------------------------ */

/* All that we have said or queued by now has an index below this. */
static uint64_t told_end(const struct ledger *out)
{
    bool begins_later = out->frontier.size == 0 && out->previous != 0;
    return out->frontier.size + out->intent_count + begins_later;
}

void hold_note(struct work *work, const struct referral *referral)
{
    struct peer *peer = peer_numbered(work->node, referral->peer);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    /* and the step that ends it */
    struct key key = key_waiting(
        peer->number, out->shelf, told_end(out) + 1, &referral->uuid);
    row_put(work, &key, referral->ended.unix_ms);
}

static bool is_taken(const struct ledger *out, uint64_t index)
{
    bool all_is = !shipment_is_due(out) && out->offered.size == 0 &&
                  out->collected == out->frontier.size;
    return all_is || out->collected >= index;
}

void hold_begin(
    struct work *work, struct referral *referral, struct instant since)
{
    struct key key = key_taken(since.unix_ms, &referral->uuid);
    row_put(work, &key, referral->ended.unix_ms);
    referral->taken = since;
    register_put(work, referral);
}

static void move_to_taken(struct work *work, const struct held *held)
{
    struct referral *referral = register_get(work, &held->referral);
    store_del(work->txn, key_slice(&held->key));
    if (referral == NULL || register_is_begun(referral) ||
        referral->ended.unix_ms != held->ended_ms)
        return;
    hold_begin(work, referral, work->now);
}

/* One that waits; false: all others of that peer wait for more. */
static bool look(struct work *work, const struct held *held)
{
    struct peer *peer = peer_numbered(work->node, held->peer);
    if (peer == NULL) {
        work_corrupt(work);
        return false;
    }
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (out->refills)
        return false;
    if (held->shelf != out->shelf) {
        /* of another generation: a mark of this one covers all before it, but
         * what was not signed for there waits again here */
        struct key key = key_waiting(
            held->peer, out->shelf, told_end(out) + 1, &held->referral);
        store_del(work->txn, key_slice(&held->key));
        row_put(work, &key, held->ended_ms);
        return true;
    }
    if (!is_taken(out, held->index)) {
        collected_ask(work, peer);
        return false;
    }
    move_to_taken(work, held);
    return true;
}

static void look_on(struct work *work)
{
    struct hold *hold = &work->node->hold;
    static const struct uuid none;
    struct held held;
    unsigned left = HOLD_LOOK_COUNT;
    if (hold->from.size == 0)
        hold->from = key_waiting(0, 0, 0, &none);
    while (left > 0 && !work_failed(work)) {
        size_t used = work->scratch->used;
        if (!row_at(work, hold->from, &held)) {
            hold->has_looked = true;
            return;
        }
        held.peer = (uint32_t)number_at(&held.key, KEY_TABLE_SIZE, 4);
        held.shelf = (uint32_t)number_at(&held.key, KEY_TABLE_SIZE + 4, 4);
        held.index = number_at(&held.key, KEY_TABLE_SIZE + 8, 8);
        hold->from = look(work, &held)
                         ? held.key
                         : key_waiting(held.peer + 1, 0, 0, &none);
        arena_rewind(work->scratch, used);
        left--;
    }
}

/* ---- Kept, and let go ---------------------------------------------------- */

int64_t hold_until_ms(const struct node *node, const struct referral *referral)
{
    if (referral->taken.unix_ms == 0 || referral->let_go.unix_ms != 0 ||
        node->options->hold_ms == 0)
        return 0;
    return referral->taken.unix_ms + node->options->hold_ms;
}

/* Nothing is let go before this agency's own programs have heard it, nor in the
 * midst of taking back. */
static bool is_kept_longer(struct work *work, const struct referral *referral)
{
    const struct reading *reading = &work->node->reading;
    const struct ledger *out = peer_ledger(
        work, peer_numbered(work->node, referral->peer), LEDGER_OUT);
    return out->refills ||
           (reading->is_followed && referral->position_count > 0 &&
               reading->position <
                   referral->positions[referral->position_count - 1]);
}

/* True when something went. What stays may be too much to be sealed anew at
 * once. */
static bool let_go(struct work *work, struct referral *referral)
{
    struct erase_wish wish = { .referral = referral->uuid, .is_ours = true };
    struct erase_extent extent;
    referral_erase_measure(work, referral, &wish, &extent);
    if (work_failed(work) || extent.content_count == 0)
        return false;
    wish.in_parts = extent.is_large;
    referral->let_go = work->now;
    referral_erase_later(work, referral, &wish);
    register_put(work, referral);
    return true;
}

static void move_on(struct work *work, struct referral *referral)
{
    const struct erase_wish wish = {
        .referral = referral->uuid, .is_ours = true, .in_parts = true
    };
    referral_erase_later(work, referral, &wish);
}

/* Whether its row says nothing, or no more. */
static bool is_over(const struct referral *referral, const struct held *held)
{
    return referral == NULL ||
           (referral->moving.from == 0 &&
               (referral->taken.unix_ms != held->taken_ms ||
                   referral->ended.unix_ms != held->ended_ms ||
                   referral->let_go.unix_ms > held->taken_ms));
}

/* False when more of it is to be sealed anew: its row leads here again, in the
 * next batch. `count` is of those of which something went. */
static bool end(struct work *work, const struct held *held, int64_t *count)
{
    struct referral *referral = register_get(work, &held->referral);
    if (is_over(referral, held)) {
        store_del(work->txn, key_slice(&held->key));
        return true;
    }
    if (is_kept_longer(work, referral)) {
        store_del(work->txn, key_slice(&held->key));
        hold_begin(work, referral, work->now);
        return true;
    }
    if (referral->moving.from != 0)
        move_on(work, referral);
    else
        *count += let_go(work, referral);
    if (referral->moving.from != 0)
        return false;
    store_del(work->txn, key_slice(&held->key));
    return true;
}

/* By the clock of the review, which may have jumped since. False when there may
 * be more that is due. */
static bool end_on(struct work *work)
{
    static const struct uuid none;
    const int64_t hold_ms = work->node->options->hold_ms;
    struct held held;
    int64_t count = 0;
    unsigned left = HOLD_REFERRAL_COUNT;
    while (left > 0 && hold_ms > 0 && !work_failed(work) &&
           row_at(work, key_taken(0, &none), &held)) {
        if (work_is_heavy(work)) {
            left = 0;
            break;
        }
        size_t used = work->scratch->used;
        held.taken_ms = (int64_t)number_at(&held.key, KEY_TABLE_SIZE, 8);
        if (held.taken_ms + hold_ms > work->node->hold.until_ms)
            break;
        left = end(work, &held, &count) ? left - 1 : 0;
        arena_rewind(work->scratch, used);
        referral_erase_carry_out(work);
    }
    if (count > 0)
        OUTPUT_LOG(work, LOG_HOLD_ENDED, log_number("referrals", count));
    return left > 0;
}

/* ---- The review ---------------------------------------------------------- */

void hold_review(struct work *work, bool clock_is_trusted)
{
    work->node->hold = (struct hold){ .is_due = clock_is_trusted,
        .until_ms = work->now.unix_ms };
}

bool hold_is_due(const struct node *node)
{
    return node->hold.is_due;
}

void hold_go_on(struct work *work)
{
    struct hold *hold = &work->node->hold;
    if (!hold->is_due)
        return;
    if (!hold->has_looked)
        look_on(work);
    bool has_ended = end_on(work);
    hold->is_due = !hold->has_looked || !has_ended;
}
