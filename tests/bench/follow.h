/*
 * follow.h - the program at the other end: it follows a durable cursor and
 * notes which referrals came, and when.
 */
#ifndef BENCH_FOLLOW_H
#define BENCH_FOLLOW_H

#include <refer/refer.h>

#include "bench.h"

/* A referral, and when something was done with it. */
struct seen {
    char id[REFER_ID_SIZE];
    int64_t at_ns;
};

struct follower;

/* What came before is passed over. Takes a thread of its own, which notes the
 * next `count` referrals. */
struct follower *follower_start(const char *socket, uint32_t count);
/* Waits until all have come, and are acknowledged; `count` of them, sorted by
 * id. The program ends when there is a second of one, or a minute without. */
const struct seen *follower_wait(struct follower *follower);
void follower_free(struct follower *follower);

/* Sorts by id; the program ends when two have the same. */
void seen_sort(struct seen *seen, uint32_t count);

#endif
