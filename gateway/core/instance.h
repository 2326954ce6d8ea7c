/*
 * instance.h - is this store the one that was worked with last? A gateway
 * keeps a mark beside its keys, outside of the store: the number of the life
 * that it is in, which the store holds as well, and how many commits the store
 * had at least. A store that was put back from a copy is noticed by it before
 * any peer is heard.
 *
 * A life is drawn at each start. It is first in the store, with the one that
 * the mark names as the one before, and in the mark right after that commit,
 * before anything leaves the gateway: whatever comes between, the two belong
 * together. The mark is written now and then, too, and at a clean end; never
 * with each commit.
 *
 * What it cannot show: that mark and store were put back together (a snapshot
 * of the whole machine), or, after an end that was not clean, a copy of the
 * store younger than the newest mark. Peers show both.
 */
#ifndef CORE_INSTANCE_H
#define CORE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct instance_mark {
    bool is_there;    /* false: none was found, or it cannot be read */
    uint64_t life;    /* 0: the store was put back by `referctl restore` */
    uint64_t commits; /* of the store, at least */
};

/* What the store says of itself. */
struct instance {
    uint64_t life; /* 0: it was never started on */
    uint64_t life_before;
    uint64_t commits;
};

/* Why a store counts as one that lost something; kept in the store, append
 * only. */
/* clang-format off */
#define LOSS_CAUSE_LIST(X)                                                     \
    X(NONE, "none")         /* it lost nothing */                              \
    X(SHOWN, "shown")       /* a peer showed more than it holds */             \
    X(OLDER, "older")       /* it is older than the mark */                    \
    X(RESTORED, "restored") /* referctl restore put it there */                \
    X(UNMARKED, "unmarked") /* there is no mark to compare it with */          \
    X(GONE, "gone")         /* there was a store, and this one is new */
/* clang-format on */

enum loss_cause {
#define X(symbol, name) LOSS_##symbol,
    LOSS_CAUSE_LIST(X)
#undef X
        LOSS_CAUSE_COUNT
};

const char *loss_cause_name(enum loss_cause cause);

/* LOSS_NONE: it is the store that the mark was written for. */
enum loss_cause instance_judge(
    const struct instance_mark *mark, const struct instance *store);

/* With its terminator. */
#define INSTANCE_MARK_TEXT_SIZE 96

/* The mark as a file; its size without the terminator. `is_there` is not part
 * of it. */
size_t instance_mark_print(
    const struct instance_mark *mark, char text[INSTANCE_MARK_TEXT_SIZE]);

/* ERR_MALFORMED for all that is not printed so; *mark is then none. */
MUST_USE enum err instance_mark_parse(
    struct slice text, struct instance_mark *mark);

#endif
