/*
 * clock_trust.h - may the wall clock be believed? A pure judgement: a clock
 * that jumps must not destroy keys that peers still seal to.
 *
 * It is doubted when it moved an hour away from the steady clock, or when the
 * process starts on a day beyond all keys that it made before: the gateway was
 * off for weeks, or the clock ran ahead. After a day without another jump it
 * is believed again: by then whoever keeps the clock has had time to set it.
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

/* At the start. `newest_day`: the last day (since 1970) that had a key then;
 * 0: none had, so nothing can be told. */
void clock_trust_begin(struct clock_trust *trust, int64_t wall_ms,
    int64_t steady_ms, uint32_t newest_day);

/* Whether keys may be destroyed by this clock. */
bool clock_trust_holds(
    struct clock_trust *trust, int64_t wall_ms, int64_t steady_ms);

#endif
