#include "daemon/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec at;
    if (clock_gettime(clock, &at) != 0)
        abort(); /* both clocks exist on every system we build for */
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

struct instant clock_wall(void)
{
    return (struct instant){ read_ms(CLOCK_REALTIME) };
}

int64_t clock_steady_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
