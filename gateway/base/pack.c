#include "base/pack.h"

#include <string.h>

struct packer pack_into(void *bytes, size_t capacity)
{
    return (struct packer){ .bytes = bytes, .capacity = capacity };
}

void pack_fixed(struct packer *packer, const void *bytes, size_t size)
{
    if (packer->err != ERR_NONE)
        return;
    if (size > packer->capacity - packer->size) {
        packer->err = ERR_LIMIT;
        return;
    }
    if (size > 0)
        memcpy(packer->bytes + packer->size, bytes, size);
    packer->size += size;
}

static void pack_integer(struct packer *packer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    pack_fixed(packer, bytes, size);
}

void pack_u8(struct packer *packer, uint8_t value)
{
    pack_integer(packer, value, 1);
}

void pack_u16(struct packer *packer, uint16_t value)
{
    pack_integer(packer, value, 2);
}

void pack_u32(struct packer *packer, uint32_t value)
{
    pack_integer(packer, value, 4);
}

void pack_u64(struct packer *packer, uint64_t value)
{
    pack_integer(packer, value, 8);
}

void pack_bytes(struct packer *packer, struct slice bytes)
{
    if (bytes.size > UINT32_MAX) {
        packer->err = ERR_LIMIT;
        return;
    }
    pack_u32(packer, (uint32_t)bytes.size);
    pack_fixed(packer, bytes.bytes, bytes.size);
}

struct slice packed(const struct packer *packer)
{
    if (packer->err != ERR_NONE)
        return SLICE_NONE;
    return slice_of(packer->bytes, packer->size);
}

struct unpacker unpack_from(struct slice bytes)
{
    return (struct unpacker){ .rest = bytes };
}

static struct slice unpack_part(struct unpacker *unpacker, size_t size)
{
    if (unpacker->err != ERR_NONE || size > unpacker->rest.size) {
        unpacker->err = ERR_CORRUPT;
        return SLICE_NONE;
    }
    struct slice part = slice_of(unpacker->rest.bytes, size);
    unpacker->rest =
        slice_of(size > 0 ? unpacker->rest.bytes + size : unpacker->rest.bytes,
            unpacker->rest.size - size);
    return part;
}

static uint64_t unpack_integer(struct unpacker *unpacker, size_t size)
{
    struct slice part = unpack_part(unpacker, size);
    uint64_t value = 0;
    for (size_t i = 0; i < part.size; i++)
        value = value << 8 | part.bytes[i];
    return value;
}

uint8_t unpack_u8(struct unpacker *unpacker)
{
    return (uint8_t)unpack_integer(unpacker, 1);
}

uint16_t unpack_u16(struct unpacker *unpacker)
{
    return (uint16_t)unpack_integer(unpacker, 2);
}

uint32_t unpack_u32(struct unpacker *unpacker)
{
    return (uint32_t)unpack_integer(unpacker, 4);
}

uint64_t unpack_u64(struct unpacker *unpacker)
{
    return unpack_integer(unpacker, 8);
}

void unpack_fixed(struct unpacker *unpacker, void *bytes, size_t size)
{
    struct slice part = unpack_part(unpacker, size);
    if (part.size == size && size > 0)
        memcpy(bytes, part.bytes, size);
    else if (size > 0)
        memset(bytes, 0, size);
}

struct slice unpack_bytes(struct unpacker *unpacker)
{
    return unpack_part(unpacker, unpack_u32(unpacker));
}

enum err unpack_end(const struct unpacker *unpacker)
{
    if (unpacker->err != ERR_NONE || unpacker->rest.size != 0)
        return ERR_CORRUPT;
    return ERR_NONE;
}
