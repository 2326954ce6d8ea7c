#include "core/revocation.h"

#include "core/codec_card.h"
#include "core/form.h"

enum err revocation_agency(
    struct slice signed_revocation, struct arena *arena, struct agency_id *id)
{
    struct signed_bytes frame;
    struct revocation revocation;
    enum err err =
        codec_signed_revocation_read(signed_revocation, arena, &frame);
    if (err == ERR_NONE)
        err = codec_revocation_read(frame.bytes, arena, &revocation);
    if (err == ERR_NONE)
        *id = revocation.agency;
    return err;
}

static bool is_same_ledger(
    const struct ledger_end *a, const struct ledger_end *b)
{
    return a->generation == b->generation &&
           agency_id_equal(&a->author, &b->author) &&
           agency_id_equal(&a->recipient, &b->recipient);
}

static bool ends_are_sound(const struct revocation *revocation)
{
    for (size_t i = 0; i < revocation->end_count; i++) {
        const struct ledger_end *end = &revocation->ends[i];
        if (agency_id_equal(&end->author, &revocation->agency) ==
            agency_id_equal(&end->recipient, &revocation->agency))
            return false; /* neither, or both */
        for (size_t k = 0; k < i; k++)
            if (is_same_ledger(end, &revocation->ends[k]))
                return false;
    }
    return true;
}

enum err revocation_read(struct crypto *crypto, struct slice signed_revocation,
    const uint8_t root_key[KEY_SIZE], struct arena *arena,
    struct revocation *revocation)
{
    struct signed_bytes frame;
    struct agency_id agency;
    enum err err =
        codec_signed_revocation_read(signed_revocation, arena, &frame);
    if (err == ERR_NONE)
        err = codec_revocation_read(frame.bytes, arena, revocation);
    if (err == ERR_NONE &&
        (!form_is_line_or_empty(revocation->reason, NAME_SIZE_MAX) ||
            !ends_are_sound(revocation)))
        err = ERR_MALFORMED;
    if (err != ERR_NONE)
        return err;
    agency_id_of(crypto, root_key, &agency);
    if (!agency_id_equal(&agency, &revocation->agency))
        return ERR_ADDRESS;
    struct slice statement = revocation_statement(frame.bytes, arena);
    if (statement.bytes == NULL)
        return ERR_LIMIT;
    return crypto->ops->verify(crypto, root_key, statement, frame.signature)
               ? ERR_NONE
               : ERR_SIGNATURE;
}

struct slice revocation_bytes(
    const struct revocation *revocation, struct arena *arena)
{
    if (!form_is_line_or_empty(revocation->reason, NAME_SIZE_MAX) ||
        !ends_are_sound(revocation))
        return SLICE_NONE;
    return codec_revocation_write(revocation, arena);
}

struct slice revocation_statement(struct slice bytes, struct arena *arena)
{
    return card_domain_join(SLICE_LITERAL("refer.v1 revocation"), bytes, arena);
}

struct slice revocation_assemble(struct slice bytes,
    const uint8_t signature[SIGNATURE_SIZE], struct arena *arena)
{
    struct signed_bytes frame = { .bytes = bytes };
    memcpy(frame.signature, signature, SIGNATURE_SIZE);
    return codec_signed_revocation_write(&frame, arena);
}
