/*
 * health.h - is the gateway ready: does it store, send and receive? Alive is
 * one that answers at all. Looks at what the node remembers, nothing else.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stdint.h>

#include "base/instant.h"

struct node;

/* Symbol, code, what to do. Append only. */
/* clang-format off */
#define HEALTH_REASON_LIST(X)                                                  \
    X(NO_SHEET, "no_sheet",                                                    \
        "there are no sealing keys yet: look for keys.failed in the log")      \
    X(KEYS_MISSING, "keys_missing",                                            \
        "today has no sealing key: set the clock, look for keys.failed in "    \
        "the log")                                                             \
    X(STORE_FULL, "store_full",                                                \
        "raise map_size_mib or free the disk, then restart")                   \
    X(CLOCK_IN_DOUBT, "clock_in_doubt",                                        \
        "the clock jumped: set it; it is believed again after a day without "  \
        "a jump")                                                              \
    X(CARD_EXPIRED, "card_expired",                                            \
        "make a new card with the root key, or set the clock")                 \
    X(CARD_REVOKED, "card_revoked",                                            \
        "our card was ended for good: make a new agency, referctl init")
/* clang-format on */

enum health_reason {
#define X(symbol, code, remedy) HEALTH_##symbol,
    HEALTH_REASON_LIST(X)
#undef X
        HEALTH_REASON_COUNT
};

/* Why it is not ready, a bit 1 << reason each; 0: it is. */
uint32_t health_check(const struct node *node, struct instant now);

const char *health_reason_code(enum health_reason reason);
const char *health_reason_remedy(enum health_reason reason);

#endif
