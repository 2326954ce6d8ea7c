/*
 * entry.h - what ledgers are made of: entries, parcels of them, and answers to
 * the other side's. Structures and their bytes; borrows from its inputs.
 */
#ifndef CORE_ENTRY_H
#define CORE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/port.h"
#include "core/problem.h"

/* Numbers of refer.v1.EntryKind. */
/* clang-format off */
#define ENTRY_KIND_LIST(X)                                                     \
    X(CARD, 1, "card")                   X(MOU_OFFER, 2, "mou_offer")          \
    X(MOU_SIGNATURES, 3, "mou_signatures")                                     \
    X(MOU_IN_FORCE, 4, "mou_in_force")   X(MOU_END, 5, "mou_end")              \
    X(REFERRAL_EVENT, 6, "referral_event") X(ANSWER, 7, "answer")              \
    X(ABSENT, 8, "absent")               X(ERASURE_NOTICE, 9, "erasure_notice")\
    X(ATTACHMENT_CHUNK, 10, "attachment_chunk")                                \
    X(AVAILABILITY, 11, "availability")  X(NOTICE, 12, "notice")               \
    X(PADDING, 13, "padding")            X(GENERATION, 14, "generation")
/* clang-format on */

enum entry_kind {
#define X(symbol, number, text) ENTRY_##symbol = (number),
    ENTRY_KIND_LIST(X)
#undef X
        ENTRY_KIND_COUNT
};

/* Lower-case English, static storage; "?" out of range. */
const char *entry_kind_name(enum entry_kind kind);

/* Whether the other side answers such an entry: not its own answers, nor what
 * the cosignature says enough of. */
bool entry_kind_is_answered(enum entry_kind kind);

#define SALT_SIZE 32

struct entry_header {
    enum entry_kind kind;
    struct instant at;
    uint8_t digest[HASH_SIZE];
};

/* What a referral event without its content was about. */
struct mention {
    struct uuid referral;
    uint8_t type; /* enum referral_event_type */
    uint32_t seq;
    uint8_t state;     /* enum referral_state, as the event states it */
    struct mou_id mou; /* the referral's; zeros: not known */
};

/* Salt and content are both there or both empty: detached. */
struct entry {
    struct slice header; /* exact bytes: what the leaf hash covers */
    struct slice salt;
    struct slice content;
    const struct mention *mention; /* detached: its author's word; or NULL */
};

struct parcel {
    uint64_t first_index;
    const struct entry *entries;
    size_t entry_count;
    struct slice note; /* in a Fetched signed and cosigned */
};

/* SHA-256("refer.v1 content" || salt || content) */
void entry_digest(struct crypto *crypto, struct slice salt,
    struct slice content, uint8_t digest[HASH_SIZE]);

struct slice entry_header_write(
    const struct entry_header *header, struct arena *arena);
MUST_USE enum err entry_header_read(
    struct slice bytes, struct arena *arena, struct entry_header *header);

/* Content of entry 0 of a later generation: the one before, which it ends. */
struct generation_end {
    uint64_t generation;
    uint64_t size; /* entries of it that both ends hold */
    uint8_t root[HASH_SIZE];
};

struct slice generation_end_write(
    const struct generation_end *end, struct arena *arena);
MUST_USE enum err generation_end_read(
    struct slice bytes, struct arena *arena, struct generation_end *end);

/* Numbers of refer.v1.Verdict. */
enum answer_verdict {
    ANSWER_APPLIED = 1,
    ANSWER_REFUSED = 2,
    ANSWER_ABSENT = 3, /* the content never came */
    ANSWER_VERDICT_COUNT
};

struct answer_item {
    uint64_t index;
    uint32_t count; /* entries from there on with this same answer, from 1 */
    enum answer_verdict verdict;
    enum problem problem;
    struct slice clause;
    struct slice remedy;
    uint32_t state; /* enum referral_state, 0 where it is no referral's */
};

struct answer {
    uint64_t generation;
    const struct answer_item *items;
    size_t item_count;
};

struct slice answer_write(const struct answer *answer, struct arena *arena);
MUST_USE enum err answer_read(
    struct slice bytes, struct arena *arena, struct answer *answer);

#endif
