#include "core/codec.h"
#include "core/envelope.h"
#include "core/limits.h"

#include "refer/v1/request.pb-c.h"

#include <string.h>

/* Agency ids on the wire are exactly 26 characters of the base32 alphabet. */
static enum err agency_read(const char *text, struct agency_id *id)
{
    size_t size = strlen(text);
    if (size != AGENCY_ID_SIZE ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz234567") != size)
        return ERR_MALFORMED;
    memcpy(id->text, text, size + 1);
    return ERR_NONE;
}

/* What is packed is only read; protobuf-c's types do not say so. */
static char *agency_text(const struct agency_id *id)
{
    return (char *)(uintptr_t)id->text;
}

struct slice envelope_header_write(
    const struct envelope_header *header, struct arena *arena)
{
    Refer__V1__EnvelopeHeader message = REFER__V1__ENVELOPE_HEADER__INIT;
    message.version = header->version;
    message.recipient = agency_text(&header->recipient);
    message.key_id = header->key_id;
    message.enc = codec_data(SLICE_ARRAY(header->enc));
    return codec_pack(&message.base, arena);
}

enum err envelope_header_read(
    struct slice bytes, struct arena *arena, struct envelope_header *header)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(
        &refer__v1__envelope_header__descriptor, bytes, 256, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__EnvelopeHeader *message =
        (const Refer__V1__EnvelopeHeader *)base;
    header->version = message->version;
    header->key_id = message->key_id;
    err = agency_read(message->recipient, &header->recipient);
    return err != ERR_NONE ? err
                           : codec_fixed(message->enc, header->enc, KEY_SIZE);
}

struct slice envelope_write(
    struct slice header, struct slice ciphertext, struct arena *arena)
{
    Refer__V1__Envelope message = REFER__V1__ENVELOPE__INIT;
    message.header = codec_data(header);
    message.ciphertext = codec_data(ciphertext);
    return codec_pack(&message.base, arena);
}

enum err envelope_read(struct slice bytes, struct arena *arena,
    struct slice *header, struct slice *ciphertext)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack_borrowing(
        &refer__v1__envelope__descriptor, bytes, FRAME_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Envelope *message = (const Refer__V1__Envelope *)base;
    *header = codec_slice(message->header);
    *ciphertext = codec_slice(message->ciphertext);
    return ERR_NONE;
}

struct slice request_statement_write(
    const struct request *request, struct arena *arena)
{
    Refer__V1__Request message = REFER__V1__REQUEST__INIT;
    message.sender = agency_text(&request->sender);
    message.kind = (Refer__V1__RequestKind)request->kind;
    message.at_ms = (uint64_t)request->at.unix_ms;
    message.body = codec_data(request->body);
    return codec_pack(&message.base, arena);
}

enum err request_statement_read(
    struct slice bytes, struct arena *arena, struct request *request)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack_borrowing(
        &refer__v1__request__descriptor, bytes, MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Request *message = (const Refer__V1__Request *)base;
    request->kind = (enum request_kind)message->kind;
    request->at.unix_ms = (int64_t)message->at_ms;
    request->body = codec_slice(message->body);
    if (request->kind == 0 || message->at_ms > INT64_MAX)
        return ERR_MALFORMED;
    return agency_read(message->sender, &request->sender);
}

struct slice reply_statement_write(
    const struct reply *reply, struct arena *arena)
{
    Refer__V1__Reply message = REFER__V1__REPLY__INIT;
    message.kind = (Refer__V1__ReplyKind)reply->kind;
    message.at_ms = (uint64_t)reply->at.unix_ms;
    message.body = codec_data(reply->body);
    return codec_pack(&message.base, arena);
}

enum err reply_statement_read(
    struct slice bytes, struct arena *arena, struct reply *reply)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack_borrowing(
        &refer__v1__reply__descriptor, bytes, MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Reply *message = (const Refer__V1__Reply *)base;
    reply->kind = (enum reply_kind)message->kind;
    reply->at.unix_ms = (int64_t)message->at_ms;
    reply->body = codec_slice(message->body);
    return reply->kind == 0 || message->at_ms > INT64_MAX ? ERR_MALFORMED
                                                          : ERR_NONE;
}

enum err signed_part_read(
    struct slice bytes, struct arena *arena, struct signed_part *part)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack_borrowing(&refer__v1__signed_request__descriptor, bytes,
            MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__SignedRequest *message =
        (const Refer__V1__SignedRequest *)base;
    part->statement = codec_slice(message->request);
    part->key_id = message->key_id;
    return codec_fixed(message->signature, part->signature, SIGNATURE_SIZE);
}

struct slice reply_shell_write(
    const struct reply_shell *shell, struct arena *arena)
{
    Refer__V1__ReplyEnvelope message = REFER__V1__REPLY_ENVELOPE__INIT;
    Refer__V1__Plain plain = REFER__V1__PLAIN__INIT;
    message.version = shell->version;
    message.nonce = codec_data(shell->nonce);
    message.ciphertext = codec_data(shell->ciphertext);
    if (shell->plain != 0) {
        const ProtobufCMessage *sheet = NULL;
        if (shell->sheet.size > 0 &&
            codec_unpack(&refer__v1__signed_key_sheet__descriptor, shell->sheet,
                SIGNED_CARD_SIZE_MAX, arena, &sheet) != ERR_NONE)
            return SLICE_NONE;
        plain.kind = (Refer__V1__PlainKind)shell->plain;
        plain.sheet = (Refer__V1__SignedKeySheet *)(uintptr_t)sheet;
        plain.retry_after_ms = shell->retry_after_ms;
        message.plain = &plain;
    }
    return codec_pack(&message.base, arena);
}

enum err reply_shell_read(
    struct slice bytes, struct arena *arena, struct reply_shell *shell)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack_borrowing(&refer__v1__reply_envelope__descriptor, bytes,
            FRAME_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__ReplyEnvelope *message =
        (const Refer__V1__ReplyEnvelope *)base;
    *shell = (struct reply_shell){
        .version = message->version,
        .nonce = codec_slice(message->nonce),
        .ciphertext = codec_slice(message->ciphertext),
    };
    if (message->plain == NULL)
        return shell->nonce.size == SEED_SIZE ? ERR_NONE : ERR_MALFORMED;
    if (message->plain->kind == 0 || shell->nonce.size != 0 ||
        shell->ciphertext.size != 0)
        return ERR_MALFORMED;
    shell->plain = (enum plain_kind)message->plain->kind;
    shell->retry_after_ms = message->plain->retry_after_ms;
    if (message->plain->sheet != NULL) {
        shell->sheet = codec_pack(&message->plain->sheet->base, arena);
        if (shell->sheet.bytes == NULL)
            return ERR_LIMIT;
        if (shell->sheet.size == 0) /* then it is left out */
            return ERR_MALFORMED;
    }
    return ERR_NONE;
}
