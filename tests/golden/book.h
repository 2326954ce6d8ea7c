/*
 * book.h - a ledger for a folder of evidence: entries, signed for by both, and
 * the files that prove them.
 */
#ifndef GOLDEN_BOOK_H
#define GOLDEN_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/merkle.h"
#include "golden/vectors.h"

#define BOOK_ENTRY_COUNT_MAX 24
#define BOOK_RECEIVED_S (VECTOR_COSIGNED_S + 99u)
#define BOOK_ANSWERS_GENERATION UINT64_C(0xfedcba9876543210)

struct book {
    struct vectors *vectors;
    struct crypto *author;
    struct crypto *recipient;
    struct origin origin;
    struct entry entries[BOOK_ENTRY_COUNT_MAX];
    struct merkle_hash leaves[BOOK_ENTRY_COUNT_MAX];
    size_t count;
    uint64_t received_s; /* by the recipient's clock */
};

/* A file into the folder, in the order of the paths. */
void book_file_add(
    struct vectors *vectors, struct slice path, struct slice bytes);

/* Its salt is that byte, 32 times; its time as many seconds after the start. */
void book_add(struct book *book, uint8_t salt, enum entry_kind kind,
    struct slice content);

/* The files of one entry, with salt and content where it is shown. */
void book_show(struct book *book, uint64_t index, bool is_shown);

#endif
