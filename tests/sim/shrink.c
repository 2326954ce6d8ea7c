#include "sim/shrink.h"

#include <stdio.h>
#include <string.h>

#define RUN_COUNT_MAX 400u
#define ROUND_COUNT_MAX 3

/* In which order; what cannot go on without it has a least value. */
enum way {
    WAY_HALVE, /* towards the least, by bisection */
    WAY_DROP,  /* to the least at once, or not at all */
    WAY_COUNT_DOWN,
};

static const struct part {
    const char *name;
    size_t offset;
    int64_t least;
    enum way way;
} parts[] = {
#define PART(name, least, way)                                                 \
    { #name, offsetof(struct sim_options, name), least, way },
#define X(name, least, most) PART(name, 0, WAY_DROP)
    PART(minutes, 1, WAY_HALVE) SIM_FAULT_LIST(X) SIM_RARE_LIST(X)
        SIM_EXTRA_LIST(X) PART(agencies, 2, WAY_COUNT_DOWN) PART(
            clerks, 1, WAY_COUNT_DOWN) PART(policy_permille, 0, WAY_DROP)
#undef X
#define X(name, least, most) PART(name, least, WAY_DROP)
            SIM_MEASURE_LIST(X)
#undef X
                PART(referrals_max, 1, WAY_HALVE) PART(batch_max, 1, WAY_DROP)
#undef PART
};

struct shrinking {
    struct sim_options *options;
    const char *checker;
    shrink_run *run;
    void *user;
    unsigned run_count;
};

static int64_t *value_of(struct sim_options *options, const struct part *part)
{
    return (int64_t *)(void *)((char *)options + part->offset);
}

/* True when it still fails so; it stays as it was otherwise. */
static bool try(
    struct shrinking *shrinking, const struct part *part, int64_t value)
{
    struct sim_options smaller = *shrinking->options;
    *value_of(&smaller, part) = value;
    if (shrinking->run_count >= RUN_COUNT_MAX)
        return false;
    shrinking->run_count++;
    const char *spoke = shrinking->run(shrinking->user, &smaller);
    if (spoke == NULL || strcmp(spoke, shrinking->checker) != 0)
        return false;
    *shrinking->options = smaller;
    return true;
}

/* Between what does not fail and what does. */
static bool halve(struct shrinking *shrinking, const struct part *part)
{
    const int64_t *value = value_of(shrinking->options, part);
    int64_t before = *value;
    int64_t below = part->least - 1;
    while (*value - below > 1)
        if (!try(shrinking, part, below + (*value - below) / 2))
            below += (*value - below) / 2;
    return *value < before;
}

static bool count_down(struct shrinking *shrinking, const struct part *part)
{
    const int64_t *value = value_of(shrinking->options, part);
    int64_t before = *value;
    while (*value > part->least && try(shrinking, part, *value - 1)) {
    }
    return *value < before;
}

/* 0 stands for no bound: the first is one that is never reached. */
#define REFERRAL_COUNT_MANY 64

static bool part_shrink(struct shrinking *shrinking, const struct part *part)
{
    const int64_t *value = value_of(shrinking->options, part);
    if (part->offset == offsetof(struct sim_options, referrals_max) &&
        *value == 0 && !try(shrinking, part, REFERRAL_COUNT_MANY))
        return false;
    if (*value <= part->least)
        return false;
    switch (part->way) {
    case WAY_HALVE:
        return halve(shrinking, part);
    case WAY_COUNT_DOWN:
        return count_down(shrinking, part);
    case WAY_DROP:
    default:
        return try(shrinking, part, part->least);
    }
}

unsigned shrink(struct sim_options *options, const char *checker,
    shrink_run *run, void *user)
{
    struct shrinking shrinking = { options, checker, run, user, 0 };
    bool shrinks = true;
    for (int round = 0; shrinks && round < ROUND_COUNT_MAX; round++) {
        shrinks = false;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            shrinks |= part_shrink(&shrinking, &parts[i]);
    }
    return shrinking.run_count;
}

void shrink_print(
    const struct sim_options *options, const struct sim_options *base)
{
#define X(name, least, most)                                                   \
    if (options->name != base->name)                                           \
        printf(" --%s %lld", #name, (long long)options->name);
    SIM_OPTION_LIST(X)
    SIM_FAULT_LIST(X)
    SIM_MEASURE_LIST(X)
    SIM_RARE_LIST(X)
    SIM_EXTRA_LIST(X)
#undef X
}
