/*
 * erasure_notice.h - what one agency tells the other when it erased something
 * of a referral. It holds codes, never what was erased, and no name.
 */
#ifndef CORE_ERASURE_NOTICE_H
#define CORE_ERASURE_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/problem.h"
#include "core/referral.h"

/* Numbers of refer.v1.ErasureReason. A closed list: why somebody's words were
 * erased must say nothing about them. */
/* clang-format off */
#define ERASURE_REASON_LIST(X)                                                 \
    X(PERSON_ASKED, 1, "person_asked")                                         \
    X(RETENTION_OVER, 2, "retention_over") /* by the agreement */              \
    X(WRONG_PERSON, 3, "wrong_person")                                         \
    X(LAW, 4, "law")                       /* a law or a court wants it */
/* clang-format on */

enum erasure_reason {
    ERASURE_NONE = 0,
#define X(symbol, number, text) ERASURE_##symbol = (number),
    ERASURE_REASON_LIST(X)
#undef X
        ERASURE_REASON_COUNT
};

/* Static storage; "" for none, "?" out of range. */
const char *erasure_reason_name(enum erasure_reason reason);
/* ERASURE_NONE when there is none of that name. */
enum erasure_reason erasure_reason_named(struct slice name);

struct erasure_notice {
    struct uuid referral;
    const struct slice *elements; /* codes */
    size_t element_count;         /* 0: all that was said */
    enum erasure_reason reason;
    enum actor_kind actor;
    struct instant at;
};

/* Its form by itself: FORMAT, UNKNOWN_FIELD (an element). */
void erasure_notice_check(
    const struct erasure_notice *notice, struct verdict *verdict);

/* Content of an entry (refer/v1/referral.proto). SLICE_NONE at a limit. */
struct slice erasure_notice_write(
    const struct erasure_notice *notice, struct arena *arena);
/* ERR_MALFORMED, ERR_LIMIT. Strict: unknown fields are refused. */
MUST_USE enum err erasure_notice_read(
    struct slice bytes, struct arena *arena, struct erasure_notice *notice);

#endif
