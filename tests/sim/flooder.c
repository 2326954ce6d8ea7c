#include "sim/flooder.h"

#include <string.h>

#include "sim/agency.h"
#include "sim/audit.h"
#include "sim/smuggler.h"
#include "sim/world.h"

#define LOOK_MS 10000
/* After which a referral has arrived where nothing goes wrong. */
#define ARRIVAL_MS 60000
/* Of so many requests an entry comes. */
#define ENTRY_PART 20

enum way {
    WAY_SAME,
    WAY_HEAD,
    WAY_COLLECT,
    WAY_FETCH,
    WAY_CARD,
    WAY_NONSENSE,
    WAY_COUNT
};

bool flooder_is(const struct world *world, size_t at)
{
    return world->options.flood > 0 && at + 1 == world->gateway_count;
}

static bool floods(const struct world *world, size_t at)
{
    return flooder_is(world, at) && world->is_agreed && !world->is_calm;
}

/* ---- What it asks -------------------------------------------------------- */

static struct slice head_kept(const struct world *world)
{
    return slice_of(world->flooder.head, world->flooder.head_size);
}

static void head_keep(struct world *world, struct slice body)
{
    struct flooder *flooder = &world->flooder;
    if (body.size > sizeof flooder->head)
        return;
    memcpy(flooder->head, body.bytes, body.size);
    flooder->head_size = body.size;
}

/* All of one of the two ledgers, if it is that of this agency. */
static struct slice everything(struct world *world)
{
    struct head head;
    if (head_read(head_kept(world), &world->wire, &head) != ERR_NONE ||
        head.ledger_count == 0)
        return SLICE_NONE;
    const struct ledger_view *view = &head.ledgers[world_below(
        world, STREAM_flood, (int64_t)head.ledger_count)];
    const struct fetch fetch = { view->authored, view->generation, 0,
        UINT32_MAX };
    return fetch_write(&fetch, &world->wire);
}

static struct slice introduction(
    struct world *world, const struct gateway *gateway)
{
    const struct introduce introduce = { gateway->card,
        SLICE_LITERAL("abcdefghijklmnopqrst") };
    return introduce_write(&introduce, &world->wire);
}

static struct slice nonsense(struct world *world)
{
    uint8_t bytes[64];
    world_fill(world, bytes, sizeof bytes);
    return arena_copy(&world->wire, SLICE_ARRAY(bytes));
}

static struct slice made_up(struct world *world, const struct gateway *gateway,
    enum way way, enum request_kind *kind)
{
    const struct collect collect = { .wait_ms = 240000 };
    switch (way) {
    case WAY_HEAD:
        *kind = REQUEST_HEAD;
        return head_kept(world);
    case WAY_COLLECT:
        *kind = REQUEST_COLLECT;
        return collect_write(&collect, &world->wire);
    case WAY_FETCH:
        *kind = REQUEST_FETCH;
        return everything(world);
    case WAY_CARD:
        *kind = REQUEST_INTRODUCE;
        return introduction(world, gateway);
    case WAY_NONSENSE:
        *kind = (enum request_kind)(
            1 + world_below(world, STREAM_flood, REQUEST_KIND_COUNT - 1));
        return nonsense(world);
    case WAY_SAME:
    case WAY_COUNT:
        break;
    }
    return SLICE_NONE;
}

/* In a run of days as many of them as in one of an hour: who does it all day
 * ends with each greeting what those before it allowed, and none of its own
 * parcels comes through. */
static bool is_spared(struct world *world)
{
    int64_t hours = world->options.hours_each;
    return hours > 1 && world_below(world, STREAM_flood, hours) > 0;
}

void flooder_repeat(struct world *world, struct gateway *gateway, size_t to,
    enum request_kind kind, struct slice body)
{
    if (!floods(world, gateway->index) || is_spared(world))
        return;
    if (kind == REQUEST_HEAD)
        head_keep(world, body);
    for (int64_t i = 0; i < world->options.flood; i++) {
        size_t used = world->wire.used;
        enum request_kind as = kind;
        enum way way = (enum way)world_below(world, STREAM_flood, WAY_COUNT);
        struct slice said =
            way == WAY_SAME ? body : made_up(world, gateway, way, &as);
        if (said.size > 0) {
            TALLY(world, requests_flooded);
            rogue_send(world, gateway, gateway->index, to, as, said);
        }
        arena_rewind(&world->wire, used);
    }
}

void flooder_tell(struct world *world, struct gateway *gateway)
{
    const struct slice content = SLICE_LITERAL("nothing, and nothing again");
    if (!floods(world, gateway->index))
        return;
    for (int64_t i = 0;
         i < world->options.flood / ENTRY_PART && smuggler_can(world, gateway);
         i++) {
        size_t to = smuggler_choose(world, gateway, STREAM_flood);
        if (to < world->gateway_count &&
            smuggler_tell(world, gateway, to, ENTRY_PADDING,
                gateway_now(world, gateway), content))
            TALLY(world, entries_flooded);
    }
}

/* ---- Checkers ------------------------------------------------------------ */

/* A Collect waits, at most: the newest of them. */
static void held_check(struct world *world, const struct gateway *gateway)
{
    size_t count = 0;
    for (size_t i = 0; i < gateway->served_capacity; i++)
        count += gateway->served[i].is_used &&
                 flooder_is(world, gateway->served[i].from);
    if (count > 1)
        world_fail(world, "flood.held", gateway->index);
}

static bool has_faults(const struct sim_options *options)
{
    int64_t sum = 0;
#define X(name, least, most) sum += options->name;
    SIM_FAULT_LIST(X)
    SIM_RARE_LIST(X)
#undef X
    return sum > 0;
}

static void starved_check(struct world *world, const struct affair *affair)
{
    bool is_due = affair->outcome == OUTCOME_DONE && affair->is_named &&
                  !affair->is_forbidden &&
                  affair->stored_ms < world->scheduler.now_ms - ARRIVAL_MS &&
                  !flooder_is(world, affair->from) &&
                  !flooder_is(world, affair->to) &&
                  agency_is_linked(world, affair->from, affair->to);
    struct local_reply reply;
    if (!is_due)
        return;
    gateway_get(world, &world->gateways[affair->from], &affair->uuid, &reply);
    const struct local_record *row = heard_record(&reply, "referral");
    if (row == NULL || slice_is(heard_text(row, "state"), "sent"))
        world_fail(world, "flood.starved", affair->from);
    arena_reset(&world->talk);
}

static void look(struct world *world, void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    if (world->is_calm)
        return;
    for (size_t i = 0; i + 1 < world->gateway_count; i++) {
        held_check(world, &world->gateways[i]);
        if (world->gateways[i].is_up)
            audit_memory(world, i);
    }
    for (size_t i = 0; i < world->truth.affair_count && !world->failed &&
                       !has_faults(&world->options);
         i++)
        starved_check(world, &world->truth.affairs[i]);
    scheduler_add(&world->scheduler, LOOK_MS, look, NULL, 0);
}

void flooder_begin(struct world *world)
{
    if (world->options.flood > 0)
        scheduler_add(&world->scheduler, LOOK_MS, look, NULL, 0);
}
