/* err.h - the gateway's one error type; refer_status is mapped from it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/*
 * Symbol, number, whether trying again can help, English text. Numbers reach
 * logs, exit codes and clients: append only, never renumber.
 */
/* clang-format off */
#define ERR_LIST(X)                                                            \
    X(ERR_NONE,          0, FINAL, "no error")                                 \
    X(ERR_STATE,         1, FINAL, "not possible in this state")               \
    X(ERR_FORBIDDEN,     2, FINAL, "not this party's to do")                   \
    X(ERR_EARLY,         3, AGAIN, "not due yet")                              \
    X(ERR_MALFORMED,     4, FINAL, "the bytes do not decode")                  \
    X(ERR_LIMIT,         5, AGAIN, "a configured limit is reached")            \
    X(ERR_IO,            6, AGAIN, "the operating system refused")             \
    X(ERR_NO_MEMORY,     7, AGAIN, "out of memory")                            \
    X(ERR_FULL,          8, AGAIN, "the store is full")                        \
    X(ERR_NOT_FOUND,     9, FINAL, "there is no such thing here")              \
    X(ERR_EXISTS,       10, FINAL, "it exists already")                        \
    X(ERR_SIGNATURE,    11, FINAL, "the signature does not verify")            \
    X(ERR_KEY,          12, FINAL, "the key is unknown, expired or unsound")   \
    X(ERR_ADDRESS,      13, FINAL, "it is addressed to someone else")          \
    X(ERR_POLICY,       14, FINAL, "the agreement does not allow it")          \
    X(ERR_CONFLICT,     15, FINAL, "it contradicts what is held")              \
    X(ERR_INVALID,      16, FINAL, "an argument is wrong")                     \
    X(ERR_TIMEOUT,      17, AGAIN, "no answer in time")                        \
    X(ERR_UNREACHABLE,  18, AGAIN, "the peer cannot be reached")               \
    X(ERR_CORRUPT,      19, FINAL, "the store holds bytes it should not")      \
    X(ERR_BUSY,         20, AGAIN, "busy: wait, then try again")               \
    X(ERR_UNSETTLED,    21, AGAIN, "the ledger is not settled yet")            \
    X(ERR_VERSION,      22, FINAL, "the protocol version is not spoken here")
/* clang-format on */

#define X(symbol, number, retry, text) symbol = (number),
enum err { ERR_LIST(X) ERR_COUNT };
#undef X

#define MUST_USE __attribute__((warn_unused_result))

/* One English line; static storage; "unknown error" out of range. */
const char *err_text(enum err err);

/* The symbol, such as "ERR_LIMIT"; static storage. */
const char *err_name(enum err err);

/* True when the same call may succeed later. */
bool err_is_retryable(enum err err);

#endif
