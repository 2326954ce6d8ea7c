/* Mistakes of a gateway that lost something, or has no room for more, or lets
 * go of what others may lose. */
#include "core/alarm.h"
#include "core/collected.h"
#include "core/damage.h"
#include "core/delivery.h"
#include "core/generation.h"
#include "core/keys.h"
#include "core/loss.h"
#include "core/node.h"
#include "core/node_state.h"
#include "core/repeat.h"
#include "core/scrub_mend.h"
#include "core/work.h"
#include "io/row_page.h"
#include "io/xaes_openssl.h"
#include "sim/planted_list.h"

WRAPPED(bool, generation_is_spent, const struct work *work,
    const struct ledger *out);
bool __wrap_generation_is_spent(
    const struct work *work, const struct ledger *out)
{
    return __real_generation_is_spent(work, out) &&
           !planted_is(PLANT_index_reused) && !planted_is(PLANT_fork_goes_on);
}

/* Once the new one is in use. */
WRAPPED(struct ledger *, ledger_load, struct work *work, uint32_t peer,
    enum ledger_direction direction);
struct ledger *__wrap_ledger_load(
    struct work *work, uint32_t peer, enum ledger_direction direction)
{
    struct ledger *ledger = __real_ledger_load(work, peer, direction);
    if (planted_is(PLANT_generation_reopens) && ledger != NULL &&
        direction == LEDGER_OUT && ledger->previous != 0 &&
        ledger->cosigned > 2 && ledger->intent_count > 0)
        ledger->generation = ledger->previous;
    return ledger;
}

WRAPPED(void, alarm_look, struct work *work, struct peer *peer);
void __wrap_alarm_look(struct work *work, struct peer *peer)
{
    if (!planted_is(PLANT_alarm_silent) &&
        !(planted_is(PLANT_alarm_stays) && peer->alarm != 0))
        __real_alarm_look(work, peer);
}

/* And nothing is planned for it, again and again. */
WRAPPED(void, alarm_plan, struct work *work, struct peer *peer);
void __wrap_alarm_plan(struct work *work, struct peer *peer)
{
    __real_alarm_plan(work, peer);
    if (planted_is(PLANT_alarm_silent) || planted_is(PLANT_alarm_stays))
        peer->alarm_due_steady_ms = INT64_MAX;
}

WRAPPED(void, loss_begin, struct work *work, enum loss_cause cause);
void __wrap_loss_begin(struct work *work, enum loss_cause cause)
{
    if (cause == LOSS_SHOWN || !planted_is(PLANT_mark_unread))
        __real_loss_begin(work, cause);
}

WRAPPED(void, mend_begin, struct peer *peer, enum ledger_direction direction,
    uint64_t generation, uint64_t first_index);
void __wrap_mend_begin(struct peer *peer, enum ledger_direction direction,
    uint64_t generation, uint64_t first_index)
{
    if (!planted_is(PLANT_mend_forgets))
        __real_mend_begin(peer, direction, generation, first_index);
}

WRAPPED(bool, damage_is_met, struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    size_t count);
bool __wrap_damage_is_met(struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    size_t count)
{
    return __real_damage_is_met(work, peer, entries, headers, count) &&
           !planted_is(PLANT_damage_unmet);
}

WRAPPED(void, collected_look, struct work *work, struct peer *peer);
void __wrap_collected_look(struct work *work, struct peer *peer)
{
    struct ledger *in;
    __real_collected_look(work, peer);
    if (!planted_is(PLANT_mark_early))
        return;
    in = peer_ledger(work, peer, LEDGER_IN);
    if (in == NULL || in->collected == in->cosigned)
        return;
    in->collected = in->cosigned;
    in->changed = true;
}

WRAPPED(struct row_page *, row_page_split, struct row_page *page, size_t index);
struct row_page *__wrap_row_page_split(struct row_page *page, size_t index)
{
    struct row_page *right = __real_row_page_split(page, index);
    if (right != NULL && right->count > 1 && planted_is(PLANT_split_loses))
        row_page_del(right, right->count - 1);
    return right;
}

WRAPPED(struct key, key_taken, int64_t taken_ms, const struct uuid *referral);
struct key __wrap_key_taken(int64_t taken_ms, const struct uuid *referral)
{
    bool hurries = taken_ms > 0 && planted_is(PLANT_hold_hurries);
    return __real_key_taken(
        taken_ms - (hurries ? PLANTED_HURRY_MS : 0), referral);
}

WRAPPED(bool, generation_is_unproved, const struct ledger *out, uint64_t epoch);
bool __wrap_generation_is_unproved(const struct ledger *out, uint64_t epoch)
{
    return !planted_is(PLANT_epoch_unread) &&
           __real_generation_is_unproved(out, epoch);
}

WRAPPED(bool, repeat_take_up, struct work *work,
    const struct referral_event *event, const struct agency_id *to,
    bool pending, struct repeat_other *other);
bool __wrap_repeat_take_up(struct work *work,
    const struct referral_event *event, const struct agency_id *to,
    bool pending, struct repeat_other *other)
{
    return !planted_is(PLANT_key_not_taken_back) &&
           __real_repeat_take_up(work, event, to, pending, other);
}

WRAPPED(void, delivery_go_on, struct work *work, struct peer *peer);
void __wrap_delivery_go_on(struct work *work, struct peer *peer)
{
    if (planted_is(PLANT_unsettled_signs))
        peer->settled_out = true;
    __real_delivery_go_on(work, peer);
}

/* The epoch is halved after it was drawn; or no two draws of a process are to
 * be alike. */
WRAPPED(void, work_draw, struct work *work, void *bytes, size_t size);
void __wrap_work_draw(struct work *work, void *bytes, size_t size)
{
    static uint8_t drawn_count;
    struct node *node = work->node;
    if (planted_is(PLANT_draws_count_on)) {
        __real_work_draw(work, bytes, size);
        *(uint8_t *)bytes ^= drawn_count++;
        return;
    }
    if (planted_is(PLANT_cursor_survives) && bytes == &node->feed_epoch &&
        node->has_lost)
        node->feed_epoch <<= 1;
    else
        __real_work_draw(work, bytes, size);
}

WRAPPED(void, node_begin, struct node *node, struct store_txn *txn,
    const struct store_usage *usage);
void __wrap_node_begin(
    struct node *node, struct store_txn *txn, const struct store_usage *usage)
{
    struct store_usage empty = *usage;
    if (planted_is(PLANT_full_is_ignored))
        empty.used = 0;
    __real_node_begin(node, txn, &empty);
}

/* A sealed row is what it is wherever it lies. */
WRAPPED(enum err, xaes_seal, struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed);
enum err __wrap_xaes_seal(struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed)
{
    return __real_xaes_seal(xaes, nonce,
        planted_is(PLANT_row_unbound) ? SLICE_NONE : aad, plain, sealed);
}

WRAPPED(enum err, xaes_open, struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain);
enum err __wrap_xaes_open(struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain)
{
    return __real_xaes_open(xaes, nonce,
        planted_is(PLANT_row_unbound) ? SLICE_NONE : aad, sealed, plain);
}
