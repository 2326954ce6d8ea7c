/*
 * checksum.h - 64 bits that change when bytes do: XXH64. Finds damage (a
 * flipped bit, a misplaced block), never malice; names are not hashed with it
 * for anyone to see.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stdint.h>

#include "base/slice.h"

/* Of two parts: checksum(checksum(0, first), second). Same on any machine. */
uint64_t checksum(uint64_t seed, struct slice bytes);

#endif
