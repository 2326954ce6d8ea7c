/*
 * alarm.h - where people have to talk to people: a ledger in conflict, or an
 * agency with which nothing was exchanged for a day. Told once in the log, and
 * to whoever asks for as long as it lasts; a restart neither forgets since when
 * nor tells it again.
 */
#ifndef CORE_ALARM_H
#define CORE_ALARM_H

#include "core/peer.h"
#include "core/work.h"

#define ALARM_AFTER_MS (INT64_C(24) * 60 * 60 * 1000)

/* Symbol, number on disk, code, what to do. Append only. */
/* clang-format off */
#define ALARM_LIST(X)                                                          \
    X(NONE, 0, "none", "")                                                     \
    X(CONFLICT, 1, "conflict",                                                 \
        "phone them, keep the proof (referctl ledger conflicts), then both: "  \
        "referctl ledger renew")                                               \
    X(UNSETTLED, 2, "unsettled",                                               \
        "phone them: nothing can be signed until both gateways met again")     \
    X(WAITING, 3, "waiting",                                                   \
        "phone them: what waits for them is not signed for; to give it back "  \
        "to staff: referctl peer close")
/* clang-format on */

enum alarm_kind {
#define X(symbol, number, code, remedy) ALARM_##symbol = (number),
    ALARM_LIST(X)
#undef X
        ALARM_COUNT
};

const char *alarm_code(enum alarm_kind kind);
const char *alarm_remedy(enum alarm_kind kind);

/* After everything else was done for that peer in this batch: since when it is
 * unsettled, and what is to be told. */
void alarm_look(struct work *work, struct peer *peer);
/* When that has to be looked at again, if nothing else happens. */
void alarm_plan(struct work *work, struct peer *peer);

#endif
