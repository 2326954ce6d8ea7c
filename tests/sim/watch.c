#include "sim/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "core/keys.h"
#include "core/ledger.h"
#include "core/node_state.h"
#include "core/note.h"
#include "core/peer.h"
#include "sim/forger.h"
#include "sim/keeping.h"
#include "sim/marks.h"
#include "sim/revocation.h"
#include "sim/withholder.h"
#include "sim/world.h"

void watch_begin(struct watch *watch, size_t gateway_count)
{
    watch->gateway_count = gateway_count;
    watch->ledgers =
        calloc(gateway_count * gateway_count, sizeof *watch->ledgers);
    if (watch->ledgers == NULL)
        abort();
}

void watch_release(struct watch *watch)
{
    size_t count = watch->gateway_count * watch->gateway_count;
    for (size_t i = 0; i < count; i++) {
        if (watch->ledgers[i] == NULL)
            continue;
        free(watch->ledgers[i]->sightings);
        free(watch->ledgers[i]->fences);
        free(watch->ledgers[i]);
    }
    free(watch->ledgers);
}

struct watched *watched_of(struct watch *watch, size_t author, size_t recipient)
{
    struct watched **ledger =
        &watch->ledgers[author * watch->gateway_count + recipient];
    if (*ledger == NULL)
        *ledger = calloc(1, sizeof **ledger);
    if (*ledger == NULL)
        abort();
    return *ledger;
}

/* How far the committed store of that gateway holds a ledger with the peer; in
 * which generation. */
static uint64_t size_held(struct world *world, struct gateway *gateway,
    size_t with, enum ledger_direction direction, uint64_t *generation)
{
    struct store_txn *txn;
    uint64_t size = 0;
    size_t used = world->wire.used;
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    struct work work = { .txn = txn,
        .crypto = gateway->crypto,
        .arena = &world->wire,
        .scratch = &world->wire };
    struct peer *peer = peer_find(gateway->node, &world->gateways[with].agency);
    *generation = 0;
    if (peer != NULL) {
        struct ledger *ledger = ledger_load(&work, peer->number, direction);
        size = ledger == NULL ? 0 : ledger->frontier.size;
        *generation = ledger == NULL ? 0 : ledger->generation;
    }
    gateway->store->ops->abort(txn);
    arena_rewind(&world->wire, used);
    return size;
}

static void receipts_lost(
    struct world *world, size_t at, size_t peer, struct watched *ledger)
{
    const struct sighting *newest = NULL;
    uint64_t generation;
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->sightings[i].receipt != 0)
            newest = &ledger->sightings[i];
    if (newest == NULL)
        return;
    uint64_t size =
        size_held(world, &world->gateways[at], peer, LEDGER_OUT, &generation);
    if (generation != newest->generation || size < newest->size)
        ledger->retired = newest->generation;
}

void watch_lost(struct world *world, size_t at)
{
    for (size_t i = 0; i < world->gateway_count; i++) {
        struct watched *ledger =
            world->watch.ledgers[at * world->gateway_count + i];
        if (ledger != NULL)
            receipts_lost(world, at, i, ledger);
    }
}

/* ---- Storms ------------------------------------------------------------- */

/* Heads are for beginnings, waiting is for when there is nothing, and what was
 * not taken comes again later: ten a minute, for minutes, are a storm. */
#define STORM_MS INT64_C(300000)
#define STORM_COUNT 50
/* Who starts does not know how long it has waited: it tries at once, and after
 * its first rest. */
#define STORM_COUNT_START 2

/* What happens just now is of these minutes. */
static void storm_go_on(const struct world *world, struct storm *storm)
{
    int64_t now_ms = world->scheduler.now_ms;
    if (now_ms - storm->since_ms > STORM_MS)
        *storm = (struct storm){ .since_ms = now_ms };
}

/* Where much is said, much is disturbed, and each time something may have to
 * be said again: but once for each that is new, and not where nothing is. */
static void storm_watch(
    struct world *world, struct storm *storm, const char *what, size_t at)
{
    storm_go_on(world, storm);
    unsigned reasons =
        storm->disturbances < storm->news ? storm->disturbances : storm->news;
    if (++storm->count >
        STORM_COUNT + reasons + STORM_COUNT_START * storm->starts)
        world_fail(world, what, at);
}

static void storm_ends(const struct world *world, struct storm *storm)
{
    storm_go_on(world, storm);
    storm->news++;
}

static void disturbed(
    const struct world *world, struct watched *ledger, bool is_start)
{
    if (ledger == NULL)
        return;
    struct storm *storms[] = { &ledger->heads, &ledger->parcels,
        &ledger->empties };
    for (size_t i = 0; i < sizeof storms / sizeof *storms; i++) {
        storm_go_on(world, storms[i]);
        storms[i]->disturbances++;
        storms[i]->starts += is_start;
    }
}

static void both_disturbed(
    const struct world *world, size_t from, size_t to, bool is_start)
{
    const struct watch *watch = &world->watch;
    disturbed(
        world, watch->ledgers[from * watch->gateway_count + to], is_start);
    disturbed(
        world, watch->ledgers[to * watch->gateway_count + from], is_start);
}

void watch_disturbed(struct world *world, size_t from, size_t to)
{
    both_disturbed(world, from, to, false);
}

void watch_start(struct world *world, size_t at)
{
    for (size_t i = 0; i < world->watch.gateway_count; i++)
        both_disturbed(world, at, i, true);
}

/* ---- Checkpoints -------------------------------------------------------- */

static struct sighting *sighting_of(
    struct watched *ledger, const struct note *note)
{
    for (size_t i = ledger->count; i-- > 0;)
        if (ledger->sightings[i].size == note->size &&
            ledger->sightings[i].generation == note->origin.generation)
            return &ledger->sightings[i];
    if (ledger->count == ledger->capacity) {
        ledger->capacity = ledger->capacity == 0 ? 64 : ledger->capacity * 2;
        ledger->sightings = realloc(
            ledger->sightings, ledger->capacity * sizeof(struct sighting));
        if (ledger->sightings == NULL)
            abort();
    }
    struct sighting *fresh = &ledger->sightings[ledger->count++];
    *fresh = (struct sighting){ .generation = note->origin.generation,
        .size = note->size };
    memcpy(fresh->root, note->root, HASH_SIZE);
    return fresh;
}

/* It has an old copy, and does not know. */
static bool has_forgotten(const struct gateway *gateway)
{
    return gateway->hides_loss &&
           (gateway->node == NULL || gateway->node->losses == 0);
}

/* Both ends do, and nothing is left that shows either. */
static bool both_forgot(
    const struct world *world, size_t author, size_t recipient)
{
    return has_forgotten(&world->gateways[author]) &&
           has_forgotten(&world->gateways[recipient]);
}

/* An author that forgot and cannot know it may sign anew what never arrived;
 * nothing else may, and no recipient may ever receipt two roots. */
static void fork_seen(struct world *world, size_t at, size_t author,
    size_t recipient, struct sighting *sighting, const struct note *note)
{
    bool forgot =
        (world->gateways[author].hides_loss && sighting->receipt == 0) ||
        both_forgot(world, author, recipient);
    if (!forgot && !watched_of(&world->watch, author, recipient)->is_forked)
        world_fail(world, "ledger.fork", at);
    memcpy(sighting->root, note->root, HASH_SIZE);
}

/* Any note that passes, signed by whom it may be. */
static void note_seen(struct world *world, size_t at, struct slice bytes)
{
    struct note note;
    if (bytes.size == 0)
        return;
    if (note_parse(bytes, &note) != ERR_NONE) {
        world_fail(world, "note.malformed", at);
        return;
    }
    size_t author = gateway_find(world, &note.origin.author);
    size_t recipient = gateway_find(world, &note.origin.recipient);
    if (author == world->gateway_count || recipient == world->gateway_count) {
        world_fail(world, "note.of-nobody", at);
        return;
    }
    forger_note_seen(world, at, &note);
    struct watched *ledger = watched_of(&world->watch, author, recipient);
    size_t count = ledger->count;
    struct sighting *sighting = sighting_of(ledger, &note);
    if (ledger->count > count && at == author && ledger->retired != 0 &&
        ledger->retired == note.origin.generation &&
        !both_forgot(world, author, recipient))
        world_fail(world, "generation.reused", at);
    if (memcmp(sighting->root, note.root, HASH_SIZE) != 0)
        fork_seen(world, at, author, recipient, sighting, &note);
    if (!note.has_cosignature)
        return;
    uint64_t receipt = checksum(1, bytes);
    bool forgot = gateway_has_lost(world, recipient);
    /* by the next key, when no card shows that of then any more */
    bool is_anew = memcmp(sighting->receipt_key, note.cosignature_key_id,
                       NOTE_KEY_ID_SIZE) != 0;
    if (sighting->receipt != 0 && !forgot &&
        memcmp(sighting->receipt_root, note.root, HASH_SIZE) != 0)
        world_fail(world, "ledger.fork", recipient);
    if (sighting->receipt != 0 && sighting->receipt != receipt && !forgot &&
        !is_anew)
        world_fail(world, "receipt.differs", at);
    else if (sighting->receipt != 0)
        TALLY(world, repeats_cosigned);
    sighting->receipt = receipt;
    memcpy(sighting->receipt_root, note.root, HASH_SIZE);
    memcpy(sighting->receipt_key, note.cosignature_key_id, NOTE_KEY_ID_SIZE);
}

/* ---- Fences ------------------------------------------------------------- */

static void fence_given(struct watched *ledger, struct slice fence)
{
    if (ledger->fence_count == ledger->fence_capacity) {
        ledger->fence_capacity =
            ledger->fence_capacity == 0 ? 64 : ledger->fence_capacity * 2;
        ledger->fences =
            realloc(ledger->fences, ledger->fence_capacity * FENCE_SIZE);
        if (ledger->fences == NULL)
            abort();
    }
    memcpy(ledger->fences[ledger->fence_count++], fence.bytes, FENCE_SIZE);
}

/* The first use of a newer fence retires the older. */
static void fence_used(struct world *world, struct watched *ledger,
    size_t recipient, struct slice fence)
{
    for (size_t i = ledger->fence_count; i-- > 0;) {
        if (!slice_equal(fence, SLICE_ARRAY(ledger->fences[i])))
            continue;
        if (i + 1 < ledger->fence_used)
            world_fail(world, "fence.retired", recipient);
        else
            ledger->fence_used = i + 1;
        return;
    }
    world_fail(world, "fence.unknown", recipient);
}

/* A reply retires all that was given before it. */
static void head_seen(struct world *world, size_t from, size_t to,
    struct slice body, bool is_reply)
{
    struct watched *ledger = watched_of(&world->watch, to, from);
    struct head head;
    size_t used = world->wire.used;
    if (head_read(body, &world->wire, &head) != ERR_NONE) {
        world_fail(world, "head.malformed", from);
        return;
    }
    for (size_t i = 0; i < head.ledger_count; i++) {
        note_seen(world, from, head.ledgers[i].note);
        if (head.ledgers[i].authored)
            continue;
        fence_given(ledger, head.ledgers[i].fence);
        if (is_reply)
            ledger->fence_used = ledger->fence_count;
    }
    arena_rewind(&world->wire, used);
}

/* ---- Requests and replies ----------------------------------------------- */

static bool deliver_open(
    struct world *world, size_t at, struct slice body, struct deliver *deliver)
{
    if (deliver_read(body, &world->wire, deliver) == ERR_NONE)
        return true;
    world_fail(world, "deliver.malformed", at);
    return false;
}

/* What a Head shows need not have left in a parcel. One that forgot does not
 * know which it left, until it has asked. */
static void generation_seen(struct world *world, size_t author,
    struct watched *ledger, uint64_t generation)
{
    bool was_left = false;
    if (generation == ledger->generation)
        return;
    for (size_t i = 0; i < ledger->count; i++) {
        struct sighting *at = &ledger->sightings[i];
        at->is_left |= at->generation == ledger->generation;
        was_left |= at->is_left && at->generation == generation;
    }
    if (was_left && !gateway_has_lost(world, author))
        world_fail(world, "generation.reopened", author);
    ledger->generation = generation;
}

/* A parcel leaves its author, for the first time or not. */
static void parcel_seen(
    struct world *world, size_t from, size_t to, struct slice bytes)
{
    struct note note;
    struct watched *ledger = watched_of(&world->watch, from, to);
    size_t count = ledger->count;
    if (note_parse(bytes, &note) == ERR_NONE)
        generation_seen(world, from, ledger, note.origin.generation);
    if (!gateway_contact(&world->gateways[from], to)->has_compared)
        world_fail(world, "ledger.unsettled", from);
    note_seen(world, from, bytes);
    if (note_parse(bytes, &note) != ERR_NONE)
        return;
    /* who gives no receipt asks again and again for what it has */
    bool is_asked = withholder_is(world, from) || flooder_is(world, from) ||
                    withholder_is(world, to) || flooder_is(world, to);
    if (ledger->count > count) {
        storm_ends(world, &ledger->parcels);
        storm_ends(world, &ledger->heads);
        storm_ends(world, &watched_of(&world->watch, to, from)->heads);
    } else if (note.size == ledger->parcel_size && !is_asked) {
        storm_watch(world, &ledger->parcels, "parcel.storm", from);
    }
    ledger->parcel_size = note.size;
}

/* A receipt that was not seen before has its entries behind it, and was given
 * for a parcel with a fence in use. */
static void receipt_seen(struct world *world, size_t from, size_t to,
    struct slice bytes, const uint8_t fence[FENCE_SIZE])
{
    struct note note;
    if (note_parse(bytes, &note) != ERR_NONE) {
        world_fail(world, "receipt.malformed", from);
        return;
    }
    struct watched *ledger = watched_of(&world->watch, to, from);
    if (gateway_find(world, &note.origin.author) != to ||
        gateway_find(world, &note.origin.recipient) != from)
        world_fail(world, "receipt.foreign", from);
    note_seen(world, from, bytes);
    uint64_t generation;
    if (size_held(world, &world->gateways[from], to, LEDGER_IN, &generation) <
        note.size)
        world_fail(world, "receipt.early", from);
    if (fence != NULL)
        fence_used(world, ledger, from, slice_of(fence, FENCE_SIZE));
}

/* The receipt travels with the next request; it is new when that parcel was
 * the last that came. */
static void collect_seen(
    struct world *world, size_t from, size_t to, struct slice body)
{
    struct collect collect;
    struct note note;
    struct contact *contact = gateway_contact(&world->gateways[from], to);
    if (collect_read(body, &world->wire, &collect) != ERR_NONE) {
        world_fail(world, "collect.malformed", from);
        return;
    }
    if (collect.cosigned.size == 0 ||
        note_parse(collect.cosigned, &note) != ERR_NONE)
        return;
    struct sighting *sighting =
        sighting_of(watched_of(&world->watch, to, from), &note);
    bool is_new = sighting->receipt == 0 && contact->size_fed == note.size;
    receipt_seen(
        world, from, to, collect.cosigned, is_new ? contact->fence_fed : NULL);
}

/* What waits is answered when there is something; a member that asks again
 * and again for nothing costs everybody. */
static void collected_seen(
    struct world *world, size_t from, size_t to, struct slice body)
{
    struct watched *ledger = watched_of(&world->watch, from, to);
    struct deliver deliver;
    if (body.size == 0) {
        TALLY(world, collects_empty);
        if (!flooder_is(world, to))
            storm_watch(world, &ledger->empties, "collect.storm", from);
    } else if (deliver_open(world, from, body, &deliver)) {
        storm_ends(world, &ledger->empties);
        parcel_seen(world, from, to, deliver.parcel.note);
    }
}

void watch_request(struct world *world, size_t from, size_t to,
    enum request_kind kind, struct slice body)
{
    struct deliver deliver;
    size_t used = world->wire.used;
    marks_request(world, from, to, kind, body);
    /* who floods loses its own way */
    if (kind == REQUEST_HEAD && !flooder_is(world, from))
        storm_watch(world, &watched_of(&world->watch, from, to)->heads,
            "delivery.storm", from);
    if (kind == REQUEST_HEAD)
        head_seen(world, from, to, body, false);
    else if (kind == REQUEST_COLLECT)
        collect_seen(world, from, to, body);
    else if (kind == REQUEST_DELIVER &&
             deliver_open(world, from, body, &deliver))
        parcel_seen(world, from, to, deliver.parcel.note);
    arena_rewind(&world->wire, used);
}

static void cosigned_seen(struct world *world, size_t from,
    const struct served *served, size_t to, struct slice body)
{
    struct cosigned cosigned;
    if (cosigned_read(body, &world->wire, &cosigned) != ERR_NONE)
        world_fail(world, "receipt.malformed", from);
    else
        receipt_seen(world, from, to, cosigned.note, served->fence);
}

/* Only where a second history was made. */
static void conflict_seen(struct world *world, size_t from, size_t to)
{
    if (watched_of(&world->watch, to, from)->is_forked)
        TALLY(world, forks_refused);
    else
        world_fail(world, "ledger.conflict", from);
}

void watch_reply(struct world *world, size_t from, const struct served *served,
    enum reply_kind kind, struct slice body)
{
    size_t used = world->wire.used;
    size_t to = gateway_find(world, &served->secret.sender);
    marks_reply(world, from, to, kind, body);
    if (kind == REPLY_HEAD)
        head_seen(world, from, to, body, true);
    else if (kind == REPLY_CONFLICT)
        conflict_seen(world, from, to);
    else if (kind == REPLY_COSIGNED)
        cosigned_seen(world, from, served, to, body);
    else if (kind == REPLY_PARCEL)
        collected_seen(world, from, to, body);
    arena_rewind(&world->wire, used);
}

void watch_frame(struct world *world, size_t from, struct slice frame)
{
    if (truth_has_marker(frame))
        world_fail(world, "frame.readable", from);
}

void watch_log(struct world *world, size_t at, const struct log_entry *entry)
{
    revocation_log(world, at, entry);
    apart_log(world, at, entry);
    struct slice name = slice_of_text(log_event_name(entry->event));
    if (entry->event == LOG_HOLD_ENDED)
        keeping_seen(world, at);
    bool lets_go =
        entry->event == LOG_HOLD_ENDED || entry->event == LOG_RETENTION_ERASED;
    if (lets_go && !gateway_clock_is_right(&world->gateways[at]))
        world_fail(world, "clock.believed", at);
    if (slice_is(name, "store.lost"))
        world->gateways[at].owes_notice = false;
    bool is_loss =
        slice_is(name, "store.lost") || slice_is(name, "ledger.recovering");
    if (is_loss && !gateway_has_lost(world, at) && !rogue_is_at(world, at))
        world_fail(world, "loss.invented", at);
    if (entry->event == LOG_LEDGER_TROUBLED && !world->is_amnesiac &&
        !world->is_rogue)
        world_fail(world, "ledger.troubled", at);
}

void watch_stored(struct world *world, size_t at, const struct uuid *referral)
{
    struct gateway *gateway = &world->gateways[at];
    struct store_txn *txn;
    struct key key = key_referral(referral);
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    if (store_get(txn, key_slice(&key)).bytes == NULL)
        world_fail(world, "reply.early", at);
    gateway->store->ops->abort(txn);
}
