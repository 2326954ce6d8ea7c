#include "sim/rogue.h"

#include <string.h>

#include "core/ledger.h"
#include "core/note.h"
#include "core/peer.h"
#include "sim/agency.h"
#include "sim/withholder.h"
#include "sim/world.h"

#define BILLION UINT64_C(1000000000)

bool rogue_is_between(const struct world *world, size_t a, size_t b)
{
    const struct watched *const both[] = {
        world->watch.ledgers[a * world->gateway_count + b],
        world->watch.ledgers[b * world->gateway_count + a],
    };
    return world->is_forked && ((both[0] != NULL && both[0]->is_forked) ||
                                   (both[1] != NULL && both[1]->is_forked));
}

bool rogue_is_for_good(const struct world *world, size_t a, size_t b)
{
    return (world->options.renew == 0 && rogue_is_between(world, a, b)) ||
           withholder_is_between(world, a, b);
}

bool rogue_is_stopped(
    const struct world *world, size_t author, size_t recipient)
{
    const struct watched *ledger =
        world->watch.ledgers[author * world->gateway_count + recipient];
    return (world->options.renew == 0 && ledger != NULL && ledger->is_forked) ||
           withholder_is_between(world, author, recipient);
}

bool rogue_is_at(const struct world *world, size_t at)
{
    for (size_t i = 0; i < world->gateway_count && world->is_forked; i++)
        if (rogue_is_between(world, at, i))
            return true;
    return false;
}

static struct crypto *impersonated;

static enum err public_of_another(
    struct crypto *crypto, enum crypto_signer signer, uint8_t key[KEY_SIZE])
{
    (void)crypto;
    return impersonated->ops->signer_public(impersonated, signer, key);
}

void rogue_send(struct world *world, const struct gateway *signer,
    size_t sender, size_t to, enum request_kind kind, struct slice body)
{
    const struct gateway *recipient = &world->gateways[to];
    struct request_secret secret;
    struct slice frame;
    uint8_t key[KEY_SIZE];
    uint8_t seed[SEED_SIZE];
    size_t used = world->wire.used;
    const struct crypto_ops *own = signer->crypto->ops;
    struct crypto_ops as_another = *own;
    impersonated = world->gateways[sender].crypto;
    as_another.signer_public = public_of_another;
    if (sender != signer->index)
        signer->crypto->ops = &as_another;
    world_fill(world, seed, sizeof seed);
    crypto_fake_day_public(
        recipient->crypto, agency_day(gateway_now(world, recipient)), key);
    if (request_seal(signer->crypto, &world->gateways[sender].agency,
            &recipient->agency, key, kind, gateway_now(world, signer), body,
            seed, &world->wire, &secret, &frame) == ERR_NONE)
        (void)network_request(world, signer->index, to, 0, frame);
    signer->crypto->ops = own;
    arena_rewind(&world->wire, used);
}

/* ---- A second history --------------------------------------------------- */

/* One more entry than the ledger has, by its author's key, with its fence; the
 * author knows nothing of it. Empty when the ledger is not settled. */
static struct slice history_make(
    struct world *world, struct work *work, struct ledger *out, size_t to)
{
    const struct gateway *author =
        &world->gateways[gateway_find(world, node_agency(work->node))];
    struct entry_header header = { .kind = ENTRY_PADDING, .at = work->now };
    uint8_t salt[SALT_SIZE];
    struct entry entry = { .salt = SLICE_ARRAY(salt), .content = { 0 } };
    char text[NOTE_SIZE_MAX];
    struct note note;
    if (out == NULL || out->generation == 0 || out->offered.size > 0 ||
        out->fence_count == 0 || out->trouble != LEDGER_NONE)
        return SLICE_NONE;
    world_fill(world, salt, sizeof salt);
    entry.content = SLICE_LITERAL("");
    entry_digest(work->crypto, entry.salt, entry.content, header.digest);
    entry.header = entry_header_write(&header, work->arena);
    uint64_t first_index = out->frontier.size;
    ledger_append(work, out, entry.header);
    struct origin origin =
        ledger_origin(out, &author->agency, &world->gateways[to].agency);
    ledger_checkpoint(work, out, &origin, &note);
    if (note_sign(work->crypto, &note) != ERR_NONE)
        return SLICE_NONE;
    struct deliver deliver = {
        .fence = SLICE_ARRAY(out->fences[0]),
        .parcel = { first_index, &entry, 1, note_print(&note, text) },
    };
    return deliver_write(&deliver, work->arena);
}

static void history_send(struct world *world, struct gateway *author, size_t to)
{
    struct store_txn *txn;
    size_t used = world->wire.used;
    const struct peer *peer =
        peer_find(author->node, &world->gateways[to].agency);
    if (peer == NULL ||
        author->store->ops->begin(author->store, false, &txn) != ERR_NONE)
        return;
    struct work work = { .node = author->node,
        .txn = txn,
        .crypto = author->crypto,
        .arena = &world->wire,
        .scratch = &world->wire,
        .now = gateway_now(world, author) };
    struct ledger *out = ledger_load(&work, peer->number, LEDGER_OUT);
    struct slice body = history_make(world, &work, out, to);
    if (body.size > 0) {
        TALLY(world, forks);
        world_say(world, "agency %zu has a second history for %zu",
            author->index, to);
        watched_of(&world->watch, author->index, to)->is_forked = true;
        world->is_rogue = true;
        world->is_forked = true;
        rogue_send(world, author, author->index, to, REQUEST_DELIVER, body);
    }
    author->store->ops->abort(txn);
    arena_rewind(&world->wire, used);
}

static void fork_plan(struct world *world);

static void fork_one(struct world *world, void *subject, uint64_t argument)
{
    int64_t count = (int64_t)world->gateway_count;
    int64_t from = world_below(world, STREAM_fork_per_hour, count);
    int64_t to =
        (from + 1 + world_below(world, STREAM_fork_per_hour, count - 1)) %
        count;
    struct gateway *author = &world->gateways[from];
    (void)subject;
    (void)argument;
    if (world->is_calm)
        return;
    if (world->is_agreed && author->is_up &&
        agency_is_linked(world, (size_t)from, (size_t)to))
        history_send(world, author, (size_t)to);
    fork_plan(world);
}

static void fork_plan(struct world *world)
{
    scheduler_add(&world->scheduler,
        world_below(world, STREAM_fork_per_hour,
            2 * world_hour_ms(world) / world->options.fork_per_hour),
        fork_one, NULL, 0);
}

void rogue_begin(struct world *world)
{
    if (world->options.fork_per_hour > 0)
        fork_plan(world);
}

/* ---- Made up ------------------------------------------------------------ */

static bool is_rogue(const struct world *world, const struct gateway *gateway)
{
    return gateway->index + 1 == world->gateway_count;
}

/* A checkpoint of what the other side never wrote, with bytes for its
 * signature. */
static struct slice note_make_up(struct world *world,
    const struct gateway *gateway, size_t to, const struct ledger_view *view)
{
    char text[NOTE_SIZE_MAX];
    const struct agency_id *self = &gateway->agency;
    const struct agency_id *other = &world->gateways[to].agency;
    struct note note = {
        .origin = { view->authored ? *self : *other,
            view->authored ? *other : *self, LANE_MAIN, view->generation },
        .size = view->size,
        .has_signature = true,
    };
    world_fill(world, note.root, sizeof note.root);
    world_fill(world, note.signature, sizeof note.signature);
    return arena_copy(&world->wire, note_print(&note, text));
}

static void view_make_up(struct world *world, const struct gateway *gateway,
    size_t to, struct ledger_view *view)
{
    int64_t way = world_below(world, STREAM_lie_permille, 3);
    view->size +=
        BILLION + (uint64_t)world_below(world, STREAM_lie_permille, 1000);
    if (view->generation == 0)
        view->generation = BILLION;
    if (way == 0)
        view->note = SLICE_NONE;
    else if (way == 1)
        view->note = note_make_up(world, gateway, to, view);
}

struct slice rogue_head(struct world *world, const struct gateway *gateway,
    size_t to, struct slice body)
{
    struct head head;
    struct ledger_view views[8];
    if (!is_rogue(world, gateway) || !CHANCE(world, lie_permille) ||
        head_read(body, &world->wire, &head) != ERR_NONE ||
        head.ledger_count > sizeof views / sizeof *views)
        return body;
    TALLY(world, lies);
    world->is_rogue = true;
    memcpy(views, head.ledgers, head.ledger_count * sizeof *views);
    for (size_t i = 0; i < head.ledger_count; i++)
        view_make_up(world, gateway, to, &views[i]);
    head.ledgers = views;
    struct slice made_up = head_write(&head, &world->wire);
    return made_up.bytes == NULL ? body : made_up;
}

/* ---- Passed on ---------------------------------------------------------- */

void rogue_pass_on(
    struct world *world, struct gateway *gateway, const struct request *request)
{
    size_t author = gateway_find(world, &request->sender);
    if (!is_rogue(world, gateway) || request->kind != REQUEST_DELIVER ||
        author == world->gateway_count || !CHANCE(world, forward_permille))
        return;
    for (size_t i = 0; i < world->gateway_count; i++) {
        bool as_itself = world_below(world, STREAM_forward_permille, 2) == 0;
        if (i == author || i == gateway->index ||
            !agency_is_linked(world, gateway->index, i))
            continue;
        TALLY(world, forwards);
        rogue_send(world, gateway, as_itself ? gateway->index : author, i,
            REQUEST_DELIVER, request->body);
    }
}
