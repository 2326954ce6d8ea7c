/*
 * vectors.h - the worked examples of the protocol, made by the gateway's own
 * code from fixed keys, seeds and times. What PROTOCOL.md shows, what
 * proto/vectors holds and what another implementation verifies is all this.
 *
 * Private keys are one byte, 32 times (crypto_repeat.h): Open Door's root a0,
 * log a1, witness a2, operation a3, last resort a4, sealing a5, TLS a6; the
 * hospital's the same from b0 on, and its sealing key of the next day b7.
 */
#ifndef GOLDEN_VECTORS_H
#define GOLDEN_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/card.h"
#include "core/entry.h"
#include "core/evidence.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/note.h"
#include "core/request.h"

#define VECTOR_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define VECTOR_END_MS INT64_C(1830297600000)   /* 2028-01-01T00:00:00Z */
#define VECTOR_DAY 20454u                      /* of the start */
#define VECTOR_GENERATION UINT64_C(0x0123456789abcdef)
#define VECTOR_COSIGNED_S 1767225601u

struct vector {
    const char *name; /* of its file, with what the file ends in: .hex, .txt */
    struct slice bytes;
};

#define VECTOR_COUNT_MAX 64
#define VECTOR_FOLDER_COUNT_MAX 96
#define VECTOR_ENTRY_COUNT 7

struct vectors {
    struct arena arena;
    struct crypto *author;    /* Open Door */
    struct crypto *recipient; /* the hospital */
    struct agency_id author_id;
    struct agency_id recipient_id;
    struct mou_id mou; /* of mou.hex */
    struct entry entries[VECTOR_ENTRY_COUNT];
    struct request_secret request; /* of request_deliver.hex */
    struct request_secret collect; /* of request_collect.hex */
    struct vector list[VECTOR_COUNT_MAX];
    size_t count;
    /* of evidence/, in the order of their paths, as they are */
    struct evidence_file folder[VECTOR_FOLDER_COUNT_MAX];
    size_t folder_count;
};

/* Makes all of them; ends the process on failure. */
void vectors_open(struct vectors *vectors);
void vectors_close(struct vectors *vectors);

/* The bytes of that name; ends the process when there are none. */
struct slice vectors_get(const struct vectors *vectors, const char *name);

/* What the file of a vector holds: 64 hexadecimal digits a line, or text. */
struct slice vector_file(const struct vector *vector, struct arena *arena);

/* ---- For the parts that make them ---- */

void vectors_must(bool is_done);
void vectors_add(struct vectors *vectors, const char *name, struct slice bytes);
struct slice vectors_repeat(struct vectors *vectors, uint8_t byte, size_t size);

void vectors_add_identities(struct vectors *vectors); /* cards, sheets */
void vectors_add_contents(struct vectors *vectors);   /* of entries */
void vectors_add_ledger(struct vectors *vectors);     /* parcels, notes */
void vectors_add_requests(struct vectors *vectors);   /* sealed */
void vectors_add_evidence(struct vectors *vectors);   /* a whole folder */

/* The checkpoint over the first `size` entries, cosigned where told so. */
struct slice vectors_note(
    struct vectors *vectors, size_t size, bool is_cosigned);
struct slice vectors_deliver(struct vectors *vectors, size_t first, size_t end);

#endif
