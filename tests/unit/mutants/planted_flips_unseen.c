/* Every value has the same checksum, so that each is what it should be. */
#include "base/checksum.h"

uint64_t __wrap_checksum(uint64_t seed, struct slice bytes);
uint64_t __wrap_checksum(uint64_t seed, struct slice bytes)
{
    (void)seed;
    (void)bytes;
    return 0;
}
