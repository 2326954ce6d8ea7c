/*
 * scrub_patrol.h - the gateway looks at its store by itself, piece by piece
 * between what others want: some time after each start, then as often as the
 * configuration says. What is found is told in the log, in numbers, and to
 * `health`; a content that a peer holds is mended with it (scrub_mend.h), and
 * looked at again. A damaged row of contents is taken away when a whole check
 * after that found nothing that speaks of it: what was read wrong once may be
 * sound. A row whose key says all is written again (scrub_again.h).
 *
 * When a check ended and what it found outlives a restart, and so does how far
 * one is that has found nothing: a gateway that restarts each day looks at all
 * of its store in time, and one that restarts each hour too.
 */
#ifndef CORE_SCRUB_PATROL_H
#define CORE_SCRUB_PATROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "core/scrub.h"

/* A parcel with a content that does not open. */
struct patrol_loss {
    uint32_t peer;
    uint8_t direction;
    uint64_t generation;
    uint64_t first_index;
};

/* A row of contents that was damaged, and nothing had missed one of it. */
struct patrol_suspect {
    uint64_t segment;
    bool is_spoken_of; /* as the check under way found */
};

struct patrol {
    struct scrub scrub; /* where the check under way is */
    bool is_under_way;
    int64_t due_steady_ms;
    int64_t rests_until_steady_ms; /* whatever needs what is damaged */
    uint64_t found;                /* by the check under way */
    uint64_t told;                 /* of them, in the log */
    bool is_blind;          /* it cannot say what speaks of which content */
    uint64_t damage;        /* what the last whole check found */
    uint64_t checks;        /* whole ones */
    int64_t ended_ms;       /* when that ended, by the wall clock; 0: never */
    uint32_t piece_count;   /* of the check under way, since the start */
    uint64_t mended;        /* contents that came back, rows written again */
    uint64_t mended_before; /* when the last check began */
    uint64_t missed[PATROL_SEGMENT_COUNT_MAX]; /* segments that are wanted */
    size_t missed_count;
    struct patrol_suspect suspects[PATROL_SEGMENT_COUNT_MAX]; /* of the last */
    size_t suspect_count;
    uint64_t damaged[PATROL_SEGMENT_COUNT_MAX]; /* suspects for the next */
    size_t damaged_count;
    struct patrol_loss losses[MEND_COUNT_MAX]; /* to be mended */
    size_t loss_count;
};

/* At NODE_START. */
void patrol_begin(struct work *work);

/* As if a check had found something: for the next process, which is to know
 * that there is damage. In a transaction of its own, whatever comes of it. */
void patrol_note_damage(struct store *store);

/* A piece, when it is due; and what is to be mended is handed out. Before
 * peers are looked at. */
void patrol_go_on(struct work *work);

/* A check begins now, unless one is under way: a person asks. */
void patrol_begin_now(struct work *work);

/* And unless one has just ended: something waits for what is damaged. */
void patrol_hasten(struct work *work);

/* When a piece is due. */
int64_t patrol_due_steady_ms(const struct node *node);

#endif
