#include "core/repeat_filter.h"

#include <string.h>

/* Of 16 bits for each name: one foreign name in a thousand passes. */
#define BITS_EACH_LOG2 4u
#define MARK_COUNT 6u
_Static_assert(BITS_EACH_LOG2 >= 3, "whole bytes");

void repeat_filter_init(
    struct repeat_filter *filter, struct arena *memory, uint32_t name_count)
{
    *filter = (struct repeat_filter){ .memory = memory };
    while ((UINT64_C(1) << filter->position_bits) < name_count)
        filter->position_bits++;
    filter->position_bits += BITS_EACH_LOG2;
}

static size_t position_count(const struct repeat_filter *filter)
{
    return (size_t)1 << filter->position_bits;
}

size_t repeat_filter_size(const struct repeat_filter *filter)
{
    return position_count(filter) / 8;
}

static uint64_t half_of(const uint8_t *bytes)
{
    uint64_t half = 0;
    for (size_t i = 0; i < 8; i++)
        half = half << 8 | bytes[i];
    return half;
}

/* Names are hashes: each half is one already. */
static void positions_of(const struct repeat_filter *filter,
    const uint8_t name[REPEAT_NAME_SIZE], size_t positions[MARK_COUNT])
{
    uint64_t at = half_of(name);
    uint64_t step = half_of(name + 8) | 1;
    for (size_t i = 0; i < MARK_COUNT; i++, at += step)
        positions[i] = (size_t)(at >> (64 - filter->position_bits));
}

void repeat_filter_mark(const struct repeat_filter *filter, uint8_t *bits,
    const uint8_t name[REPEAT_NAME_SIZE])
{
    size_t positions[MARK_COUNT];
    positions_of(filter, name, positions);
    for (size_t i = 0; i < MARK_COUNT; i++)
        bits[positions[i] / 8] |= (uint8_t)(1u << positions[i] % 8);
}

/* Eight positions' bits of a run. */
static void eight_add(uint8_t *bytes, unsigned bits, unsigned run)
{
    bytes[0] |= (uint8_t)((bits & 1) << run);
    bytes[1] |= (uint8_t)((bits >> 1 & 1) << run);
    bytes[2] |= (uint8_t)((bits >> 2 & 1) << run);
    bytes[3] |= (uint8_t)((bits >> 3 & 1) << run);
    bytes[4] |= (uint8_t)((bits >> 4 & 1) << run);
    bytes[5] |= (uint8_t)((bits >> 5 & 1) << run);
    bytes[6] |= (uint8_t)((bits >> 6 & 1) << run);
    bytes[7] |= (uint8_t)((bits >> 7 & 1) << run);
}

void repeat_filter_add(struct repeat_filter *filter, struct slice bits)
{
    uint32_t index = filter->run_count++;
    uint32_t group = index / REPEAT_FILTER_RUNS;
    unsigned run = index % REPEAT_FILTER_RUNS;
    if (group >= REPEAT_FILTER_GROUP_COUNT_MAX)
        return;
    if (index % REPEAT_FILTER_RUNS == 0)
        filter->groups[group] =
            arena_take(filter->memory, position_count(filter));
    uint8_t *bytes = filter->groups[group];
    if (bytes == NULL)
        return;
    /* without branches: each start does it for every position of every run */
    bool is_ours = bits.size == repeat_filter_size(filter);
    for (size_t i = 0; i < repeat_filter_size(filter); i++, bytes += 8)
        eight_add(bytes, is_ours ? bits.bytes[i] : UINT8_MAX, run);
}

/* Of a group's runs, those that may hold the name. */
static unsigned candidates(
    const uint8_t *group, const size_t positions[MARK_COUNT])
{
    unsigned runs = (1u << REPEAT_FILTER_RUNS) - 1;
    for (size_t i = 0; group != NULL && i < MARK_COUNT; i++)
        runs &= group[positions[i]];
    return runs;
}

uint32_t repeat_filter_next(const struct repeat_filter *filter, uint32_t run,
    const uint8_t name[REPEAT_NAME_SIZE])
{
    size_t positions[MARK_COUNT];
    positions_of(filter, name, positions);
    while (run > 0) {
        uint32_t group = (run - 1) / REPEAT_FILTER_RUNS;
        unsigned runs = candidates(group < REPEAT_FILTER_GROUP_COUNT_MAX
                                       ? filter->groups[group]
                                       : NULL,
            positions);
        do {
            if ((runs >> (run - 1) % REPEAT_FILTER_RUNS & 1) != 0)
                return run;
        } while (--run % REPEAT_FILTER_RUNS != 0);
    }
    return 0;
}
