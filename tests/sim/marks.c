#include "sim/marks.h"

#include <stdlib.h>

#include "core/feed.h"
#include "core/ledger.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "sim/world.h"

static const struct reader *reader_at(const struct world *world, size_t at)
{
    return &world_reader(world, at)->of.reader;
}

/* Its program has other positions, of before a loss. */
static bool is_between_epochs(const struct world *world, size_t at)
{
    return reader_at(world, at)->epoch != world->gateways[at].node->feed_epoch;
}

/* What is committed there of that ledger goes as far as the mark. */
static bool is_held(struct work *work, const struct peer *peer,
    uint64_t generation, uint64_t collected)
{
    const struct ledger *in = ledger_load(work, peer->number, LEDGER_IN);
    if (in != NULL && in->generation != generation)
        in = ledger_load_closed(work, peer->number, LEDGER_IN, generation);
    return in != NULL && in->frontier.size >= collected;
}

/* An entry below the mark brought something about that nobody dealt with. */
static bool is_early(struct work *work, const struct peer *peer, int64_t asked,
    uint64_t generation, uint64_t collected)
{
    struct feed_event event;
    uint64_t position = (uint64_t)asked + 1;
    size_t used = work->scratch->used;
    while (feed_next(work, position, &event)) {
        if (event.peer == peer->number && !event.by_us &&
            event.generation == generation && event.index < collected)
            return true;
        position = event.position + 1;
        arena_rewind(work->scratch, used);
    }
    return false;
}

static void mark_seen(struct world *world, size_t from, size_t to,
    uint64_t generation, uint64_t collected)
{
    struct gateway *gateway = &world->gateways[from];
    struct peer *peer = peer_find(gateway->node, &world->gateways[to].agency);
    struct store_txn *txn;
    size_t used = world->wire.used;
    if (collected == 0 || peer == NULL || is_between_epochs(world, from) ||
        rogue_is_at(world, from))
        return;
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    struct work work = { .node = gateway->node,
        .txn = txn,
        .crypto = gateway->crypto,
        .arena = &world->wire,
        .scratch = &world->wire };
    if (!is_held(&work, peer, generation, collected) ||
        is_early(
            &work, peer, reader_at(world, from)->asked, generation, collected))
        world_fail(world, "mark.early", from);
    gateway->store->ops->abort(txn);
    arena_rewind(&world->wire, used);
    TALLY(world, marks_told);
}

static void deliver_seen(
    struct world *world, size_t from, size_t to, struct slice body)
{
    struct deliver deliver;
    if (deliver_read(body, &world->wire, &deliver) == ERR_NONE)
        mark_seen(
            world, from, to, deliver.collected_generation, deliver.collected);
}

static void head_seen(
    struct world *world, size_t from, size_t to, struct slice body)
{
    struct head head;
    if (head_read(body, &world->wire, &head) != ERR_NONE)
        return;
    for (size_t i = 0; i < head.ledger_count; i++)
        if (!head.ledgers[i].authored)
            mark_seen(world, from, to, head.ledgers[i].generation,
                head.ledgers[i].collected);
}

static void note_seen(struct world *world, size_t from, size_t to,
    struct slice bytes, uint64_t collected)
{
    struct note note;
    if (note_parse(bytes, &note) == ERR_NONE)
        mark_seen(world, from, to, note.origin.generation, collected);
}

void marks_request(struct world *world, size_t from, size_t to,
    enum request_kind kind, struct slice body)
{
    struct collect collect;
    size_t used = world->wire.used;
    if (kind == REQUEST_HEAD)
        head_seen(world, from, to, body);
    else if (kind == REQUEST_DELIVER)
        deliver_seen(world, from, to, body);
    else if (kind == REQUEST_COLLECT &&
             collect_read(body, &world->wire, &collect) == ERR_NONE)
        note_seen(world, from, to, collect.cosigned, collect.collected);
    arena_rewind(&world->wire, used);
}

void marks_reply(struct world *world, size_t from, size_t to,
    enum reply_kind kind, struct slice body)
{
    struct cosigned cosigned;
    size_t used = world->wire.used;
    if (kind == REPLY_HEAD)
        head_seen(world, from, to, body);
    else if (kind == REPLY_PARCEL && body.size > 0)
        deliver_seen(world, from, to, body);
    else if (kind == REPLY_COSIGNED &&
             cosigned_read(body, &world->wire, &cosigned) == ERR_NONE)
        note_seen(world, from, to, cosigned.note, cosigned.collected);
    arena_rewind(&world->wire, used);
}

void marks_end(struct world *world, size_t author, size_t recipient,
    int64_t size, int64_t author_knows, int64_t recipient_says)
{
    const struct node *node = world->gateways[recipient].node;
    const struct reader *reader = reader_at(world, recipient);
    bool has_all =
        !is_between_epochs(world, recipient) &&
        !reader_may_be_again(world_reader(world, recipient)) &&
        (uint64_t)reader->acknowledged + 1 == node->feed_position_next;
    if (has_all && recipient_says != size)
        world_fail(world, "mark.lost", recipient);
    if (has_all)
        TALLY(world, marks_complete);
    if (author_knows > recipient_says && !gateway_has_lost(world, recipient))
        world_fail(world, "mark.above", author);
}
