/*
 * codec_card.h - cards, key sheets and revocations as protobuf
 * (refer/v1/card.proto). Form only: what they say is judged in card.c.
 * Readers give ERR_MALFORMED or ERR_LIMIT, writers SLICE_NONE at a limit.
 */
#ifndef CORE_CODEC_CARD_H
#define CORE_CODEC_CARD_H

#include "core/card.h"

/* Exact bytes beside the signature over them. */
struct signed_bytes {
    struct slice bytes;
    uint8_t signature[SIGNATURE_SIZE];
    uint64_t key_id; /* of key sheets only */
};

MUST_USE enum err codec_signed_card_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out);
struct slice codec_signed_card_write(
    const struct signed_bytes *card, struct arena *arena);

/* Leaves `agency` empty. */
MUST_USE enum err codec_card_read(
    struct slice bytes, struct arena *arena, struct card *card);
struct slice codec_card_write(const struct card *card, struct arena *arena);

struct card_request;
MUST_USE enum err codec_card_request_read(
    struct slice bytes, struct arena *arena, struct card_request *request);
struct slice codec_card_request_write(
    const struct card_request *request, struct arena *arena);

MUST_USE enum err codec_signed_sheet_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out);
struct slice codec_signed_sheet_write(
    const struct signed_bytes *sheet, struct arena *arena);

MUST_USE enum err codec_sheet_read(
    struct slice bytes, struct arena *arena, struct key_sheet *sheet);
struct slice codec_sheet_write(
    const struct key_sheet *sheet, struct arena *arena);

struct revocation;
MUST_USE enum err codec_revocation_read(
    struct slice bytes, struct arena *arena, struct revocation *revocation);
struct slice codec_revocation_write(
    const struct revocation *revocation, struct arena *arena);
MUST_USE enum err codec_signed_revocation_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out);
struct slice codec_signed_revocation_write(
    const struct signed_bytes *revocation, struct arena *arena);

#endif
