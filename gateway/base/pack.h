/*
 * pack.h - rows of the store as bytes: big-endian integers and counted byte
 * strings, written and read in the same order. Errors stick, so that callers
 * check once at the end. Never used on the wire, which is protobuf.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct packer {
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    enum err err; /* ERR_LIMIT once the capacity did not suffice */
};

struct packer pack_into(void *bytes, size_t capacity);
void pack_u8(struct packer *packer, uint8_t value);
void pack_u16(struct packer *packer, uint16_t value);
void pack_u32(struct packer *packer, uint32_t value);
void pack_u64(struct packer *packer, uint64_t value);
/* Exactly these bytes, without a count. */
void pack_fixed(struct packer *packer, const void *bytes, size_t size);
/* A 32-bit count and the bytes. */
void pack_bytes(struct packer *packer, struct slice bytes);
/* What was written; empty after an error. */
struct slice packed(const struct packer *packer);

struct unpacker {
    struct slice rest;
    enum err err; /* ERR_CORRUPT once more was asked for than there was */
};

struct unpacker unpack_from(struct slice bytes);
uint8_t unpack_u8(struct unpacker *unpacker);
uint16_t unpack_u16(struct unpacker *unpacker);
uint32_t unpack_u32(struct unpacker *unpacker);
uint64_t unpack_u64(struct unpacker *unpacker);
/* Copies `size` bytes out; zeroes them after an error. */
void unpack_fixed(struct unpacker *unpacker, void *bytes, size_t size);
/* Borrows from the input; empty after an error. */
struct slice unpack_bytes(struct unpacker *unpacker);
/* ERR_NONE when all went well and nothing is left over, else ERR_CORRUPT. */
MUST_USE enum err unpack_end(const struct unpacker *unpacker);

#endif
