/* XXH64 as in its specification, 0.1.1 (github.com/Cyan4973/xxHash). */
#include "base/checksum.h"

#include <stddef.h>

#define PRIME_1 0x9E3779B185EBCA87u
#define PRIME_2 0xC2B2AE3D27D4EB4Fu
#define PRIME_3 0x165667B19E3779F9u
#define PRIME_4 0x85EBCA77C2B2AE63u
#define PRIME_5 0x27D4EB2F165667C5u

#define LANE_COUNT 4
#define STRIPE_SIZE 32

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t read_u32(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 |
           (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24;
}

static uint64_t read_u64(const uint8_t *bytes)
{
    return read_u32(bytes) | read_u32(bytes + 4) << 32;
}

static uint64_t mix(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

/* Whole stripes; moves *bytes behind them. */
static uint64_t mix_stripes(uint64_t seed, const uint8_t **bytes, size_t count)
{
    uint64_t lanes[LANE_COUNT] = { seed + PRIME_1 + PRIME_2, seed + PRIME_2,
        seed, seed - PRIME_1 };
    for (; count > 0; count--)
        for (int i = 0; i < LANE_COUNT; i++, *bytes += 8)
            lanes[i] = mix(lanes[i], read_u64(*bytes));

    uint64_t sum = rotate(lanes[0], 1) + rotate(lanes[1], 7) +
                   rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int i = 0; i < LANE_COUNT; i++)
        sum = (sum ^ mix(0, lanes[i])) * PRIME_1 + PRIME_4;
    return sum;
}

static uint64_t avalanche(uint64_t sum)
{
    sum = (sum ^ sum >> 33) * PRIME_2;
    sum = (sum ^ sum >> 29) * PRIME_3;
    return sum ^ sum >> 32;
}

uint64_t checksum(uint64_t seed, struct slice bytes)
{
    const uint8_t *next = bytes.bytes;
    size_t rest = bytes.size % STRIPE_SIZE;
    uint64_t sum = bytes.size < STRIPE_SIZE
                       ? seed + PRIME_5
                       : mix_stripes(seed, &next, bytes.size / STRIPE_SIZE);
    sum += bytes.size;
    for (; rest >= 8; rest -= 8, next += 8)
        sum = rotate(sum ^ mix(0, read_u64(next)), 27) * PRIME_1 + PRIME_4;
    if (rest >= 4) {
        sum = rotate(sum ^ read_u32(next) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        rest -= 4;
        next += 4;
    }
    for (; rest > 0; rest--, next++)
        sum = rotate(sum ^ *next * PRIME_5, 11) * PRIME_1;
    return avalanche(sum);
}
