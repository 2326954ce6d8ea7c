#include "sim/caretaker.h"
#include "sim/closer.h"
#include "sim/mender.h"
#include "sim/world.h"
#include "sim/revocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "core/limits.h"
#include "sim/agency.h"
#include "sim/audit.h"
#include "sim/batch.h"
#include "sim/borrower.h"
#include "sim/disk.h"
#include "sim/rot.h"
#include "sim/withholder.h"

#define OPENED_SIZE (48u * 1024 * 1024)
#define WIRE_SIZE (8u * 1024 * 1024)
#define TALK_SIZE (16u * 1024 * 1024)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
/* How often a gateway looks at what is due: the daemon does it each hour. */
#define REVIEW_MS INT64_C(3600000)

/* An event costs microseconds: a run that makes so many is caught in a loop. */
#define STEP_COUNT_MAX UINT64_C(3000000)
/* Of so much of a federation: four agencies for an hour. */
#define STEP_AGENCY_MINUTES 240

struct slice gateway_ask(
    struct world *world, struct gateway *gateway, struct slice frame)
{
    return gateway->is_up ? batch_ask(world, gateway, frame) : SLICE_NONE;
}

void gateway_get(struct world *world, struct gateway *gateway,
    const struct uuid *uuid, struct local_reply *reply)
{
    struct say say;
    char id[UUID_URN_SIZE + 1];
    uuid_format(uuid, id);
    say_begin(&say, world, "get");
    say_text(&say, "id", id);
    if (local_reply_read(gateway_ask(world, gateway, say_end(&say)),
            &world->talk, reply) == ERR_NONE)
        return;
    *reply = (struct local_reply){ 0 };
    world_fail(world, "local.malformed", gateway->index);
}

/* ---- What the parts call ------------------------------------------------ */

/* What must hold even when a store has lost what it had promised to keep. */
static bool is_safety(const char *what)
{
    static const char *const promises[] = { "ledger.fork", "ledger.conflict",
        "receipt.early", "frame.readable", "policy.passed", "delivery.storm",
        "node.failed", "request.answered-twice", "revoked.believed",
        "revoked.unheard", "note.forged", "note.misaddressed",
        "content.altered", "receipt.forged", "request.forged", "intake.full",
        "feed.survived", "ledger.unsettled", "generation.reused",
        "loss.unnoticed" };
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        if (strcmp(what, promises[i]) == 0)
            return true;
    return false;
}

void world_fail(struct world *world, const char *what, size_t agency)
{
    bool forgives = world->is_revoked ||
                    (world->is_amnesiac && world->options.recover == 0);
    if (world->failed || (forgives && !is_safety(what)))
        return;
    world->failed = true;
    world->failure = what;
    if (!world->is_quiet)
        printf("refer-sim: seed %llu step %llu: %s at agency %zu - replay: "
               "refer-sim "
               "--seed %llu%s --until %llu -v\n",
            (unsigned long long)world->seed, (unsigned long long)world->step,
            what, agency, (unsigned long long)world->seed,
            world->replay == NULL ? "" : world->replay,
            (unsigned long long)world->step);
}

void world_say(struct world *world, const char *format, ...)
{
    va_list arguments;
    if (!world->verbose)
        return;
    printf("%10lld %7llu  ", (long long)world->scheduler.now_ms,
        (unsigned long long)world->step);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void world_trace(struct world *world, const void *bytes, size_t size)
{
    world->hash = checksum(world->hash, slice_of(bytes, size));
}

void world_trace_number(struct world *world, uint64_t number)
{
    world_trace(world, &number, sizeof number);
}

int64_t world_below(struct world *world, enum sim_stream stream, int64_t limit)
{
    return (int64_t)prng_below(
        &world->streams[stream], limit > 0 ? (uint64_t)limit : 0);
}

bool world_chance(struct world *world, enum sim_stream stream, int64_t permille)
{
    /* drawn even when calm, so that calm differs in nothing else */
    return world_below(world, stream, 1000) < permille && !world->is_calm;
}

/* As many as a seed draws at most. */
#define FEW 4

bool world_chance_of_batch(
    struct world *world, enum sim_stream stream, int64_t permille)
{
    int64_t count = world->options.agencies;
    if (world->options.group > 0 && world->options.group < count)
        count = world->options.group;
    if (count <= FEW)
        return world_chance(world, stream, permille);
    return world_below(world, stream, 1000 * count) < FEW * permille &&
           !world->is_calm;
}

int64_t world_hour_ms(const struct world *world)
{
    int64_t hours = world->options.hours_each;
    return HOUR_MS * (hours > 0 ? hours : 1);
}

void world_fill(struct world *world, void *bytes, size_t size)
{
    prng_fill(&world->streams[STREAM_entropy], bytes, size);
}

static void streams_begin(struct world *world)
{
    for (unsigned i = 0; i < STREAM_COUNT; i++)
        world->streams[i] = prng_from_seed(checksum(
            world->seed, slice_of_text(sim_stream_name((enum sim_stream)i))));
}

/* ---- A run -------------------------------------------------------------- */

void world_init(struct world *world)
{
    *world = (struct world){ 0 };
    if (arena_init(&world->batch, BATCH_ARENA_SIZE) != ERR_NONE ||
        arena_init(&world->scratch, DECODE_ARENA_SIZE) != ERR_NONE ||
        arena_init(&world->opened, OPENED_SIZE) != ERR_NONE ||
        arena_init(&world->wire, WIRE_SIZE) != ERR_NONE ||
        arena_init(&world->talk, TALK_SIZE) != ERR_NONE)
        abort();
}

static struct program *program_add(
    struct world *world, size_t gateway, uint32_t rights)
{
    struct program *program = &world->programs[world->program_count];
    program->world = world;
    program->index = world->program_count++;
    program->gateway = &world->gateways[gateway];
    program->uid = 1000 + (uint32_t)program->index;
    program->rights = rights;
    return program;
}

static size_t programs_each(const struct world *world)
{
    return 2 + (size_t)world->options.clerks;
}

struct program *world_operator(struct world *world, size_t gateway)
{
    return &world->programs[gateway * programs_each(world)];
}

const struct program *world_reader(const struct world *world, size_t gateway)
{
    return &world->programs[gateway * programs_each(world) + 1];
}

static void programs_begin(struct world *world)
{
    world->programs = calloc(world->gateway_count * (programs_each(world) + 3),
        sizeof *world->programs);
    if (world->programs == NULL)
        abort();
    for (size_t i = 0; i < world->gateway_count; i++) {
        operator_begin(
            world, program_add(world, i, LOCAL_RIGHT_ADMIN | LOCAL_RIGHT_READ));
        reader_begin(program_add(world, i, LOCAL_RIGHT_READ));
        for (int64_t k = 0; k < world->options.clerks; k++)
            clerk_begin(world, program_add(world, i,
                                   LOCAL_RIGHT_SUBMIT | LOCAL_RIGHT_ACT |
                                       LOCAL_RIGHT_READ | LOCAL_RIGHT_ERASE));
    }
    for (size_t i = 0; i < world->gateway_count && world->options.renew; i++)
        mender_begin(world, program_add(world, i, LOCAL_RIGHT_ADMIN));
    for (size_t i = 0;
         i < world->gateway_count && world->options.close_per_hour; i++)
        closer_begin(world, program_add(world, i, LOCAL_RIGHT_ADMIN));
    if (world->options.rot_waiting > 0)
        caretaker_begin(world,
            program_add(world, rot_place(world),
                LOCAL_RIGHT_ADMIN | LOCAL_RIGHT_READ | LOCAL_RIGHT_ERASE));
    for (size_t i = 0; i < world->program_count; i++)
        program_begin(world, &world->programs[i]);
}

static void calm_down(struct world *world, void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    world_say(world, "calm");
    world->is_calm = true;
    for (size_t i = 0; i < world->gateway_count; i++) {
        gateway_empty(&world->gateways[i]);
        disk_calm(&world->gateways[i]);
        gateway_clock_set(world, &world->gateways[i], 0);
    }
}

static void idle_begin(struct world *world, void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    for (size_t i = 0; i < world->gateway_count; i++)
        world->gateways[i].asked_before_end = world->gateways[i].asked_count;
}

/* Time of a federation that has come to rest, until agreements let nothing be
 * held any more, and who forgot an end has heard of it again. */
static int64_t drain_ms(const struct world *world)
{
    int64_t days = world->options.retention_days;
    return SIM_DRAIN_MS + (days > 0 ? (days + 1) * DAY_MS : 0) +
           (world->options.revoke != 0 ? REVOCATION_AGAIN_MS : 0);
}

int64_t world_end_ms(const struct world *world)
{
    return world->options.minutes * 60000 + drain_ms(world);
}

static void review(struct world *world, void *subject, uint64_t argument)
{
    (void)subject;
    for (size_t i = 0; i < world->gateway_count; i++)
        if (world->gateways[i].is_up)
            gateway_queue(world, &world->gateways[i],
                letter_new(&world->letters, LETTER_REVIEW, SLICE_NONE));
    scheduler_add(&world->scheduler, REVIEW_MS, review, NULL, argument);
}

static void set_up(struct world *world)
{
    streams_begin(world);
    world->id_next = 1;
    world->hash = world->seed;
    size_t count = (size_t)world->options.agencies;
    world->gateway_count = count;
    if (world->options.referrals_per_day > 0)
        world->options.pause_ms =
            DAY_MS * world->options.clerks /
            (SUBMIT_EACH * world->options.referrals_per_day);
    if (world->options.dial_only >= world->options.agencies)
        world->options.dial_only = world->options.agencies - 1;
    world->gateways = calloc(count, sizeof *world->gateways);
    world->network.links = calloc(count * count, sizeof(struct link));
    world->was_closed = calloc(count * count, sizeof *world->was_closed);
    if (world->gateways == NULL || world->network.links == NULL ||
        world->was_closed == NULL)
        abort();
    watch_begin(&world->watch, count);
    for (size_t i = 0; i < count; i++)
        gateway_found(world, &world->gateways[i], i);
    accords_begin(world);
    for (size_t i = 0; i < world->gateway_count; i++)
        gateway_begin(world, &world->gateways[i]);
    programs_begin(world);
    network_begin(world);
    revocation_begin(world);
    rogue_begin(world);
    rot_begin(world);
    apart_begin(world);
    withholder_begin(world);
    flooder_begin(world);
    borrower_begin(world);
    int64_t calm_ms = world->options.minutes * 60000;
    scheduler_add(&world->scheduler, calm_ms, calm_down, NULL, 0);
    scheduler_add(&world->scheduler, world_end_ms(world) - SIM_IDLE_MS,
        idle_begin, NULL, 0);
    if (world->options.retention_days > 0)
        scheduler_add(&world->scheduler, REVIEW_MS, review, NULL, 0);
}

static void agreed_check(struct world *world)
{
    size_t done = 0;
    for (size_t i = 0; i < world->program_count; i++)
        if ((world->programs[i].rights & LOCAL_RIGHT_ADMIN) != 0)
            done += world->programs[i].of.operator_state.is_ready;
    world->is_agreed = done == world->gateway_count;
}

/* What stands in its store at the end, said or not. */
static void store_trace(struct world *world, const struct gateway *gateway)
{
    struct store_txn *txn;
    uint8_t bound[STORE_KEY_SIZE_MAX + 1];
    struct slice key = slice_of(bound, 0);
    struct slice value;
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    while (store_seek(txn, 0, &key, &value)) {
        world_trace(world, key.bytes, key.size);
        world_trace(world, value.bytes, value.size);
        /* the key after this one: the same and a zero byte */
        size_t size = key.size;
        memcpy(bound, key.bytes, size);
        bound[size] = 0;
        key = slice_of(bound, size + 1);
    }
    gateway->store->ops->abort(txn);
}

void world_run(struct world *world)
{
    struct event event;
    set_up(world);
    int64_t end_ms = world_end_ms(world);
    uint64_t step_count_max =
        STEP_COUNT_MAX *
        (uint64_t)(1 + world->options.agencies * world->options.minutes /
                           STEP_AGENCY_MINUTES);
    while (!world->failed && world->scheduler.now_ms < end_ms &&
           scheduler_take(&world->scheduler, &event)) {
        world->step++;
        world_trace_number(world, (uint64_t)event.at_ms);
        event.handle(world, event.subject, event.argument);
        if (!world->is_agreed)
            agreed_check(world);
        world->stopped = world->step == world->until;
        if (world->stopped)
            return;
        if (world->step >= step_count_max)
            world_fail(world, "world.busy-for-ever", 0);
    }
    if (!world->failed)
        revocation_check(world);
    if (!world->failed && !world->is_revoked &&
        !(world->is_amnesiac && world->options.recover == 0))
        audit_run(world);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        store_trace(world, &world->gateways[i]);
}

void world_clear(struct world *world)
{
    world->is_over = true;
    for (size_t i = 0; i < world->program_count; i++)
        program_release(&world->programs[i]);
    free(world->programs);
    for (size_t i = 0; i < world->gateway_count; i++)
        gateway_release(world, &world->gateways[i]);
    free(world->was_closed);
    free(world->gateways);
    accords_release(world);
    network_release(&world->network);
    apart_release(&world->apart);
    claimer_release(&world->claimer);
    letters_release(&world->letters);
    scheduler_release(&world->scheduler);
    truth_release(&world->truth);
    model_release(&world->model);
    watch_release(&world->watch);
    arena_reset(&world->batch);
    arena_reset(&world->scratch);
    arena_reset(&world->opened);
    arena_reset(&world->wire);
    arena_reset(&world->talk);
    *world = (struct world){ .batch = world->batch,
        .scratch = world->scratch,
        .opened = world->opened,
        .wire = world->wire,
        .talk = world->talk };
}

void world_release(struct world *world)
{
    arena_release(&world->batch);
    arena_release(&world->scratch);
    arena_release(&world->opened);
    arena_release(&world->wire);
    arena_release(&world->talk);
}
