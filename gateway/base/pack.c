#include "base/pack.h"

#include <string.h>

struct packer pack_into(void *bytes, size_t capacity)
{
    return (struct packer){ .bytes = bytes, .capacity = capacity };
}

/* Where so many bytes go; NULL when there is no room, or was none before. */
static uint8_t *room_take(struct packer *packer, size_t size)
{
    if (packer->err != ERR_NONE)
        return NULL;
    if (size > packer->capacity - packer->size) {
        packer->err = ERR_LIMIT;
        return NULL;
    }
    uint8_t *bytes = packer->bytes + packer->size;
    packer->size += size;
    return bytes;
}

void pack_fixed(struct packer *packer, const void *bytes, size_t size)
{
    uint8_t *room = size == 0 ? NULL : room_take(packer, size);
    if (room != NULL)
        memcpy(room, bytes, size);
}

/* Written out, compilers see that it is one store. */
static void write_u32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

void pack_u8(struct packer *packer, uint8_t value)
{
    uint8_t *bytes = room_take(packer, 1);
    if (bytes != NULL)
        bytes[0] = value;
}

void pack_u16(struct packer *packer, uint16_t value)
{
    uint8_t *bytes = room_take(packer, 2);
    if (bytes != NULL) {
        bytes[0] = (uint8_t)(value >> 8);
        bytes[1] = (uint8_t)value;
    }
}

void pack_u32(struct packer *packer, uint32_t value)
{
    uint8_t *bytes = room_take(packer, 4);
    if (bytes != NULL)
        write_u32(bytes, value);
}

void pack_u64(struct packer *packer, uint64_t value)
{
    uint8_t *bytes = room_take(packer, 8);
    if (bytes != NULL) {
        write_u32(bytes, (uint32_t)(value >> 32));
        write_u32(bytes + 4, (uint32_t)value);
    }
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

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

uint8_t unpack_u8(struct unpacker *unpacker)
{
    struct slice part = unpack_part(unpacker, 1);
    return part.size == 0 ? 0 : part.bytes[0];
}

uint16_t unpack_u16(struct unpacker *unpacker)
{
    struct slice part = unpack_part(unpacker, 2);
    return part.size == 0 ? 0
                          : (uint16_t)((unsigned)part.bytes[0] << 8 |
                                       (unsigned)part.bytes[1]);
}

uint32_t unpack_u32(struct unpacker *unpacker)
{
    struct slice part = unpack_part(unpacker, 4);
    return part.size == 0 ? 0 : read_u32(part.bytes);
}

uint64_t unpack_u64(struct unpacker *unpacker)
{
    struct slice part = unpack_part(unpacker, 8);
    return part.size == 0 ? 0
                          : (uint64_t)read_u32(part.bytes) << 32 |
                                read_u32(part.bytes + 4);
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
