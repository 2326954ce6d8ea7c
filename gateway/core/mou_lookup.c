/* Look-ups in an agreement (mou.h): lists are short and read once a step. */
#include "core/mou.h"

#include <assert.h>

#include "base/checksum.h"
#include "core/limits.h"

const struct mou_party *mou_party_of(
    const struct mou *mou, const struct agency_id *agency)
{
    /* before an MOU is offered its parties have no agency: none is theirs */
    if (agency->text[0] == '\0')
        return NULL;
    for (size_t i = 0; i < mou->party_count; i++)
        if (agency_id_equal(&mou->parties[i].agency, agency))
            return &mou->parties[i];
    return NULL;
}

const struct mou_party *mou_party_named(const struct mou *mou, struct slice id)
{
    for (size_t i = 0; i < mou->party_count; i++)
        if (slice_equal(mou->parties[i].id, id))
            return &mou->parties[i];
    return NULL;
}

const struct mou_service *mou_service_named(
    const struct mou *mou, struct slice id)
{
    for (size_t i = 0; i < mou->service_count; i++)
        if (slice_equal(mou->services[i].id, id))
            return &mou->services[i];
    return NULL;
}

const struct mou_purpose *mou_purpose_named(
    const struct mou *mou, struct slice purpose)
{
    for (size_t i = 0; i < mou->purpose_count; i++)
        if (slice_equal(mou->purposes[i].purpose, purpose))
            return &mou->purposes[i];
    return NULL;
}

const struct mou_pathway *mou_pathway_for(const struct mou *mou,
    struct slice from_party, struct slice service, struct slice purpose)
{
    for (size_t i = 0; i < mou->pathway_count; i++)
        if (slice_equal(mou->pathways[i].from, from_party) &&
            slice_equal(mou->pathways[i].to, service) &&
            slice_equal(mou->pathways[i].purpose, purpose))
            return &mou->pathways[i];
    return NULL;
}

static bool is_same_pathway(
    const struct mou_pathway *a, const struct mou_pathway *b)
{
    return slice_equal(a->to, b->to) && slice_equal(a->from, b->from) &&
           slice_equal(a->purpose, b->purpose);
}

/* At most half of the places are taken. */
#define PLACE_COUNT (2 * MOU_PATHWAY_COUNT_MAX)
_Static_assert(MOU_PATHWAY_COUNT_MAX < UINT16_MAX, "a place holds one");

size_t mou_pathway_twice(const struct mou *mou, size_t *first)
{
    uint16_t places[PLACE_COUNT] = { 0 }; /* one past a pathway; 0: free */
    assert(mou->pathway_count <= MOU_PATHWAY_COUNT_MAX);
    for (size_t i = 0; i < mou->pathway_count; i++) {
        const struct mou_pathway *pathway = &mou->pathways[i];
        uint64_t at =
            checksum(checksum(checksum(0, pathway->from), pathway->to),
                pathway->purpose);
        while (places[at % PLACE_COUNT] != 0) {
            *first = places[at++ % PLACE_COUNT] - 1u;
            if (is_same_pathway(pathway, &mou->pathways[*first]))
                return i;
        }
        places[at % PLACE_COUNT] = (uint16_t)(i + 1);
    }
    return mou->pathway_count;
}

bool mou_is_dated(const struct mou *mou, struct instant now)
{
    return !instant_before(now, mou->from) && instant_before(now, mou->until);
}
