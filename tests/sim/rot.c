#include "sim/rot.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "core/content.h"
#include "core/keys.h"
#include "core/ledger.h"
#include "core/outbox.h"
#include "core/peer.h"
#include "core/scrub.h"
#include "sim/say.h"
#include "sim/truth.h"
#include "sim/world.h"

#define CANARY_COUNT_MAX 65536
/* Before the idle time: what is mended is no reason to ask later. */
#define BEFORE_IDLE_MS INT64_C(240000)
#define PIECE_COUNT_MAX 10000

/* Canaries that the stores of the other gateways hold. */
struct held {
    bool by_others[CANARY_COUNT_MAX];
};

/* The next row of contents of a disk after *key; false: there is none. */
static bool content_next(
    struct store_txn *txn, struct key *from, struct slice *value)
{
    struct slice key = key_slice(from);
    if (!store_seek(txn, KEY_TABLE_SIZE, &key, value))
        return false;
    memcpy(from->bytes, key.bytes, key.size);
    from->size = key.size;
    return true;
}

static void past(struct key *key)
{
    key->bytes[key->size++] = 0;
}

static void others_look(struct world *world, size_t at, struct held *held)
{
    for (size_t i = 0; i < world->gateway_count; i++) {
        struct store *disk = world->gateways[i].disk;
        struct store_txn *txn;
        struct key key = { .bytes = { 'c' }, .size = 1 };
        struct slice value;
        size_t canary;
        if (i == at)
            continue;
        if (disk->ops->begin(disk, false, &txn) != ERR_NONE)
            abort();
        for (; content_next(txn, &key, &value); past(&key))
            for (size_t k = 0; truth_scan(value, &k, &canary);)
                if (canary < CANARY_COUNT_MAX)
                    held->by_others[canary] = true;
        disk->ops->abort(txn);
    }
}

/* What stays of words of which some were erased is each agency's own copy, that
 * no ledger proves: nobody gives it back. */
static bool is_cut(const struct truth *truth, size_t canary)
{
    for (size_t i = 0; i < truth->canary_count; i++)
        if (truth->canaries[i].affair == truth->canaries[canary].affair &&
            truth->canaries[i].erased_by != 0)
            return true;
    return false;
}

/* That item of a blob; empty: it has none. A disk that flips bits has its rows
 * sealed, and there is none to be seen. */
static struct slice item_of(struct slice blob, uint32_t slot)
{
    struct unpacker head = unpack_from(blob);
    uint32_t count = unpack_u32(&head);
    size_t from = 0;
    size_t to = 0;
    for (uint32_t i = 0; i <= slot && head.err == ERR_NONE; i++) {
        from = to;
        to = unpack_u32(&head);
    }
    size_t items = 4 + 4 * (size_t)count;
    if (head.err != ERR_NONE || slot >= count || from >= to ||
        items + to > blob.size)
        return SLICE_NONE;
    return slice_of(blob.bytes + items + from, to - from);
}

static bool ends(struct slice blob, struct slice item)
{
    return item.bytes + item.size == blob.bytes + blob.size;
}

/* The last content of a blob: its words are held elsewhere, too. */
static bool is_held(
    const struct truth *truth, const struct held *held, struct slice blob)
{
    size_t count = content_slot_count(blob);
    struct slice item =
        count == 0 ? SLICE_NONE : item_of(blob, (uint32_t)count - 1);
    size_t canary;
    bool found = false;
    if (item.size == 0 || !ends(blob, item))
        return false;
    for (size_t k = 0; truth_scan(item, &k, &canary);) {
        if (canary >= CANARY_COUNT_MAX || !held->by_others[canary] ||
            is_cut(truth, canary))
            return false;
        found = true;
    }
    return found;
}

/* The last bit of an item of the blob under that key. */
static void bit_turn(struct world *world, struct gateway *gateway,
    struct store_txn *txn, struct key key, struct slice blob, struct slice item)
{
    uint8_t *copy = malloc(blob.size);
    if (copy == NULL)
        abort();
    memcpy(copy, blob.bytes, blob.size);
    copy[item.bytes + item.size - blob.bytes - 1] ^= 1;
    store_put(txn, key_slice(&key), slice_of(copy, blob.size));
    free(copy);
    TALLY(world, contents_rotted);
    gateway->rotted++;
    world->has_rotted = true;
}

static void rot(struct world *world, struct gateway *gateway, int64_t left)
{
    struct held *held = calloc(1, sizeof *held);
    struct store_txn *txn;
    struct key key = { .bytes = { 'c' }, .size = 1 };
    struct slice value;
    if (held == NULL ||
        gateway->disk->ops->begin(gateway->disk, true, &txn) != ERR_NONE)
        abort();
    others_look(world, gateway->index, held);
    for (; left > 0 && content_next(txn, &key, &value); past(&key))
        if (is_held(&world->truth, held, value) &&
            world_below(world, STREAM_rot, 3) == 0) {
            bit_turn(world, gateway, txn, key, value, value);
            left--;
        }
    if (gateway->disk->ops->commit(txn) != ERR_NONE)
        abort();
    free(held);
    world_say(world, "contents of agency %zu rot", gateway->index);
}

static void rot_calm(struct world *world, void *subject, uint64_t argument)
{
    (void)argument;
    rot(world, subject, world->options.rot);
}

/* What waits for one of the others, about a referral: one of it. */
static struct content_ref waiting_find(
    struct world *world, struct gateway *gateway, struct work *work)
{
    struct content_ref found = CONTENT_NONE;
    for (size_t i = 0; i < world->gateway_count; i++) {
        struct peer *peer =
            peer_find(gateway->node, &world->gateways[i].agency);
        struct ledger *out =
            peer == NULL ? NULL : ledger_load(work, peer->number, LEDGER_OUT);
        struct intent intent;
        uint64_t from = 0;
        while (out != NULL && outbox_next(work, out, from, &intent)) {
            from = intent.number + 1;
            if (intent.kind == ENTRY_REFERRAL_EVENT &&
                !content_is_none(intent.content) &&
                (content_is_none(found) ||
                    world_below(world, STREAM_rot_waiting, 3) == 0))
                found = intent.content;
        }
    }
    return found;
}

/* A disk that flips bits has its rows sealed: they are not to be read so. */
static void rot_waiting(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    struct store_txn *txn;
    size_t used = world->wire.used;
    (void)argument;
    if (!gateway->is_up || !world->is_agreed ||
        world->options.flip_per_hour > 0 ||
        gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        return;
    struct work work = { .txn = txn,
        .node = gateway->node,
        .crypto = gateway->crypto,
        .arena = &world->wire,
        .scratch = &world->wire };
    struct content_ref ref = waiting_find(world, gateway, &work);
    gateway->store->ops->abort(txn);
    arena_rewind(&world->wire, used);
    struct key key = key_content(ref.segment);
    if (content_is_none(ref) ||
        gateway->disk->ops->begin(gateway->disk, true, &txn) != ERR_NONE)
        return;
    struct slice blob = store_get(txn, key_slice(&key));
    struct slice item = item_of(blob, ref.slot);
    if (item.size > 0) {
        bit_turn(world, gateway, txn, key, blob, item);
        world_say(world, "words of agency %zu that wait rot", gateway->index);
    }
    if (gateway->disk->ops->commit(txn) != ERR_NONE)
        abort();
}

static void rot_now(struct world *world, void *subject, uint64_t argument);

static void rot_later(struct world *world, struct gateway *gateway)
{
    scheduler_add(&world->scheduler,
        world_below(world, STREAM_rot_per_hour,
            2 * world_hour_ms(world) / world->options.rot_per_hour),
        rot_now, gateway, 0);
}

static void rot_now(struct world *world, void *subject, uint64_t argument)
{
    (void)argument;
    if (world->is_calm)
        return;
    if (world->is_agreed)
        rot(world, subject, 1);
    rot_later(world, subject);
}

void rot_put_back(struct world *world, struct gateway *gateway)
{
    if (world->options.rot_back == 0 || world->has_rotted)
        return;
    rot(world, gateway, world->options.rot_back);
    gateway->mark.commits++; /* bits turn without one */
}

size_t rot_place(const struct world *world)
{
    return (size_t)(world->seed % world->gateway_count);
}

void rot_begin(struct world *world)
{
    size_t at = rot_place(world);
    int64_t at_ms = world->options.minutes * 60000 + SIM_DRAIN_MS -
                    SIM_IDLE_MS - BEFORE_IDLE_MS;
    if (world->options.rot > 0)
        scheduler_add(
            &world->scheduler, at_ms, rot_calm, &world->gateways[at], 0);
    if (world->options.rot_per_hour > 0)
        rot_later(world, &world->gateways[at]);
    for (int64_t i = 0; i < world->options.rot_waiting; i++)
        scheduler_add(&world->scheduler,
            world_below(
                world, STREAM_rot_waiting, world->options.minutes * 60000),
            rot_waiting, &world->gateways[at], 0);
}

bool rot_is_on(const struct world *world)
{
    return world->options.rot > 0 || world->options.rot_back > 0 ||
           world->options.rot_per_hour > 0 || world->options.rot_waiting > 0;
}

void rot_check(struct world *world, size_t at)
{
    uint8_t state[SCRUB_STATE_SIZE_MAX];
    struct slice kept = SLICE_NONE;
    bool is_done = !rot_is_on(world);
    for (int i = 0; !is_done && !world->failed; i++) {
        struct say say;
        struct local_reply reply;
        const struct local_record *check;
        say_begin(&say, world, "store.check");
        if (kept.size > 0)
            say_data(&say, "state", kept);
        if (i > PIECE_COUNT_MAX ||
            local_reply_read(
                gateway_ask(world, &world->gateways[at], say_end(&say)),
                &world->talk, &reply) != ERR_NONE ||
            (check = heard_record(&reply, "check")) == NULL) {
            world_fail(world, "local.malformed", at);
            return;
        }
        if (heard_number(check, "findings") > 0)
            world_fail(world, "store.unmended", at);
        struct slice next = heard_text(check, "state");
        is_done = heard_number(check, "done") != 0;
        if (next.size > sizeof state)
            abort();
        memcpy(state, next.bytes, next.size);
        kept = slice_of(state, next.size);
        arena_reset(&world->talk);
    }
}
