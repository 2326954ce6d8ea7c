/* Two texts of one URN and version: an event names the one or the other by its
 * id, but people speak of a version. */
#include "core/agreement.h"

#include <string.h>

/* The bytes begin with the URN: of other URNs nothing more is read. */
static bool is_of_urn(struct slice bytes, const struct mou *mou)
{
    size_t prefix = 1 + (mou->id.size < 128 ? 1u : 2u);
    return bytes.size > prefix + mou->id.size &&
           memcmp(bytes.bytes + prefix, mou->id.bytes, mou->id.size) == 0;
}

/* Of a row: version of the row, who offered it, the bytes. */
static struct slice bytes_of(struct slice row)
{
    struct unpacker in = unpack_from(row);
    (void)unpack_u8(&in);
    (void)unpack_u32(&in);
    struct slice bytes = unpack_bytes(&in);
    return in.err == ERR_NONE ? bytes : SLICE_NONE;
}

static bool is_rival(struct work *work, const struct agreement *agreement,
    const struct mou_id *id)
{
    size_t used = work->scratch->used;
    if (mou_id_equal(id, &agreement->id))
        return false;
    const struct agreement *at = agreement_get(work, id);
    bool is = at != NULL && slice_equal(at->mou.id, agreement->mou.id) &&
              at->mou.version == agreement->mou.version;
    arena_rewind(work->scratch, used);
    return is;
}

size_t agreement_rival_count(
    struct work *work, const struct agreement *agreement)
{
    struct mou_id from = { 0 };
    struct mou_id id;
    struct slice row;
    size_t count = 0;
    while (agreement_row_next(work, &from, &id, &row))
        if (is_of_urn(bytes_of(row), &agreement->mou))
            count += is_rival(work, agreement, &id);
    return count;
}
