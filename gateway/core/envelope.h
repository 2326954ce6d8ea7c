/*
 * envelope.h - the shells around a sealed request or reply, as structures
 * (refer/v1/request.proto). Used by request.c only. Writers give SLICE_NONE
 * when the arena is full; readers are strict.
 */
#ifndef CORE_ENVELOPE_H
#define CORE_ENVELOPE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "core/message.h"
#include "core/port.h"
#include "core/request.h"

struct envelope_header {
    uint32_t version;
    struct agency_id recipient;
    uint64_t key_id;
    uint8_t enc[KEY_SIZE];
};

struct signed_part {
    struct slice statement; /* Request or Reply, exact bytes */
    uint8_t signature[SIGNATURE_SIZE];
    uint64_t key_id;
};

struct reply_shell {
    uint32_t version;
    struct slice nonce;
    struct slice ciphertext;
    enum plain_kind plain; /* 0 when it is sealed */
    struct slice sheet;
    uint32_t retry_after_ms;
};

struct slice envelope_header_write(
    const struct envelope_header *header, struct arena *arena);
MUST_USE enum err envelope_header_read(
    struct slice bytes, struct arena *arena, struct envelope_header *header);

/* What is read below borrows from `bytes`. */
struct slice envelope_write(
    struct slice header, struct slice ciphertext, struct arena *arena);
MUST_USE enum err envelope_read(struct slice bytes, struct arena *arena,
    struct slice *header, struct slice *ciphertext);

struct slice request_statement_write(
    const struct request *request, struct arena *arena);
MUST_USE enum err request_statement_read(
    struct slice bytes, struct arena *arena, struct request *request);
struct slice reply_statement_write(
    const struct reply *reply, struct arena *arena);
MUST_USE enum err reply_statement_read(
    struct slice bytes, struct arena *arena, struct reply *reply);

/* SignedRequest and SignedReply have the same three fields, same numbers;
 * letter.h writes them. */
MUST_USE enum err signed_part_read(
    struct slice bytes, struct arena *arena, struct signed_part *part);

struct slice reply_shell_write(
    const struct reply_shell *shell, struct arena *arena);
MUST_USE enum err reply_shell_read(
    struct slice bytes, struct arena *arena, struct reply_shell *shell);

#endif
