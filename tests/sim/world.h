/*
 * world.h - everything of one run: the agencies, what connects them, the
 * programs that work with them, and what the simulator itself knows to be
 * true. A run is a function of its seed and options.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/prng.h"
#include "sim/accord.h"
#include "sim/apart.h"
#include "sim/claimer.h"
#include "sim/flooder.h"
#include "sim/forger.h"
#include "sim/gateway.h"
#include "sim/letter.h"
#include "sim/model.h"
#include "sim/network.h"
#include "sim/newer.h"
#include "sim/options.h"
#include "sim/program.h"
#include "sim/rogue.h"
#include "sim/scheduler.h"
#include "sim/stale.h"
#include "sim/tally.h"
#include "sim/truth.h"
#include "sim/twofold.h"
#include "sim/usurper.h"
#include "sim/watch.h"

/* After the last fault: the longest backoff, and what may follow it. */
#define SIM_DRAIN_MS INT64_C(1200000)

/* The last of it, in which nobody has anything to say any more. */
#define SIM_IDLE_MS INT64_C(600000)

/* 2026-11-22T10:00:00Z: virtual time 0. */
#define SIM_EPOCH_MS INT64_C(1795341600000)

struct world {
    uint64_t seed;
    struct sim_options options;
    struct sim_plant plant;
    bool verbose;
    uint64_t until; /* step to stop after; 0: none */

    struct prng streams[STREAM_COUNT];
    struct scheduler scheduler;
    struct letters letters;
    struct network network;
    struct gateway *gateways;
    size_t gateway_count;
    struct program *programs;
    size_t program_count;
    struct accord *accords;
    size_t accord_count;
    struct truth truth;
    struct model model;
    struct watch watch;
    bool *was_closed; /* of here * gateway_count + there: closer.h */
    struct apart apart;
    struct claimer claimer;
    struct flooder flooder;
    struct forger forger;
    struct newer newer;
    struct stale stale;
    struct twofold twofold;
    struct usurper usurper;
    int64_t smuggled_ms; /* when the last was: smuggler.h */
    struct tally *tally; /* of all runs */

    struct arena batch;   /* shared: batches do not overlap */
    struct arena scratch; /* of steps */
    struct arena opened;  /* requests and replies of the batch, opened */
    struct arena wire;    /* one frame being sealed */
    struct arena talk;    /* one local message */

    uint64_t id_next;
    size_t star_next; /* member that the hub refers to */
    uint64_t step;
    uint64_t hash;      /* over all that left a gateway, and what stores hold */
    bool is_agreed;     /* the first versions are in force everywhere */
    bool is_calm;       /* no more faults, no more new work */
    bool has_rotted;    /* what others hold: nobody loses it any more */
    bool is_amnesiac;   /* a store lost commits: see `recover` */
    bool is_rogue;      /* somebody did not play by the rules: rogue.h */
    bool is_forked;     /* somebody has two histories of a ledger */
    bool is_revoked;    /* agency 0 ended its card: only safety is promised */
    bool is_over;       /* programs come to their end */
    bool unchecked;     /* authors do not judge: recipients must */
    bool is_quiet;      /* failures are not printed */
    const char *replay; /* what to put behind the seed to have it again */
    bool failed;
    const char *failure; /* its checker */
    bool stopped;        /* by `until` */
};

/* Takes the arenas; all else is zero and the caller's to fill. */
void world_init(struct world *world);
/* Runs one seed to its end or first failure. */
void world_run(struct world *world);
/* When it ends, all being calm since long before. */
int64_t world_end_ms(const struct world *world);
/* Forgets the run; the arenas stay for the next. */
void world_clear(struct world *world);
void world_release(struct world *world);

/* The agency's operator, and its reader. */
struct program *world_operator(struct world *world, size_t gateway);
const struct program *world_reader(const struct world *world, size_t gateway);

/* A promise was broken; the first one counts. */
void world_fail(struct world *world, const char *what, size_t agency);

/* One line of -v. */
void world_say(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Mixes bytes into the run's hash. */
void world_trace(struct world *world, const void *bytes, size_t size);
void world_trace_number(struct world *world, uint64_t number);

/* True so many times in a thousand; never once it is calm. */
bool world_chance(
    struct world *world, enum sim_stream stream, int64_t permille);
#define CHANCE(world, fault)                                                   \
    world_chance(world, STREAM_##fault, (world)->options.fault)
/* The same at each batch: the more peers a gateway has, the more batches does
 * one restart cost, and fifty would never get over the first. */
#define CHANCE_OF_BATCH(world, fault)                                          \
    world_chance_of_batch(world, STREAM_##fault, (world)->options.fault)
bool world_chance_of_batch(
    struct world *world, enum sim_stream stream, int64_t permille);
/* The time in which as much comes as `_per_hour` says: weeks are minutes long
 * here, but where they are days, so are hours. */
int64_t world_hour_ms(const struct world *world);
/* 0 to limit - 1. */
int64_t world_below(struct world *world, enum sim_stream stream, int64_t limit);
void world_fill(struct world *world, void *bytes, size_t size);

#endif
