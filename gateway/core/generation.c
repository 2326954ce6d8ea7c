#include "core/generation.h"

#include "core/bare.h"
#include "core/node_state.h"
#include "core/outbox.h"

#include <assert.h>

struct ledger *generation_find(
    struct work *work, struct ledger *present, uint64_t generation)
{
    if (generation == 0)
        return NULL;
    if (generation == present->generation)
        return present;
    /* one copy of each: whoever changes it changes the same */
    for (struct ledger *at = present->before; at != NULL; at = at->before)
        if (at->generation == generation)
            return at;
    struct ledger *closed =
        ledger_load_closed(work, present->peer, present->direction, generation);
    if (closed != NULL) {
        closed->before = present->before;
        present->before = closed;
    }
    return closed;
}

struct ledger *generation_before(
    struct work *work, struct ledger *present, const struct ledger *ledger)
{
    struct ledger *before = generation_find(work, present, ledger->previous);
    if (before == NULL && ledger->previous != 0)
        work_corrupt(work);
    return before;
}

void generation_save(struct work *work, struct ledger *ledger)
{
    if (ledger->closed)
        ledger_save(work, ledger);
    else
        ledger->changed = true;
}

/* What belongs to a generation, as opposed to the ledger as a whole. */
static void part_copy(struct ledger *to, const struct ledger *from)
{
    to->shelf = from->shelf;
    to->generation = from->generation;
    to->previous = from->previous;
    to->frontier = from->frontier;
    to->cosigned = from->cosigned;
    to->note = from->note;
    to->collected = from->collected;
    to->collected_ms = from->collected_ms;
    to->awaited = from->awaited;
    to->awaited_position = from->awaited_position;
    to->answered = from->answered;
    to->unfolded = from->unfolded;
    to->losses = from->losses;
    to->epoch = from->epoch;
    to->closes = from->closes;
    to->evidence = from->evidence;
    to->conflict_ms = from->conflict_ms;
}

void generation_close(struct work *work, struct ledger *ledger)
{
    struct ledger *closed = arena_take(work->arena, sizeof *closed);
    struct ledger empty = { .previous = ledger->generation,
        .shelf = work->node->ledger_next++ };
    assert(ledger->generation != 0 && ledger->cosigned > 0);
    assert(ledger->cosigned == ledger->frontier.size);
    if (closed == NULL) {
        work_exhausted(work);
        return;
    }
    closed->peer = ledger->peer;
    closed->direction = ledger->direction;
    closed->number = ledger->number;
    closed->closed = true;
    part_copy(closed, ledger);
    ledger_save(work, closed);
    closed->before = ledger->before;
    ledger->before = closed;
    part_copy(ledger, &empty);
    ledger->changed = true;
    work->node->changed = true;
}

void generation_open(struct work *work, struct ledger *out)
{
    assert(out->direction == LEDGER_OUT && out->frontier.size == 0);
    work_draw(work, &out->generation, sizeof out->generation);
    out->generation += out->generation == 0; /* which stands for none */
    out->losses = work->node->losses;
    out->renews = false;
    out->changed = true;
}

/* ---- Taking back -------------------------------------------------------- */

/* What is damaged is as large as it may be: it goes alone, if ever. */
static size_t size_of(struct work *work, const struct ledger_entry *entry)
{
    struct slice content = SLICE_NONE;
    bool is_damaged =
        entry->attached && content_try(work->contents, work->txn, work->scratch,
                               entry->content, &content) == ERR_CORRUPT;
    return is_damaged ? CONTENT_SIZE_MAX : content.size;
}

/* False when it never was one. What was erased while it was on its way waits
 * without content, so that it is answered as it would have been. */
static bool intent_of(
    struct work *work, const struct ledger_entry *entry, struct intent *intent)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    ledger_header(work, work->scratch, entry, &header);
    size_t size = size_of(work, entry);
    arena_rewind(work->scratch, used);
    if (work_failed(work) || header.kind == ENTRY_GENERATION)
        return false;
    *intent = (struct intent){
        .kind = header.kind,
        .at = header.at,
        .content = entry->attached ? entry->content : CONTENT_NONE,
        .content_size = (uint32_t)size,
        .has_referral = entry->has_referral,
        .referral = entry->referral,
        .event_type = entry->event_type,
        .seq = entry->seq,
        .state = entry->state,
        .feed_position = entry->feed_position,
    };
    return true;
}

static void parcel_take_back(struct work *work, struct ledger *out)
{
    struct ledger_parcel parcel;
    size_t count = 0;
    if (!ledger_parcel_at(work, out, out->cosigned, &parcel) ||
        parcel.first_index != out->cosigned) {
        work_corrupt(work);
        return;
    }
    struct intent *intents =
        arena_take_array(work->arena, parcel.count, sizeof *intents);
    if (intents == NULL) {
        work_exhausted(work);
        return;
    }
    for (size_t i = 0; i < parcel.count; i++)
        count += intent_of(work, &parcel.entries[i], &intents[count]);
    struct merkle_frontier frontier;
    if (!ledger_frontier_at(work, out, out->cosigned, &frontier)) {
        work_corrupt(work);
        return;
    }
    out->frontier = frontier;
    ledger_parcel_remove(work, out, parcel.first_index);
    outbox_return(work, out, intents, count);
    out->offered = SLICE_NONE;
    out->changed = true;
}

static void reopen(struct work *work, struct ledger *out)
{
    struct ledger none = { .shelf = out->shelf };
    const struct slice evidence = out->evidence;
    const int64_t conflict_ms = out->conflict_ms;
    struct ledger *before = generation_before(work, out, out);
    part_copy(out, before == NULL ? &none : before);
    if (out->evidence.size == 0) {
        out->evidence = evidence;
        out->conflict_ms = conflict_ms;
    }
    if (before != NULL) {
        ledger_delete_closed(work, before);
        before->generation = 0; /* found no more */
    }
    out->changed = true;
}

void generation_take_back(struct work *work, struct ledger *out)
{
    assert(out->direction == LEDGER_OUT);
    if (out->offered.size > 0)
        parcel_take_back(work, out);
    if (out->cosigned == 0 && !work_failed(work))
        reopen(work, out);
    out->renews = out->generation != 0;
}

void generation_renew(struct work *work, struct ledger *out, uint64_t epoch)
{
    generation_take_back(work, out);
    bare_turn_all(work, out);
    if (work_failed(work) || out->generation == 0)
        return;
    generation_close(work, out);
    out->epoch = epoch;
    if (!work_failed(work))
        generation_open(work, out);
}

bool generation_is_spent(const struct work *work, const struct ledger *out)
{
    return out->generation != 0 &&
           (out->renews || out->losses != work->node->losses);
}

bool generation_is_unproved(const struct ledger *out, uint64_t epoch)
{
    return out->generation != 0 && out->epoch != epoch;
}
