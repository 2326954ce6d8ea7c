#include "core/collected.h"

#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"

void collected_cursors_changed(struct node *node)
{
    node->reading.is_known = false;
}

static struct reading reading_of(struct work *work)
{
    struct reading reading = { .is_known = true, .position = UINT64_MAX };
    struct slice name = SLICE_NONE;
    struct cursor cursor;
    size_t used = work->scratch->used;
    while (cursor_next(work, &name, &cursor)) {
        if (!cursor_is_program(name))
            continue;
        reading.is_followed = true;
        if (cursor.acknowledged < reading.position)
            reading.position = cursor.acknowledged;
    }
    arena_rewind(work->scratch, used);
    return reading;
}

static bool is_past(const struct node *node, uint64_t position)
{
    return node->reading.is_followed && position <= node->reading.position;
}

void collected_begin(struct work *work)
{
    struct node *node = work->node;
    if (node->reading.is_known)
        return;
    node->reading = reading_of(work);
    for (size_t i = 0; i < node->peer_count; i++)
        if (is_past(node, node->peers[i]->awaited_position))
            node->peers[i]->touched = true;
}

/* What was taken back and is not in the feed yet cannot be awaited. */
static void await(
    struct work *work, const struct ledger *out, struct ledger *in)
{
    if (in->awaited > 0 || in->frontier.size == in->collected || out->refills ||
        in->unfolded > 0)
        return;
    in->awaited = in->frontier.size;
    in->awaited_position = work->node->feed_position_next - 1;
    in->changed = true;
}

void collected_look(struct work *work, struct peer *peer)
{
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    await(work, out, in);
    while (in->awaited > 0 && is_past(work->node, in->awaited_position)) {
        if (in->awaited > in->collected) {
            in->collected = in->awaited;
            in->collected_ms = work->now.unix_ms;
        }
        in->awaited = 0;
        in->changed = true;
        await(work, out, in);
    }
    peer->awaited_position =
        in->awaited > 0 ? in->awaited_position : UINT64_MAX;
}

/* ---- As the author ------------------------------------------------------- */

void collected_take(struct work *work, struct peer *peer, uint64_t generation,
    uint64_t collected)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (generation != out->generation)
        return;
    if (collected > out->frontier.size) {
        /* unsettled, it may be we who lost entries */
        if (peer->settled_out)
            OUTPUT_LOG(work, LOG_MARK_REFUSED,
                log_agency("peer", &peer->agency),
                log_number("collected", (int64_t)collected),
                log_number("size", (int64_t)out->frontier.size));
        return;
    }
    if (collected > out->cosigned)
        collected = out->cosigned;
    if (collected <= out->collected)
        return;
    out->collected = collected;
    out->collected_ms = work->now.unix_ms;
    out->changed = true;
}

/* An agency that only dials out says it with each Collect. */
void collected_ask(struct work *work, struct peer *peer)
{
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (peer->state != PEER_ACCEPTED || !peer->reachable ||
        !peer->settled_out || out->collected == out->cosigned ||
        work->steady_ms - peer->compared_steady_ms < MARK_ASK_MS)
        return;
    peer->compared_steady_ms = work->steady_ms;
    peer->wants_head = true;
}
