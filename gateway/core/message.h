/*
 * message.h - bodies of requests and replies between gateways, as structures
 * (refer/v1/request.proto). Writers give SLICE_NONE when the arena is full;
 * readers are strict and give ERR_MALFORMED or ERR_LIMIT.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "core/entry.h"
#include "core/note.h"

enum request_kind { /* refer.v1.RequestKind */
    REQUEST_DELIVER = 1,
    REQUEST_COLLECT = 2,
    REQUEST_HEAD = 3,
    REQUEST_FETCH = 4,
    REQUEST_INTRODUCE = 5,
    REQUEST_FETCHED = 6,
    REQUEST_KIND_COUNT
};

enum reply_kind { /* refer.v1.ReplyKind */
    REPLY_COSIGNED = 1,
    REPLY_PARCEL = 2,
    REPLY_BEHIND = 3,
    REPLY_BUSY = 4,
    REPLY_CONFLICT = 5,
    REPLY_HEAD = 6,
    REPLY_REFUSED = 7,
    REPLY_FETCHED = 8,
    REPLY_FETCH_WANTED = 9,
    REPLY_KIND_COUNT
};

enum plain_kind { /* refer.v1.PlainKind */
    PLAIN_REKEY = 1,
    PLAIN_BUSY = 2,
    PLAIN_REFUSED = 3,
    PLAIN_KIND_COUNT
};

enum refusal_code { /* refer.v1.RefusalCode */
    REFUSAL_MALFORMED = 1,
    REFUSAL_STRANGER = 2,
    REFUSAL_SIGNATURE = 3,
    REFUSAL_ADDRESS = 4,
    REFUSAL_NOT_OFFERED = 5,
    REFUSAL_GENERATION = 6,
    REFUSAL_CLOSED = 7,
    REFUSAL_LAST_RESORT = 8,
    REFUSAL_TOO_LARGE = 9,
    REFUSAL_REVOKED = 10,
    REFUSAL_CODE_COUNT
};

enum behind_reason { /* refer.v1.BehindReason */
    BEHIND_UNSETTLED = 1,
    BEHIND_FENCE = 2,
    BEHIND_GAP = 3,
    BEHIND_BOUNDARY = 4,
    BEHIND_GENERATION = 5,
    BEHIND_REASON_COUNT
};

/* "malformed", "fence"...; static storage, "?" out of range. */
const char *refusal_code_name(enum refusal_code code);
const char *behind_reason_name(enum behind_reason reason);

#define FENCE_SIZE 32

struct deliver {
    struct slice fence;
    struct parcel parcel;
    uint64_t collected; /* of the other ledger between the two; ... */
    uint64_t collected_generation; /* ... of this; both 0, or neither */
};

struct introduce {
    struct slice card;       /* SignedCard, exact bytes */
    struct slice invitation; /* a code, or empty */
};

struct collect {
    uint32_t wait_ms;
    struct slice cosigned; /* a note, or empty */
    uint64_t collected;    /* of its generation */
};

/* Two notes of a ledger's author that cannot both be. */
struct conflict {
    struct slice held;
    struct slice offered;
};

struct ledger_view {
    bool authored;
    enum lane lane;
    uint64_t generation;
    uint64_t size;
    struct slice note;
    struct slice fence;
    uint64_t collected;
    struct slice cosigned; /* authored: a note; empty where `note` is it */
    bool has_conflict;     /* not authored: what stopped it */
    struct conflict conflict;
};

struct head {
    const struct ledger_view *ledgers;
    size_t ledger_count;
    struct slice card;  /* SignedCard, exact bytes; or empty */
    struct slice sheet; /* SignedKeySheet, exact bytes; or empty */
    uint64_t card_serial;
    uint64_t sheet_serial;
    struct slice echo;       /* the newest fence of the other side; or empty */
    struct slice revocation; /* SignedRevocation of the sender; or empty */
    uint64_t epoch; /* of what the sender holds; another since a loss */
};

struct cosigned {
    struct slice note;
    uint64_t collected;
};

struct behind {
    enum behind_reason reason;
    uint64_t size;
};

struct fetch {
    bool authored; /* the ledger that the sender of this writes */
    uint64_t generation;
    uint64_t first_index;
    uint32_t size_max;
};

struct fetched {
    const struct parcel *parcels;
    size_t parcel_count;
};

struct slice fetch_write(const struct fetch *fetch, struct arena *arena);
MUST_USE enum err fetch_read(
    struct slice bytes, struct arena *arena, struct fetch *fetch);
struct slice fetched_write(const struct fetched *fetched, struct arena *arena);
MUST_USE enum err fetched_read(
    struct slice bytes, struct arena *arena, struct fetched *fetched);
struct slice deliver_write(const struct deliver *deliver, struct arena *arena);
/* Contents and notes borrow from `bytes`. */
MUST_USE enum err deliver_read(
    struct slice bytes, struct arena *arena, struct deliver *deliver);
struct slice introduce_write(
    const struct introduce *introduce, struct arena *arena);
MUST_USE enum err introduce_read(
    struct slice bytes, struct arena *arena, struct introduce *introduce);
struct slice collect_write(const struct collect *collect, struct arena *arena);
MUST_USE enum err collect_read(
    struct slice bytes, struct arena *arena, struct collect *collect);
struct slice head_write(const struct head *head, struct arena *arena);
MUST_USE enum err head_read(
    struct slice bytes, struct arena *arena, struct head *head);
struct slice cosigned_write(
    const struct cosigned *cosigned, struct arena *arena);
MUST_USE enum err cosigned_read(
    struct slice bytes, struct arena *arena, struct cosigned *cosigned);
struct slice behind_write(const struct behind *behind, struct arena *arena);
MUST_USE enum err behind_read(
    struct slice bytes, struct arena *arena, struct behind *behind);
struct slice conflict_write(
    const struct conflict *conflict, struct arena *arena);
MUST_USE enum err conflict_read(
    struct slice bytes, struct arena *arena, struct conflict *conflict);
struct slice busy_write(uint32_t retry_after_ms, struct arena *arena);
MUST_USE enum err busy_read(
    struct slice bytes, struct arena *arena, uint32_t *retry_after_ms);
struct slice refusal_write(enum refusal_code code, struct arena *arena);
MUST_USE enum err refusal_read(
    struct slice bytes, struct arena *arena, enum refusal_code *code);

#endif
