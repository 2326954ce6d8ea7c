/*
 * clock_trust.h - may the wall clock be believed? A pure judgement: a clock
 * that jumps must not destroy keys that peers still seal to.
 *
 * It is doubted when it moved an hour away from the steady clock, or when the
 * process starts on a day that it made no key for before: the gateway was off
 * for weeks, or the clock is ahead, or behind. After a day without another jump
 * it is believed again: by then whoever keeps the clock has had time to set
 * it.
 */
#ifndef DAEMON_CLOCK_TRUST_H
#define DAEMON_CLOCK_TRUST_H

#include <stdbool.h>
#include <stdint.h>

struct clock_trust {
    int64_t base_wall_ms; /* both clocks, when they were last compared anew */
    int64_t base_steady_ms;
    int64_t doubted_until_steady_ms;
};

/* At the start. `is_unknown_day`: other days had keys then, and this one has
 * none. */
void clock_trust_begin(struct clock_trust *trust, int64_t wall_ms,
    int64_t steady_ms, bool is_unknown_day);

/* Whether keys may be destroyed by this clock. */
bool clock_trust_holds(
    struct clock_trust *trust, int64_t wall_ms, int64_t steady_ms);

#endif
