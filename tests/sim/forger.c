#include "sim/forger.h"

#include <string.h>

#include "core/entry.h"
#include "sim/world.h"

enum way { WAY_SIGNATURE, WAY_ADDRESS, WAY_CONTENT, WAY_COUNT };

static const char *const way_names[] = {
    [WAY_SIGNATURE] = "note.forged",
    [WAY_ADDRESS] = "note.misaddressed",
    [WAY_CONTENT] = "content.altered",
};

static bool forges(struct world *world, const struct gateway *gateway)
{
    return gateway->index + 1 == world->gateway_count && world->is_agreed &&
           CHANCE(world, forge_permille);
}

static struct slice printed(struct world *world, const struct note *note)
{
    char text[NOTE_SIZE_MAX];
    return arena_copy(&world->wire, note_print(note, text));
}

/* ---- Parcels ------------------------------------------------------------ */

/* The same checkpoint, of the ledger for somebody else, well signed. */
static bool readdress(struct world *world, const struct gateway *gateway,
    size_t to, struct note *note)
{
    for (size_t i = 0; i < world->gateway_count; i++) {
        if (i == to || i == gateway->index)
            continue;
        note->origin.recipient = world->gateways[i].agency;
        return note_sign(gateway->crypto, note) == ERR_NONE;
    }
    return false;
}

/* The first entry with a content gets another of the same size. */
static bool content_alter(struct world *world, struct deliver *deliver)
{
    struct parcel *parcel = &deliver->parcel;
    struct entry *entries =
        arena_take_array(&world->wire, parcel->entry_count, sizeof *entries);
    if (entries == NULL)
        return false;
    memcpy(entries, parcel->entries, parcel->entry_count * sizeof *entries);
    parcel->entries = entries;
    for (size_t i = 0; i < parcel->entry_count; i++) {
        size_t size = entries[i].content.size;
        uint8_t *other = arena_take(&world->wire, size + 1);
        if (size == 0 || other == NULL)
            continue;
        memcpy(other, entries[i].content.bytes, size);
        other[size - 1] ^= 1;
        entries[i].content = slice_of(other, size);
        return true;
    }
    return false;
}

static bool spoil(struct world *world, const struct gateway *gateway, size_t to,
    enum way way, struct deliver *deliver)
{
    struct note note;
    if (way == WAY_CONTENT)
        return content_alter(world, deliver);
    if (note_parse(deliver->parcel.note, &note) != ERR_NONE)
        return false;
    if (way == WAY_SIGNATURE)
        world_fill(world, note.signature, sizeof note.signature);
    else if (!readdress(world, gateway, to, &note))
        return false;
    deliver->parcel.note = printed(world, &note);
    return deliver->parcel.note.bytes != NULL;
}

struct slice forger_deliver(struct world *world, const struct gateway *gateway,
    size_t to, uint64_t id, struct slice body)
{
    struct forger *forger = &world->forger;
    struct deliver deliver;
    if (!forges(world, gateway) ||
        deliver_read(body, &world->wire, &deliver) != ERR_NONE)
        return body;
    enum way way =
        (enum way)world_below(world, STREAM_forge_permille, WAY_COUNT);
    if (!spoil(world, gateway, to, way, &deliver))
        return body;
    struct slice spoilt = deliver_write(&deliver, &world->wire);
    if (spoilt.bytes == NULL)
        return body;
    size_t at = forger->request_next++ % FORGER_REQUEST_COUNT;
    forger->requests[at] = id;
    forger->ways[at] = (uint8_t)way;
    world->is_rogue = true;
    TALLY(world, forgeries);
    return spoilt;
}

/* True when nobody had a receipt for that checkpoint before. */
static bool is_new(struct world *world, size_t author, size_t recipient,
    const struct note *note)
{
    const struct watched *ledger = watched_of(&world->watch, author, recipient);
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->sightings[i].size == note->size &&
            ledger->sightings[i].generation == note->origin.generation &&
            ledger->sightings[i].receipt != 0)
            return false;
    return true;
}

void forger_reply_seen(struct world *world, size_t from,
    const struct served *served, enum reply_kind kind, struct slice body)
{
    const struct forger *forger = &world->forger;
    struct cosigned cosigned;
    struct note note;
    size_t used = world->wire.used;
    if (kind != REPLY_COSIGNED || served->id == 0)
        return;
    for (size_t i = 0; i < FORGER_REQUEST_COUNT; i++)
        if (forger->requests[i] == served->id &&
            served->from + 1 == world->gateway_count &&
            cosigned_read(body, &world->wire, &cosigned) == ERR_NONE &&
            note_parse(cosigned.note, &note) == ERR_NONE &&
            is_new(world, served->from, from, &note))
            world_fail(world, way_names[forger->ways[i]], from);
    arena_rewind(&world->wire, used);
}

/* ---- Receipts ----------------------------------------------------------- */

struct slice forger_cosigned(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct forger *forger = &world->forger;
    struct cosigned cosigned;
    struct note note;
    if (!forges(world, gateway) ||
        cosigned_read(body, &world->wire, &cosigned) != ERR_NONE ||
        note_parse(cosigned.note, &note) != ERR_NONE)
        return body;
    world_fill(world, note.cosignature, sizeof note.cosignature);
    cosigned.note = printed(world, &note);
    struct slice spoilt = cosigned_write(&cosigned, &world->wire);
    if (spoilt.bytes == NULL)
        return body;
    memcpy(forger->receipts[forger->receipt_next++ % FORGER_RECEIPT_COUNT],
        note.cosignature, SIGNATURE_SIZE);
    world->is_rogue = true;
    TALLY(world, forgeries);
    return spoilt;
}

void forger_note_seen(struct world *world, size_t from, const struct note *note)
{
    const struct forger *forger = &world->forger;
    for (size_t i = 0; note->has_cosignature && i < FORGER_RECEIPT_COUNT &&
                       i < forger->receipt_next;
         i++)
        if (memcmp(forger->receipts[i], note->cosignature, SIGNATURE_SIZE) == 0)
            world_fail(world, "receipt.forged", from);
}

/* ---- Requests ----------------------------------------------------------- */

void forger_request_believed(
    struct world *world, size_t at, size_t from, const struct request *request)
{
    if (gateway_find(world, &request->sender) != from)
        world_fail(world, "request.forged", at);
}
