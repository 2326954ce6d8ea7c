/* problem.h - why an agency's machine refused something, as peers are told. */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include "base/slice.h"

/* Numbers of refer.v1.Problem: append only. */
/* clang-format off */
#define PROBLEM_LIST(X)                                                        \
    X(NONE, 0)                X(SIGNATURE_BAD, 1)      X(KEY_UNKNOWN, 2)       \
    X(REPLAY, 3)              X(CLOCK_SKEW, 4)         X(FORMAT, 5)            \
    X(UNKNOWN_FIELD, 6)       X(ELEMENT_NOT_ALLOWED, 7)                        \
    X(ELEMENT_MISSING, 8)     X(MOU_NOT_FOUND, 9)      X(MOU_VERSION_OLD, 10)  \
    X(MOU_SUSPENDED, 11)      X(PATHWAY_NOT_ALLOWED, 12)                       \
    X(CONSENT_MISSING, 13)    X(CONSENT_EXPIRED, 14)   X(CONSENT_SCOPE, 15)    \
    X(HOP_LIMIT, 16)          X(QUOTA_SOFT, 17)        X(SERVICE_UNKNOWN, 18)  \
    X(ATTACHMENT_TOO_LARGE, 19)                        X(ATTACHMENT_TYPE, 20)  \
    X(WORDING, 21)            X(RATE_LIMIT, 22)        X(TRY_LATER, 23)        \
    X(STATE, 24)              X(FORBIDDEN, 25)         X(GUARD, 26)            \
    X(REFERRAL_UNKNOWN, 27)   X(REFERRAL_EXISTS, 28)   X(KEPT, 29)
/* clang-format on */

enum problem {
#define X(symbol, number) PROBLEM_##symbol = (number),
    PROBLEM_LIST(X)
#undef X
        PROBLEM_COUNT
};

/* "ELEMENT_NOT_ALLOWED"; static storage, "?" out of range. */
const char *problem_name(enum problem problem);

/* A verdict: allowed when problem is PROBLEM_NONE. The clause is a path in the
 * MOU or the event; the remedy one English sentence. Neither holds anything
 * that the person said: codes, ids and names from the MOU only. */
#define VERDICT_TEXT_SIZE 192
struct verdict {
    enum problem problem;
    char clause[VERDICT_TEXT_SIZE];
    char remedy[VERDICT_TEXT_SIZE];
};

#endif
