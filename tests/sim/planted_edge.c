/* Mistakes at an edge: one too many, what is left of an earlier time, an order
 * of two that is swapped, the other clock. */
#include <string.h>

#include "base/checksum.h"
#include "core/collected.h"
#include "core/delivery.h"
#include "core/hold.h"
#include "core/node_state.h"
#include "core/repeat_rows.h"
#include "core/retention.h"
#include "core/settle.h"
#include "sim/planted_list.h"

/* ---- Ledgers ------------------------------------------------------------- */

/* A reply ends no fence but the oldest. */
WRAPPED(struct slice, settle_head, struct work *work, struct peer *peer,
    bool is_reply);
struct slice __wrap_settle_head(
    struct work *work, struct peer *peer, bool is_reply)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    uint8_t fences = out->fence_count;
    if (planted_is(PLANT_stopped_is_mute) && out->trouble == LEDGER_CONFLICT)
        out->fence_count = 0;
    struct slice head = __real_settle_head(
        work, peer, is_reply && !planted_is(PLANT_fence_kept_at_reply));
    out->fence_count = fences;
    return head;
}

WRAPPED(void, collected_take, struct work *work, struct peer *peer,
    uint64_t generation, uint64_t collected);
void __wrap_collected_take(struct work *work, struct peer *peer,
    uint64_t generation, uint64_t collected)
{
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (planted_is(PLANT_mark_one_more) && out != NULL &&
        collected < out->cosigned)
        collected++;
    __real_collected_take(work, peer, generation, collected);
}

/* Of those that come with a Collect. */
WRAPPED(const char *, delivery_cosigned, struct work *work, struct peer *peer,
    const struct cosigned *cosigned);
const char *__wrap_delivery_cosigned(
    struct work *work, struct peer *peer, const struct cosigned *cosigned)
{
    static uint64_t last;
    uint64_t note = checksum(0, cosigned->note);
    bool is_first = note != last;
    last = note;
    return is_first && planted_is(PLANT_receipts_unheard)
               ? "cosignature_bad"
               : __real_delivery_cosigned(work, peer, cosigned);
}

/* ---- Keys of programs ---------------------------------------------------- */

/* What this batch has put is not found before the next. */
WRAPPED(struct slice, repeat_rows_get, struct work *work,
    const uint8_t name[REPEAT_NAME_SIZE]);
struct slice __wrap_repeat_rows_get(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE])
{
    const struct repeat_rows *rows = &work->node->repeats;
    for (uint32_t i = 0;
         planted_is(PLANT_key_known_later) && i < rows->changed_count; i++)
        if (memcmp(rows->rows[rows->changed[i]].name, name, REPEAT_NAME_SIZE) ==
            0)
            return SLICE_NONE;
    return __real_repeat_rows_get(work, name);
}

/* ---- What goes ----------------------------------------------------------- */

WRAPPED(void, retention_review, struct work *work, bool clock_is_trusted);
void __wrap_retention_review(struct work *work, bool clock_is_trusted)
{
    __real_retention_review(
        work, clock_is_trusted || planted_is(PLANT_retention_in_doubt));
}

WRAPPED(void, hold_review, struct work *work, bool clock_is_trusted);
void __wrap_hold_review(struct work *work, bool clock_is_trusted)
{
    __real_hold_review(
        work, clock_is_trusted || planted_is(PLANT_hold_in_doubt));
}
