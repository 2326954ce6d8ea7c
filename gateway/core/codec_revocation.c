#include "core/codec.h"
#include "core/codec_card.h"
#include "core/revocation.h"
#include "refer/v1/card.pb-c.h"

enum err codec_signed_revocation_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__signed_revocation__descriptor,
        bytes, SIGNED_CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__SignedRevocation *frame = (const void *)message;
    out->bytes = codec_slice(frame->revocation);
    out->key_id = 0;
    return codec_fixed(frame->signature, out->signature, SIGNATURE_SIZE);
}

struct slice codec_signed_revocation_write(
    const struct signed_bytes *revocation, struct arena *arena)
{
    Refer__V1__SignedRevocation frame = REFER__V1__SIGNED_REVOCATION__INIT;
    frame.revocation = codec_data(revocation->bytes);
    frame.signature = codec_data(SLICE_ARRAY(revocation->signature));
    return codec_pack(&frame.base, arena);
}

static enum err agency_read(const char *text, struct agency_id *agency)
{
    return agency_id_parse(slice_of_text(text), agency) == ERR_NONE
               ? ERR_NONE
               : ERR_MALFORMED;
}

static enum err end_read(
    const Refer__V1__LedgerEnd *message, struct ledger_end *end)
{
    enum err err = agency_read(message->author, &end->author);
    if (err == ERR_NONE)
        err = agency_read(message->recipient, &end->recipient);
    end->generation = message->generation;
    end->size = message->size;
    if (err != ERR_NONE || message->size == 0)
        return message->root.len == 0 ? err : ERR_MALFORMED;
    return codec_fixed(message->root, end->root, HASH_SIZE);
}

enum err codec_revocation_read(
    struct slice bytes, struct arena *arena, struct revocation *revocation)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__revocation__descriptor, bytes,
        CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Revocation *from = (const void *)message;
    if (from->n_ledgers > REVOCATION_END_COUNT_MAX)
        return ERR_LIMIT;
    struct ledger_end *ends =
        arena_take_array(arena, from->n_ledgers, sizeof *ends);
    if (ends == NULL)
        return ERR_LIMIT;
    *revocation = (struct revocation){
        .reason = slice_of_text(from->reason),
        .ends = ends,
        .end_count = from->n_ledgers,
    };
    if (from->issued_ms > INT64_MAX)
        return ERR_MALFORMED;
    revocation->issued.unix_ms = (int64_t)from->issued_ms;
    err = agency_read(from->agency, &revocation->agency);
    for (size_t i = 0; i < from->n_ledgers && err == ERR_NONE; i++)
        err = end_read(from->ledgers[i], &ends[i]);
    return err;
}

static bool end_write(const struct ledger_end *from, struct arena *arena,
    Refer__V1__LedgerEnd *to)
{
    refer__v1__ledger_end__init(to);
    to->author = codec_text(agency_id_slice(&from->author), arena);
    to->recipient = codec_text(agency_id_slice(&from->recipient), arena);
    to->generation = from->generation;
    to->size = from->size;
    if (from->size > 0)
        to->root = codec_data(SLICE_ARRAY(from->root));
    return to->author != NULL && to->recipient != NULL;
}

struct slice codec_revocation_write(
    const struct revocation *revocation, struct arena *arena)
{
    Refer__V1__Revocation to = REFER__V1__REVOCATION__INIT;
    if (revocation->end_count > REVOCATION_END_COUNT_MAX ||
        revocation->issued.unix_ms < 0)
        return SLICE_NONE;
    Refer__V1__LedgerEnd *ends =
        arena_take_array(arena, revocation->end_count, sizeof *ends);
    to.ledgers =
        arena_take_array(arena, revocation->end_count, sizeof *to.ledgers);
    to.agency = codec_text(agency_id_slice(&revocation->agency), arena);
    to.reason = codec_text(revocation->reason, arena);
    if (ends == NULL || to.ledgers == NULL || to.agency == NULL ||
        to.reason == NULL)
        return SLICE_NONE;
    to.issued_ms = (uint64_t)revocation->issued.unix_ms;
    to.n_ledgers = revocation->end_count;
    for (size_t i = 0; i < revocation->end_count; i++) {
        if (!end_write(&revocation->ends[i], arena, &ends[i]))
            return SLICE_NONE;
        to.ledgers[i] = &ends[i];
    }
    return codec_pack(&to.base, arena);
}
