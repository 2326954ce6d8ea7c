/*
 * letter.h - a request or a reply that is being signed and sealed, in one
 * block: each part is written where it belongs, and the ciphertext takes the
 * place of what it seals. What a peer is told, a parcel of a megabyte, is
 * copied once, whatever stands around it.
 */
#ifndef CORE_LETTER_H
#define CORE_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* A letter goes outside in, and each part ends with the field that holds the
 * next (refer/v1/request.proto). */
struct letter_parts {
    struct slice envelope;  /* without its ciphertext */
    uint32_t ciphertext;    /* the number of that field */
    uint64_t key_id;        /* of who signs */
    struct slice statement; /* Request or Reply, without its body */
    uint32_t body_number;
    struct slice body;
};

struct letter {
    struct slice envelope;  /* the whole */
    struct slice plain;     /* in it: padded, and to be sealed in place */
    uint8_t *sealed;        /* where that begins; 16 bytes more than it */
    struct slice statement; /* in the plain: what is signed */
    uint8_t *signature;     /* in the plain: zeros as yet */
};

/* False when it is over MESSAGE_SIZE_MAX, or the arena is full. */
bool letter_write(const struct letter_parts *parts, struct arena *arena,
    struct letter *letter);

/* What was padded so, of a plain that was opened; false when it was not. */
bool letter_unpad(struct slice plain, struct slice *bytes);

/* Smallest padding step that holds `size` bytes and their count; 0 when none
 * does. The steps: 4, 16, 64, 256 KiB and 1 MiB + 64 KiB. */
size_t letter_padded_size(size_t size);

#endif
