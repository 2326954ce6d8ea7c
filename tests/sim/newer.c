#include "sim/newer.h"

#include <assert.h>
#include <string.h>

#include "sim/world.h"

enum way { WAY_NONE, WAY_FIELD, WAY_KIND, WAY_VERSION, WAY_COUNT };

/* Of no schema yet. */
#define KIND_LATER 100
static const uint8_t field_later[] = { 0xf8, 0x7d, 0x01 }; /* 2015: 1 */

/* An Envelope begins with its header, and that with the version. */
#define VERSION_AT 3u
#define VERSION_LATER 2u

static bool is_newer(struct world *world, const struct gateway *gateway)
{
    return gateway->index + 1 == world->gateway_count && world->is_agreed &&
           CHANCE(world, newer_permille);
}

static struct slice with_field(struct world *world, struct slice body)
{
    uint8_t *bytes = arena_take(&world->wire, body.size + sizeof field_later);
    if (bytes == NULL)
        return body;
    if (body.size > 0)
        memcpy(bytes, body.bytes, body.size);
    memcpy(bytes + body.size, field_later, sizeof field_later);
    return slice_of(bytes, body.size + sizeof field_later);
}

static enum way way_of(const struct newer *newer, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < NEWER_REQUEST_COUNT; i++)
        if (newer->requests[i] == id)
            return (enum way)newer->ways[i];
    return WAY_NONE;
}

/* ---- Said ---------------------------------------------------------------- */

struct slice newer_request(struct world *world, const struct gateway *gateway,
    uint64_t id, enum request_kind *kind, struct slice body)
{
    struct newer *newer = &world->newer;
    if (*kind == REQUEST_INTRODUCE || !is_newer(world, gateway))
        return body;
    enum way way = (enum way)(
        1 + world_below(world, STREAM_newer_permille, WAY_COUNT - 1));
    struct slice said = way == WAY_FIELD ? with_field(world, body) : body;
    if (way == WAY_FIELD && said.size == body.size)
        return body;
    size_t at = newer->request_next++ % NEWER_REQUEST_COUNT;
    newer->brings[at] = *kind == REQUEST_FETCHED;
    if (way == WAY_KIND)
        *kind = (enum request_kind)KIND_LATER;
    newer->requests[at] = id;
    newer->ways[at] = (uint8_t)way;
    TALLY(world, newer_requests);
    return said;
}

bool newer_frame(struct world *world, uint64_t id, struct slice frame)
{
    if (way_of(&world->newer, id) != WAY_VERSION)
        return false;
    /* cast: it is the world's own arena */
    uint8_t *bytes = (uint8_t *)(uintptr_t)frame.bytes;
    assert(bytes[VERSION_AT - 1] == 0x08 && bytes[VERSION_AT] == 1);
    bytes[VERSION_AT] = VERSION_LATER;
    return true;
}

struct slice newer_reply(struct world *world, const struct gateway *gateway,
    enum reply_kind *kind, struct slice body)
{
    if (!is_newer(world, gateway))
        return body;
    TALLY(world, newer_replies);
    if (world_below(world, STREAM_newer_permille, 2) == 0)
        return with_field(world, body);
    *kind = (enum reply_kind)KIND_LATER;
    return body;
}

/* ---- Heard --------------------------------------------------------------- */

/* Unless the line has turned just that byte back. */
void newer_opened(
    struct world *world, size_t at, uint64_t id, struct slice frame)
{
    enum way way = way_of(&world->newer, id);
    if (way == WAY_KIND || (way == WAY_VERSION && frame.size > VERSION_AT &&
                               frame.bytes[VERSION_AT] == VERSION_LATER))
        world_fail(world, "newer.believed", at);
}

/* What nobody asked for is not looked at: collect_fetched. */
static bool is_unread(
    const struct newer *newer, uint64_t id, enum reply_kind kind)
{
    for (size_t i = 0; i < NEWER_REQUEST_COUNT; i++)
        if (newer->requests[i] == id && newer->brings[i])
            return kind == REPLY_BEHIND;
    return false;
}

/* Who is not talked to hears that first. */
static bool is_right(enum refusal_code code)
{
    return code == REFUSAL_MALFORMED || code == REFUSAL_STRANGER ||
           code == REFUSAL_CLOSED || code == REFUSAL_REVOKED;
}

void newer_answered(struct world *world, size_t at, const struct served *served,
    enum reply_kind kind, struct slice body)
{
    enum refusal_code code;
    size_t used = world->wire.used;
    if (way_of(&world->newer, served->id) != WAY_FIELD ||
        served->from + 1 != world->gateway_count ||
        is_unread(&world->newer, served->id, kind))
        return;
    if (kind != REPLY_REFUSED)
        world_fail(world, "newer.believed", at);
    else if (refusal_read(body, &world->wire, &code) != ERR_NONE ||
             !is_right(code))
        world_fail(world, "newer.misjudged", at);
    else
        TALLY(world, newer_refused);
    arena_rewind(&world->wire, used);
}

/* No gateway here says that: a bit of a refusal, which nobody signs, was turned
 * on its way. */
static bool is_turned(const struct reply *reply)
{
    return reply->plain == PLAIN_BUSY ||
           (reply->plain == PLAIN_REKEY && reply->sheet.size == 0);
}

void newer_told(struct world *world, uint64_t id, const struct reply *reply)
{
    enum way way = way_of(&world->newer, id);
    if (way == WAY_NONE)
        return;
    TALLY(world, newer_told);
    /* of a kind it is only seen once it was opened */
    if (way != WAY_FIELD && reply->plain != PLAIN_REFUSED &&
        !is_turned(reply) && !(way == WAY_KIND && reply->plain == PLAIN_REKEY))
        world_fail(world, "newer.misjudged", world->gateway_count - 1);
}
