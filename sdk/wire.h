/*
 * wire.h - fields and records as local.proto has them, both ways and without a
 * copy in between: a page of events, or a batch, has thousands of them.
 */
#ifndef SDK_WIRE_H
#define SDK_WIRE_H

#include "core/codec_local.h"
#include "record.h"

/* ---- Read ---------------------------------------------------------------- */

/* In any order, the last of each that may be there once. What is not known is
 * passed over: a newer gateway may say more. */
struct sdk_part {
    uint32_t tag;       /* as in codec_local.h */
    uint64_t number;    /* of TAG_VARINT() */
    struct slice bytes; /* of TAG_SIZED() */
};

static inline bool sdk_part_pass(struct slice *rest, size_t size)
{
    if (size > rest->size)
        return false;
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return true;
}

/* The next of a message; *rest moves behind it. False, and it means nothing any
 * more, when that is none. */
static inline bool sdk_part_next(struct slice *rest, struct sdk_part *part)
{
    enum { VARINT = 0, FIXED64 = 1, SIZED = 2, FIXED32 = 5 };
    uint64_t tag;
    if (!wire_varint(rest, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    part->tag = (uint32_t)tag;
    switch (tag & 7) {
    case VARINT:
        return wire_varint(rest, &part->number);
    case SIZED:
        return wire_sized(rest, &part->bytes);
    case FIXED64:
        return sdk_part_pass(rest, 8);
    case FIXED32:
        return sdk_part_pass(rest, 4);
    default: /* groups are of old */
        return false;
    }
}

/* True when the tag is that of a field numbered above `known`, whose tag is
 * that of the last one known: another is of the wrong kind. */
static inline bool sdk_part_is_newer(
    const struct sdk_part *part, uint32_t known)
{
    return part->tag >> 3 > known >> 3;
}

/* Puts a copy of the field in the record. REFER_PROTOCOL when its name is no
 * code, its text not clean or its value missing; REFER_NO_MEMORY. */
refer_status sdk_field_read(struct sdk_record *record, struct slice bytes);
/* Adds copies of the records that the message has under that tag. Those from
 * one of the type `head` to before the next share a block; NULL: each has its
 * own. REFER_PROTOCOL also when a type is no code; some may have been added. */
refer_status sdk_records_read(struct sdk_records *records, struct slice message,
    uint32_t tag, const char *head);

/* ---- Written ------------------------------------------------------------- */

/* From the end, as in codec_wire.h: the sizes, and what is written before
 * `end`, where that begins. */
size_t sdk_fields_size(const struct sdk_field *fields, size_t count);
uint8_t *sdk_fields_before(
    uint8_t *end, uint8_t tag, const struct sdk_field *fields, size_t count);
size_t sdk_records_size(const struct sdk_record *records, size_t count);
uint8_t *sdk_records_before(
    uint8_t *end, uint8_t tag, const struct sdk_record *records, size_t count);

#endif
