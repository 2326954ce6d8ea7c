#include "daemon/clock_trust.h"

#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define DAY_MS (24 * HOUR_MS)

void clock_trust_begin(struct clock_trust *trust, int64_t wall_ms,
    int64_t steady_ms, bool is_unknown_day)
{
    *trust = (struct clock_trust){
        .base_wall_ms = wall_ms,
        .base_steady_ms = steady_ms,
        .doubted_until_steady_ms =
            is_unknown_day ? steady_ms + DAY_MS : INT64_MIN,
    };
}

bool clock_trust_holds(
    struct clock_trust *trust, int64_t wall_ms, int64_t steady_ms)
{
    int64_t drift_ms =
        (wall_ms - trust->base_wall_ms) - (steady_ms - trust->base_steady_ms);
    if (drift_ms <= -HOUR_MS || drift_ms >= HOUR_MS) {
        trust->base_wall_ms = wall_ms;
        trust->base_steady_ms = steady_ms;
        trust->doubted_until_steady_ms = steady_ms + DAY_MS;
    }
    return steady_ms >= trust->doubted_until_steady_ms;
}
