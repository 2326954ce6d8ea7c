#include "core/mou.h"

#include <assert.h>

#include "base/text.h"
#include "core/codec_mou.h"

struct slice mou_bytes(const struct mou *mou, struct arena *arena)
{
    return codec_mou_write(mou, arena);
}

enum err mou_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct mou *mou, struct mou_problem *problem)
{
    *problem = (struct mou_problem){ "", "", "" };
    enum err err = codec_mou_read(bytes, arena, mou);
    if (err != ERR_NONE) {
        *problem = (struct mou_problem){ "", "does not decode",
            "ask its author for it again" };
        return err;
    }
    return mou_check(crypto, mou, true, problem);
}

enum err mou_read_again(
    struct slice bytes, struct arena *arena, struct mou *mou)
{
    return codec_mou_read(bytes, arena, mou);
}

void mou_id_of(struct crypto *crypto, struct slice bytes, struct mou_id *id)
{
    crypto_hash(crypto, &bytes, 1, id->bytes);
}

void mou_statement(
    const struct mou_id *id, uint8_t statement[MOU_STATEMENT_SIZE])
{
    size_t domain_size = sizeof MOU_STATEMENT_DOMAIN - 1;
    memcpy(statement, MOU_STATEMENT_DOMAIN, domain_size);
    memcpy(statement + domain_size, id->bytes, sizeof id->bytes);
}

bool mou_signature_holds(struct crypto *crypto, const struct mou *mou,
    const struct mou_id *id, const struct mou_signature *signature)
{
    const struct mou_party *party = mou_party_of(mou, &signature->agency);
    uint8_t statement[MOU_STATEMENT_SIZE];
    if (party == NULL)
        return false;
    mou_statement(id, statement);
    return crypto->ops->verify(
        crypto, party->root_key, SLICE_ARRAY(statement), signature->signature);
}

static bool has_signed(const struct agency_id *agency,
    const struct mou_signature *signatures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (agency_id_equal(agency, &signatures[i].agency))
            return true;
    return false;
}

bool mou_is_signed(
    const struct mou *mou, const struct mou_signature *signatures, size_t count)
{
    for (size_t i = 0; i < mou->signature_required_count; i++) {
        const struct mou_party *party =
            mou_party_named(mou, mou->signatures_required[i]);
        assert(party != NULL); /* mou_check has seen to it */
        if (!has_signed(&party->agency, signatures, count))
            return false;
    }
    return mou->signature_required_count > 0;
}
