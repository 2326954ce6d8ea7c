#include "sim/options.h"

#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/prng.h"
#include "base/slice.h"

static int64_t between(struct prng *prng, int64_t least, int64_t most)
{
    return least + (int64_t)prng_below(prng, (uint64_t)(most - least + 1));
}

/* Small values more often than large ones: most weeks are not that bad. */
static int64_t measure_draw(struct prng *prng, int64_t least, int64_t most)
{
    return between(prng, least, between(prng, least, most));
}

static int64_t fault_draw(struct prng *prng, int64_t least, int64_t most)
{
    return prng_below(prng, 2) == 0 ? 0 : measure_draw(prng, least, most);
}

const char *sim_stream_name(enum sim_stream stream)
{
    static const char *const names[] = {
#define X(name, least, most) [STREAM_##name] = #name,
        SIM_STREAM_LIST(X) SIM_OPTION_LIST(X) SIM_FAULT_LIST(X)
            SIM_MEASURE_LIST(X) SIM_RARE_LIST(X) SIM_EXTRA_LIST(X)
#undef X
    };
    return names[stream];
}

/* Each by itself: an option more leaves the others as they were. */
static struct prng prng_of(uint64_t seed, enum sim_stream stream)
{
    struct slice name = slice_of_text(sim_stream_name(stream));
    return prng_from_seed(checksum(seed ^ UINT64_C(0x6f7074696f6e73), name));
}

struct sim_options sim_options_draw(uint64_t seed)
{
    struct prng prng;
    struct sim_options options = { 0 };
#define X(name, least, most)                                                   \
    prng = prng_of(seed, STREAM_##name);                                       \
    options.name = between(&prng, least, most);
    SIM_OPTION_LIST(X)
#undef X
#define X(name, least, most)                                                   \
    prng = prng_of(seed, STREAM_##name);                                       \
    options.name = fault_draw(&prng, least, most);
    SIM_FAULT_LIST(X)
#undef X
#define X(name, least, most)                                                   \
    prng = prng_of(seed, STREAM_##name);                                       \
    options.name = measure_draw(&prng, least, most);
    SIM_MEASURE_LIST(X)
#undef X
    return options;
}

void sim_options_without(struct sim_options *options)
{
#define X(name, least, most) options->name = 0;
    SIM_FAULT_LIST(X)
    SIM_RARE_LIST(X)
#undef X
}

void sim_options_with_most(struct sim_options *options, uint64_t seed)
{
    struct prng prng;
#define X(name, least, most)                                                   \
    prng = prng_of(seed, STREAM_##name);                                       \
    options->name = measure_draw(&prng, least, most);
    SIM_FAULT_LIST(X)
    SIM_RARE_LIST(X)
#undef X
}

/* Whether a seed that has the mix has that part of it. */
static bool is_in_mix(
    uint64_t seed, enum sim_stream stream, uint64_t percent, unsigned mixes)
{
    static const enum sim_mix all[] = { MIX_QUIET, MIX_LOSS, MIX_CHEAT,
        MIX_LAST };
    struct prng prng = prng_of(seed, STREAM_mix);
    unsigned mix = all[prng_below(&prng, sizeof all / sizeof *all)];
    prng = prng_of(
        checksum(seed, slice_of_text(sim_stream_name(stream))), STREAM_mixed);
    return (mixes & mix) != 0 && prng_below(&prng, 100) < percent;
}

#define REFERRALS_PER_DAY 10
#define HOURS_EACH 24

void sim_options_slow(struct sim_options *options)
{
    options->referrals_per_day = REFERRALS_PER_DAY;
    options->hours_each = HOURS_EACH;
}

void sim_options_with_all(struct sim_options *options, uint64_t seed)
{
    struct prng prng;
    sim_options_with_most(options, seed);
#define X(name, least, most, percent, mixes)                                   \
    prng = prng_of(seed, STREAM_##name);                                       \
    if (is_in_mix(seed, STREAM_##name, percent, mixes))                        \
        options->name = between(&prng, least, most);
    SIM_ALL_LIST(X)
#undef X
    if (options->apart_hours > 0) {
        sim_options_slow(options);
        options->clock_per_hour = 0;
        options->drift_permille = 0;
    }
}

bool sim_options_set(
    struct sim_options *options, const char *name, int64_t value)
{
#define X(option, least, most)                                                 \
    if (strcmp(name, #option) == 0) {                                          \
        options->option = value;                                               \
        return true;                                                           \
    }
    SIM_OPTION_LIST(X)
    SIM_FAULT_LIST(X)
    SIM_MEASURE_LIST(X)
    SIM_RARE_LIST(X)
    SIM_EXTRA_LIST(X)
#undef X
    return false;
}

void sim_options_print(const struct sim_options *options)
{
#define X(name, least, most)                                                   \
    if (options->name != 0)                                                    \
        printf(" %s=%lld", #name, (long long)options->name);
    SIM_OPTION_LIST(X)
    SIM_FAULT_LIST(X)
    SIM_MEASURE_LIST(X)
    SIM_RARE_LIST(X)
    SIM_EXTRA_LIST(X)
#undef X
    printf("\n");
}
