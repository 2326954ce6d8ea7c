#include "sim/options.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"

static int64_t between(struct prng *prng, int64_t least, int64_t most)
{
    return least + (int64_t)prng_below(prng, (uint64_t)(most - least + 1));
}

/* Small values more often than large ones: most weeks are not that bad. */
static int64_t fault_draw(struct prng *prng, int64_t least, int64_t most)
{
    if (prng_below(prng, 2) == 0)
        return 0;
    int64_t upper = between(prng, least, most);
    return between(prng, least, upper);
}

struct sim_options sim_options_draw(uint64_t seed)
{
    struct prng prng = prng_from_seed(seed ^ UINT64_C(0x6f7074696f6e73));
    struct sim_options options = { 0 };
#define X(name, least, most) options.name = between(&prng, least, most);
    SIM_OPTION_LIST(X)
#undef X
#define X(name, least, most) options.name = fault_draw(&prng, least, most);
    SIM_FAULT_LIST(X)
#undef X
    /* a fault without its measure takes the least */
    if (options.late_ms_max == 0)
        options.late_ms_max = 1000;
    if (options.down_ms_max == 0)
        options.down_ms_max = 10000;
    if (options.restart_ms_max == 0)
        options.restart_ms_max = 1000;
    if (options.clock_ms_max == 0)
        options.clock_ms_max = 1000;
    return options;
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
    SIM_EXTRA_LIST(X)
#undef X
    printf("\n");
}
