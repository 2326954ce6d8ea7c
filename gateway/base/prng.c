#include "base/prng.h"

uint64_t splitmix64_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct prng prng_from_seed(uint64_t seed)
{
    struct prng prng;
    for (int i = 0; i < 4; i++)
        prng.state[i] = splitmix64_next(&seed);
    return prng;
}

static uint64_t rotate_left(uint64_t value, unsigned count)
{
    return value << count | value >> (64 - count);
}

uint64_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t next = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return next;
}

uint64_t prng_below(struct prng *prng, uint64_t limit)
{
    if (limit < 2)
        return 0;
    /* 2^64 mod limit: what is below it would favour the small numbers */
    uint64_t surplus = (0 - limit) % limit;
    uint64_t number;
    do {
        number = prng_next(prng);
    } while (number < surplus);
    return number % limit;
}

void prng_fill(struct prng *prng, void *bytes, size_t size)
{
    uint8_t *next = bytes;
    while (size > 0) {
        uint64_t number = prng_next(prng);
        for (int i = 0; i < 8 && size > 0; i++, size--) {
            *next++ = (uint8_t)number;
            number >>= 8;
        }
    }
}
