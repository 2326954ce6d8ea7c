/*
 * apart.h - agency 0 is cut off from all others, for longer than a day
 * (--apart_hours). Where nothing was exchanged for 24 hours people must hear of
 * it, once, at both ends: not before that, over restarts, and no longer than
 * it lasts.
 *   alarm.early    one is raised about agencies that were not apart a day
 *   alarm.missing  none is raised where one must be
 *   alarm.twice    it is told again while it stands
 *   alarm.stays    it stands when all is well again
 */
#ifndef SIM_APART_H
#define SIM_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct world;

struct apart {
    int64_t begins_ms; /* 0: not in this run */
    int64_t ends_ms;
    bool is_mute;        /* no dial fails */
    const char **raised; /* of here * gateway_count + there: which; or NULL */
};

/* Plans it in the middle of the work, which lasts as much longer. */
void apart_begin(struct world *world);
void apart_release(struct apart *apart);

/* These two hear nothing of each other now. */
bool apart_cuts(const struct world *world, size_t from, size_t to);

/* What a gateway said. */
void apart_log(struct world *world, size_t at, const struct log_entry *entry);

/* A gateway says that people should talk about that peer. */
bool apart_alarm_stands(struct world *world, size_t at, size_t peer);

/* What it did not come to say: the machine stopped after it was committed. */
void apart_unsaid(
    struct world *world, size_t at, const struct log_entry *entry);

/* Its store is another: what it told before it may tell again. */
void apart_lost(struct world *world, size_t at);

/* When all is quiet. */
void apart_check(struct world *world, size_t at);

#endif
