#include "sim/claimer.h"

#include <stdlib.h>
#include <string.h>

#include "core/note.h"
#include "sim/smuggler.h"
#include "sim/world.h"

#define YEAR_MS (INT64_C(365) * 86400000)

bool claimer_is_at(const struct world *world, size_t at)
{
    return world->options.claim_permille > 0 && at + 1 == world->gateway_count;
}

static bool is_claimer(const struct world *world, const struct gateway *gateway)
{
    return claimer_is_at(world, gateway->index);
}

/* ---- Times --------------------------------------------------------------- */

static int64_t claim_of(int64_t now_ms, int64_t way)
{
    const int64_t claims[] = { 0, 1, now_ms - 10 * YEAR_MS,
        now_ms + 10 * YEAR_MS, now_ms - YEAR_MS / 12, now_ms + YEAR_MS / 12,
        now_ms + 7000 * YEAR_MS, INT64_MAX };
    return claims[way % (int64_t)(sizeof claims / sizeof *claims)];
}

static struct instant claim_draw(
    struct world *world, const struct gateway *gateway)
{
    struct instant now = gateway_now(world, gateway);
    if (!CHANCE(world, claim_permille))
        return now;
    TALLY(world, times_claimed);
    return (struct instant){ claim_of(
        now.unix_ms, world_below(world, STREAM_claim_permille, 64)) };
}

struct instant claimer_now(struct world *world, const struct gateway *gateway)
{
    return is_claimer(world, gateway) ? claim_draw(world, gateway)
                                      : gateway_now(world, gateway);
}

/* ---- Receipts ------------------------------------------------------------ */

/* As often as anything else, by its root. */
static bool is_chosen(const struct world *world, const struct note *note)
{
    unsigned drawn = (unsigned)(note->root[0] << 8 | note->root[1]);
    return drawn % 1000 < (unsigned)world->options.claim_permille;
}

static struct claimed *claimed_find(
    struct claimer *claimer, const struct note *note)
{
    for (size_t i = 0; i < claimer->count; i++)
        if (memcmp(claimer->receipts[i].root, note->root, HASH_SIZE) == 0)
            return &claimer->receipts[i];
    return NULL;
}

static struct claimed *claimed_add(struct claimer *claimer)
{
    if (claimer->count == claimer->capacity) {
        claimer->capacity = claimer->capacity == 0 ? 16 : claimer->capacity * 2;
        claimer->receipts = realloc(
            claimer->receipts, claimer->capacity * sizeof *claimer->receipts);
        if (claimer->receipts == NULL)
            abort();
    }
    return &claimer->receipts[claimer->count++];
}

void claimer_release(struct claimer *claimer)
{
    free(claimer->receipts);
    *claimer = (struct claimer){ .count = 0 };
}

/* Its own receipt, dated anew. */
static struct slice dated(
    struct world *world, const struct gateway *gateway, struct slice text)
{
    struct note note;
    if (text.size == 0 || note_parse(text, &note) != ERR_NONE ||
        !note.has_cosignature || !is_chosen(world, &note) ||
        !agency_id_equal(&note.origin.recipient, &gateway->agency))
        return text;
    struct claimed *claimed = claimed_find(&world->claimer, &note);
    if (claimed == NULL) {
        int64_t claim_ms = claim_of(SIM_EPOCH_MS, note.root[2]);
        note.has_cosignature = false;
        if (note_cosign(gateway->crypto, (uint64_t)claim_ms / 1000, &note) !=
            ERR_NONE)
            abort();
        claimed = claimed_add(&world->claimer);
        memcpy(claimed->root, note.root, HASH_SIZE);
        claimed->size = note_print(&note, claimed->text).size;
    }
    TALLY(world, receipts_dated);
    return arena_copy(
        &world->wire, slice_of((const uint8_t *)claimed->text, claimed->size));
}

static struct conflict conflict_dated(struct world *world,
    const struct gateway *gateway, const struct conflict *conflict)
{
    return (struct conflict){ dated(world, gateway, conflict->held),
        dated(world, gateway, conflict->offered) };
}

static struct slice head_of(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct head head;
    struct ledger_view views[8];
    if (head_read(body, &world->wire, &head) != ERR_NONE ||
        head.ledger_count > sizeof views / sizeof *views)
        return body;
    memcpy(views, head.ledgers, head.ledger_count * sizeof *views);
    for (size_t i = 0; i < head.ledger_count; i++) {
        views[i].note = dated(world, gateway, views[i].note);
        views[i].conflict = conflict_dated(world, gateway, &views[i].conflict);
    }
    head.ledgers = views;
    return head_write(&head, &world->wire);
}

static struct slice conflict_of(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct conflict conflict;
    if (conflict_read(body, &world->wire, &conflict) != ERR_NONE)
        return body;
    conflict = conflict_dated(world, gateway, &conflict);
    return conflict_write(&conflict, &world->wire);
}

/* Who takes its ledger back gets the receipts with it. */
static struct slice fetched_of(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct fetched fetched;
    if (fetched_read(body, &world->wire, &fetched) != ERR_NONE)
        return body;
    struct parcel *parcels =
        arena_take_array(&world->wire, fetched.parcel_count, sizeof *parcels);
    if (parcels == NULL)
        return body;
    for (size_t i = 0; i < fetched.parcel_count; i++) {
        parcels[i] = fetched.parcels[i];
        parcels[i].note = dated(world, gateway, parcels[i].note);
    }
    fetched.parcels = parcels;
    return fetched_write(&fetched, &world->wire);
}

static struct slice cosigned_of(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct cosigned cosigned;
    if (cosigned_read(body, &world->wire, &cosigned) != ERR_NONE)
        return body;
    cosigned.note = dated(world, gateway, cosigned.note);
    return cosigned_write(&cosigned, &world->wire);
}

static struct slice collect_of(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct collect collect;
    if (collect_read(body, &world->wire, &collect) != ERR_NONE)
        return body;
    collect.cosigned = dated(world, gateway, collect.cosigned);
    return collect_write(&collect, &world->wire);
}

/* Whatever brings a receipt. */
typedef struct slice dater(
    struct world *world, const struct gateway *gateway, struct slice body);

static dater *const requests[REQUEST_KIND_COUNT] = {
    [REQUEST_HEAD] = head_of,
    [REQUEST_COLLECT] = collect_of,
    [REQUEST_FETCHED] = fetched_of,
};

static dater *const replies[REPLY_KIND_COUNT] = {
    [REPLY_HEAD] = head_of,
    [REPLY_COSIGNED] = cosigned_of,
    [REPLY_CONFLICT] = conflict_of,
    [REPLY_FETCHED] = fetched_of,
};

struct slice claimer_request(struct world *world, const struct gateway *gateway,
    enum request_kind kind, struct slice body)
{
    if (!is_claimer(world, gateway) || requests[kind] == NULL)
        return body;
    return requests[kind](world, gateway, body);
}

struct slice claimer_reply(struct world *world, const struct gateway *gateway,
    enum reply_kind kind, struct slice body)
{
    if (!is_claimer(world, gateway) || replies[kind] == NULL)
        return body;
    return replies[kind](world, gateway, body);
}

/* ---- Entries ------------------------------------------------------------- */

void claimer_tell(struct world *world, struct gateway *gateway)
{
    if (!is_claimer(world, gateway) || !smuggler_may(world, gateway) ||
        !CHANCE(world, claim_permille))
        return;
    struct instant at = claim_draw(world, gateway);
    size_t to = smuggler_choose(world, gateway, STREAM_claim_permille);
    if (to < world->gateway_count &&
        smuggler_tell(world, gateway, to, ENTRY_PADDING, at,
            SLICE_LITERAL("at some time")))
        TALLY(world, times_claimed);
}
