#include "sim/gateway.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/erase.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "sim/agency.h"
#include "sim/batch.h"
#include "sim/disk.h"
#include "sim/keeping.h"
#include "sim/pause.h"
#include "sim/revocation.h"
#include "sim/rot.h"
#include "sim/rotation.h"
#include "sim/world.h"
#include "support/crypto_real.h"
#include "support/vault_plain.h"

#define GATEWAY_MEMORY_SIZE (2u * 1024 * 1024)
#define KEPT_SIZE (1u * 1024 * 1024)
#define STORE_CAPACITY (UINT64_C(1) << 30)
#define DAY_MS INT64_C(86400000)
/* A minute, but the weeks here are minutes long. */
#define MARK_MS 5000
/* A week, likewise; and in runs of hours, which would do little else. */
#define CHECK_MS 20000
#define CHECK_SELDOM_MS 120000
#define CHECK_OFTEN_MS_MAX INT64_C(7200000) /* runs up to that long */

size_t gateway_find(const struct world *world, const struct agency_id *agency)
{
    for (size_t i = 0; i < world->gateway_count; i++)
        if (agency_id_equal(&world->gateways[i].agency, agency))
            return i;
    return world->gateway_count;
}

struct contact *gateway_contact(struct gateway *gateway, size_t peer)
{
    struct contact **contact = &gateway->contacts[peer];
    if (*contact == NULL)
        *contact = calloc(1, sizeof **contact);
    if (*contact == NULL)
        abort();
    return *contact;
}

static void contacts_forget(const struct world *world, struct gateway *gateway)
{
    for (size_t i = 0; i < world->gateway_count; i++) {
        free(gateway->contacts[i]);
        gateway->contacts[i] = NULL;
    }
    free(gateway->served);
    gateway->served = NULL;
    gateway->served_capacity = 0;
}

/* How far off it is by now. */
static int64_t clock_error_ms(
    const struct world *world, const struct gateway *gateway)
{
    int64_t since_ms = world->scheduler.now_ms - gateway->clock_set_ms;
    return gateway->clock_offset_ms + since_ms * gateway->drift_permille / 1000;
}

bool gateway_clock_is_right(const struct gateway *gateway)
{
    return gateway->clock_offset_ms == 0 && gateway->drift_permille == 0;
}

struct instant gateway_now(
    const struct world *world, const struct gateway *gateway)
{
    return (struct instant){ SIM_EPOCH_MS + world->scheduler.now_ms +
                             clock_error_ms(world, gateway) };
}

int64_t gateway_steady_ms(
    const struct world *world, const struct gateway *gateway)
{
    int64_t steady_ms = gateway->steady_base_ms + world->scheduler.now_ms;
    return world->plant.timers_by_wall_clock
               ? steady_ms + clock_error_ms(world, gateway)
               : steady_ms;
}

/* ---- Inputs ------------------------------------------------------------- */

static int64_t turn_delay(struct world *world)
{
    if (CHANCE_OF_BATCH(world, slow_permille)) {
        TALLY(world, slow_batches);
        return 1 + world_below(world, STREAM_slow_permille,
                       45000); /* a disk that hardly works */
    }
    return world_below(world, STREAM_turn, 6);
}

static void turn(struct world *world, void *subject, uint64_t life)
{
    struct gateway *gateway = subject;
    if (gateway->life != life || !gateway->is_up)
        return;
    if (pause_holds(world, gateway, turn))
        return;
    gateway->turn_planned = false;
    batch_run(world, gateway);
    if (gateway->is_up && gateway->first != NULL)
        gateway_queue(world, gateway, NULL);
}

/* Of the network: several workers open what came, each at its pace. */
static bool is_foreign(const struct letter *letter)
{
    return letter->kind == LETTER_REQUEST || letter->kind == LETTER_REPLY;
}

static void enqueue(
    struct gateway *gateway, struct letter *letter, bool overtakes)
{
    letter->next_queued = overtakes ? gateway->first : NULL;
    if (overtakes || gateway->first == NULL)
        gateway->first = letter;
    else
        gateway->last->next_queued = letter;
    if (!overtakes)
        gateway->last = letter;
    gateway->queue_count++;
}

void gateway_queue(
    struct world *world, struct gateway *gateway, struct letter *letter)
{
    if (letter != NULL && !gateway->is_up) {
        letter_free(&world->letters, letter);
        return;
    }
    if (letter != NULL) {
        bool overtakes = is_foreign(letter) && gateway->first != NULL &&
                         CHANCE(world, overtake_permille);
        if (overtakes)
            TALLY(world, frames_overtaking);
        enqueue(gateway, letter, overtakes);
    }
    if (gateway->turn_planned)
        return;
    gateway->turn_planned = true;
    scheduler_add(
        &world->scheduler, turn_delay(world), turn, gateway, gateway->life);
}

/* ---- Dying and starting ------------------------------------------------- */

bool gateway_keeps(const struct world *world, size_t at)
{
    return (int64_t)(world->gateway_count - at) <= world->options.keepers;
}

static uint64_t check_period_ms(const struct world *world)
{
    if (!rot_is_on(world))
        return 0;
    return world_end_ms(world) > CHECK_OFTEN_MS_MAX ? CHECK_SELDOM_MS
                                                    : CHECK_MS;
}

static void start(struct world *world, void *subject, uint64_t life)
{
    struct gateway *gateway = subject;
    gateway->options = (struct node_options){
        .retry_delay_ms_min = RETRY_DELAY_MS_MIN,
        .retry_delay_ms_max = RETRY_DELAY_MS_MAX,
        .parcel_gap_ms = PARCEL_GAP_MS,
        .version = "sim",
        .hold_ms = world->options.hold_minutes * 60000,
        .check_period_ms = check_period_ms(world),
        .repeat_run_count = 16, /* a week has many */
        .erase_policy =
            gateway_keeps(world, gateway->index) ? ERASE_REFUSE : ERASE_FOLLOW,
    };
    if (gateway->life != life || gateway->is_up)
        return;
    world_say(world, "agency %zu starts", gateway->index);
    gateway->steady_base_ms = world_below(world, STREAM_turn, DAY_MS);
    gateway->wake_steady_ms = INT64_MAX;
    gateway->node = node_new(&gateway->options, gateway->crypto, gateway->vault,
        &gateway->memory, &world->batch, &world->scratch);
    assert(gateway->node != NULL);
    gateway->memory_empty = gateway->memory.used;
    gateway->is_up = true;
    watch_start(world, gateway->index);
    batch_start(world, gateway);
}

static uint64_t commits_of(const struct gateway *gateway)
{
    struct store_usage usage;
    gateway->store->ops->usage(gateway->store, &usage);
    return usage.commit_count;
}

void gateway_committed(struct world *world, struct gateway *gateway)
{
    size_t slot = gateway->past_count;
    disk_committed(world, gateway);
    if (world->options.restore_permille == 0 || world->is_calm)
        return;
    if (slot >= GATEWAY_PAST_COUNT) /* some are kept for long */
        slot = (size_t)world_below(
            world, STREAM_restore_permille, 3 * GATEWAY_PAST_COUNT);
    if (slot >= GATEWAY_PAST_COUNT)
        return;
    if (gateway->past_count < GATEWAY_PAST_COUNT)
        gateway->past_count++;
    struct gateway_past *past = &gateway->past[slot];
    store_memory_snapshot_free(past->store);
    if (store_memory_snapshot_take(gateway->disk, &past->store) != ERR_NONE)
        abort();
    past->mark = gateway->mark;
    past->is_blank = gateway->node->peer_count == 0;
    past->instance = (struct instance){ .life = node_life(gateway->node),
        .life_before = gateway->life_before,
        .commits = commits_of(gateway) };
}

void gateway_mark(struct world *world, struct gateway *gateway, bool ends_clean)
{
    uint64_t life = node_life(gateway->node);
    if (gateway->mark.life == life && !ends_clean &&
        world->scheduler.now_ms - gateway->marked_ms < MARK_MS)
        return;
    gateway->marked_ms = world->scheduler.now_ms;
    gateway->mark = (struct instance_mark){
        .is_there = true, .life = life, .commits = commits_of(gateway)
    };
}

bool gateway_has_lost(const struct world *world, size_t index)
{
    return world->gateways[index].loss_count > 0;
}

static void pasts_forget(struct gateway *gateway)
{
    for (size_t i = 0; i < GATEWAY_PAST_COUNT; i++) {
        store_memory_snapshot_free(gateway->past[i].store);
        gateway->past[i].store = NULL;
    }
    gateway->past_count = 0;
}

/* A new disk: the keys and the card are elsewhere, all else is gone. */
static void store_replace(struct world *world, struct gateway *gateway)
{
    const struct store_memory_options options = { .capacity = STORE_CAPACITY };
    pasts_forget(gateway);
    disk_close(gateway);
    if (store_memory_open(&options, &gateway->disk) != ERR_NONE)
        abort();
    disk_open(world, gateway);
    gateway->is_filled = false;
}

static int64_t losers_count(const struct world *world)
{
    int64_t count = 0;
    for (size_t i = 0; i < world->gateway_count; i++)
        count += gateway_has_lost(world, i);
    return count;
}

/* An old backup; of the whole machine, it may be. */
static void store_put_back(struct world *world, struct gateway *gateway)
{
    const struct gateway_past *past = &gateway->past[world_below(
        world, STREAM_restore_permille, (int64_t)gateway->past_count)];
    store_memory_restore(gateway->disk, past->store);
    if (CHANCE(world, mark_back_permille))
        gateway->mark = past->mark;
    enum loss_cause cause = instance_judge(&gateway->mark, &past->instance);
    gateway->hides_loss =
        cause == LOSS_NONE || (cause == LOSS_UNMARKED && past->is_blank);
    if (gateway->hides_loss)
        TALLY(world, losses_hidden);
}

/* A disk that lied, an old backup, or none. */
static void forget(struct world *world, struct gateway *gateway)
{
    int64_t most = world->options.losers > 0 ? world->options.losers : 1;
    bool loses = CHANCE(world, lose_permille);
    bool restores = CHANCE(world, restore_permille);
    if (!world->is_agreed || gateway->loss_count > 0 || world->has_rotted ||
        losers_count(world) >= most ||
        !(loses || (restores && gateway->past_count > 0)))
        return;
    gateway->loss_count++;
    gateway->lost_ms = world->scheduler.now_ms;
    gateway->has_just_lost = true;
    world->is_amnesiac = true;
    if (loses) {
        TALLY(world, stores_lost);
        store_replace(world, gateway);
    } else {
        TALLY(world, stores_restored);
        store_put_back(world, gateway);
        rot_put_back(world, gateway);
        disk_reopen(world, gateway);
    }
    gateway->owes_notice = !gateway->hides_loss;
    operator_begin_again(world, gateway); /* looks what is left */
    revocation_lost(world, gateway);
    apart_lost(world, gateway->index);
    world_say(world, "agency %zu has lost %s", gateway->index,
        loses ? "its store" : "commits");
}

static void die(struct world *world, struct gateway *gateway)
{
    world_say(world, "agency %zu dies", gateway->index);
    TALLY(world, restarts);
    gateway->paused_until_ms = 0;
    gateway->is_up = false;
    gateway->life++;
    gateway->node = NULL;
    gateway->turn_planned = false;
    store_memory_crash(gateway->disk);
    disk_lost_power(world, gateway);
    forget(world, gateway);
    arena_reset(&gateway->memory);
    while (gateway->first != NULL) {
        struct letter *letter = gateway->first;
        gateway->first = letter->next_queued;
        letter_free(&world->letters, letter);
    }
    gateway->last = NULL;
    gateway->queue_count = 0;
    contacts_forget(world, gateway);
    programs_cut_off(world, gateway);
}

void gateway_crash(struct world *world, struct gateway *gateway)
{
    die(world, gateway);
    scheduler_add(&world->scheduler,
        100 + world_below(
                  world, STREAM_restart_ms_max, world->options.restart_ms_max),
        start, gateway, gateway->life);
}

/* ---- Mishaps ------------------------------------------------------------ */

static int64_t mishap_delay(
    struct world *world, enum sim_stream stream, int64_t per_hour)
{
    return world_below(world, stream, 2 * world_hour_ms(world) / per_hour);
}

/* The sheet for the days around the present one, when that changed. */
static void sheet_renew(struct world *world, struct gateway *gateway)
{
    uint32_t day = agency_day(gateway_now(world, gateway));
    if (day == gateway->sheet_day || !gateway->is_up)
        return;
    gateway_queue(
        world, gateway, letter_new(&world->letters, LETTER_SHEET, SLICE_NONE));
}

void gateway_clock_set(
    struct world *world, struct gateway *gateway, int64_t offset_ms)
{
    gateway->clock_offset_ms = offset_ms;
    gateway->clock_set_ms = world->scheduler.now_ms;
    if (world->is_calm)
        gateway->drift_permille = 0;
    sheet_renew(world, gateway);
}

static void clock_step(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    (void)argument;
    if (world->is_calm)
        return;
    int64_t most_ms = world->options.clock_ms_max;
    int64_t offset_ms =
        world_below(world, STREAM_clock_ms_max, 2 * most_ms) - most_ms;
    TALLY(world, clock_steps);
    world_say(world, "agency %zu has its clock %lld ms off", gateway->index,
        (long long)offset_ms);
    gateway_clock_set(world, gateway, offset_ms);
    scheduler_add(&world->scheduler,
        mishap_delay(
            world, STREAM_clock_per_hour, world->options.clock_per_hour),
        clock_step, gateway, 0);
}

/* Switched off, on purpose or not, for longer than any restart takes; until
 * it is calm at the latest. */
static void go_away(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    int64_t left_ms = world->options.minutes * 60000 - world->scheduler.now_ms;
    int64_t away_ms =
        world_below(world, STREAM_away_ms_max, world->options.away_ms_max);
    (void)argument;
    if (world->is_calm)
        return;
    if (gateway->is_up) {
        TALLY(world, absences);
        gateway_mark(world, gateway, true);
        die(world, gateway);
        scheduler_add(&world->scheduler, away_ms < left_ms ? away_ms : left_ms,
            start, gateway, gateway->life);
    }
    scheduler_add(&world->scheduler,
        away_ms + mishap_delay(world, STREAM_away_per_hour,
                      world->options.away_per_hour),
        go_away, gateway, 0);
}

/* Of a store that is filled, at least; one that holds more is larger, so that
 * what is free has room for what a start writes. */
#define FILLED_CAPACITY_MIN (UINT64_C(4) << 20)
#define FILLED_FACTOR 4u

static uint64_t filled_capacity(const struct store_usage *usage)
{
    uint64_t capacity = FILLED_FACTOR * usage->used;
    return capacity > FILLED_CAPACITY_MIN ? capacity : FILLED_CAPACITY_MIN;
}

/* Other data, as it were, so that this much of the capacity is in use. */
static void ballast_put(
    struct gateway *gateway, uint64_t capacity, uint64_t percent)
{
    const struct slice key = SLICE_LITERAL("~ballast");
    struct store_usage usage;
    struct store_txn *txn;
    gateway->store->ops->usage(gateway->store, &usage);
    uint64_t wanted = capacity / 100 * percent;
    uint64_t size = usage.used < wanted ? wanted - usage.used : 0;
    uint8_t *bytes = calloc(1, size + 1);
    if (bytes == NULL ||
        gateway->store->ops->begin(gateway->store, true, &txn) != ERR_NONE)
        abort();
    if (percent > 0)
        store_put(txn, key, slice_of(bytes, size));
    else
        store_del(txn, key);
    if (gateway->store->ops->commit(txn) != ERR_NONE)
        abort();
    free(bytes);
    /* with this commit an old copy may have as many as its mark says */
    gateway->hides_loss |= gateway->owes_notice;
    gateway->owes_notice = false;
}

void gateway_empty(struct gateway *gateway)
{
    store_memory_set_capacity(gateway->disk, STORE_CAPACITY);
    if (gateway->is_filled)
        ballast_put(gateway, 0, 0);
    gateway->is_filled = false;
}

static void store_fill(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    bool was_filled = gateway->is_filled;
    (void)argument;
    gateway_empty(gateway);
    if (!was_filled && !world->is_calm) {
        struct store_usage usage;
        gateway->store->ops->usage(gateway->store, &usage);
        uint64_t capacity = filled_capacity(&usage);
        ballast_put(gateway, capacity,
            78 + (uint64_t)world_below(world, STREAM_full_per_hour, 16));
        store_memory_set_capacity(gateway->disk, capacity);
        gateway->is_filled = true;
        TALLY(world, stores_filled);
    }
    scheduler_add(&world->scheduler,
        gateway->is_filled
            ? world_below(world, STREAM_full_per_hour, INT64_C(240000))
            : mishap_delay(
                  world, STREAM_full_per_hour, world->options.full_per_hour),
        store_fill, gateway, 0);
}

static void midnight_watch(
    struct world *world, void *subject, uint64_t argument)
{
    (void)argument;
    sheet_renew(world, subject);
    scheduler_add(
        &world->scheduler, INT64_C(600000), midnight_watch, subject, 0);
}

/* ---- Founding ----------------------------------------------------------- */

void gateway_found(struct world *world, struct gateway *gateway, size_t index)
{
    const struct store_memory_options options = { .capacity = STORE_CAPACITY };
    gateway->index = index;
    gateway->life = 1;
    gateway->lost_ms = -1;
    gateway->vault = vault_plain_new();
    gateway->crypto = world->options.real_crypto != 0
                          ? crypto_real_new(world->seed * 4096 + index, 0, 0)
                          : crypto_fake_new(world->seed * 4096 + index, 0, 0);
    gateway->contacts = calloc(world->gateway_count, sizeof *gateway->contacts);
    if (gateway->contacts == NULL ||
        arena_init(&gateway->memory, GATEWAY_MEMORY_SIZE) != ERR_NONE ||
        arena_init(&gateway->kept, KEPT_SIZE) != ERR_NONE ||
        store_memory_open(&options, &gateway->disk) != ERR_NONE)
        abort();
    disk_open(world, gateway);
    agency_found(world, gateway);
}

void gateway_begin(struct world *world, struct gateway *gateway)
{
    int64_t drift = world->options.drift_permille;
    if (drift > 0)
        gateway->drift_permille =
            world_below(world, STREAM_drift_permille, 2 * drift + 1) - drift;
    start(world, gateway, gateway->life);
    midnight_watch(world, gateway, 0);
    if (world->options.clock_per_hour > 0)
        scheduler_add(&world->scheduler,
            mishap_delay(
                world, STREAM_clock_per_hour, world->options.clock_per_hour),
            clock_step, gateway, 0);
    rotation_begin(world, gateway);
    disk_begin(world, gateway);
    pause_begin(world, gateway);
    if (world->options.away_per_hour > 0)
        scheduler_add(&world->scheduler,
            mishap_delay(
                world, STREAM_away_per_hour, world->options.away_per_hour),
            go_away, gateway, 0);
    keeping_begin(world, gateway);
    if (world->options.full_per_hour > 0)
        scheduler_add(&world->scheduler,
            mishap_delay(
                world, STREAM_full_per_hour, world->options.full_per_hour),
            store_fill, gateway, 0);
}

void gateway_release(struct world *world, struct gateway *gateway)
{
    contacts_forget(world, gateway);
    free(gateway->contacts);
    pasts_forget(gateway);
    disk_release(gateway);
    if (gateway->disk != NULL)
        disk_close(gateway);
    if (gateway->vault != NULL)
        gateway->vault->ops->close(gateway->vault);
    arena_release(&gateway->memory);
    arena_release(&gateway->kept);
    crypto_fake_free(gateway->crypto);
}
