#include "core/peer_index.h"

#include "core/peer.h"

#include <string.h>

/* An id is a hash already. Who makes keys until their ids meet in one slot
 * wins a longer walk by one step for each that an operator accepts. */
static size_t slot_of(
    const struct peer_index *index, const struct agency_id *agency)
{
    uint64_t begin;
    memcpy(&begin, agency->text, sizeof begin);
    return (size_t)(begin * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
           (index->count - 1);
}

static size_t slot_after(const struct peer_index *index, size_t slot)
{
    return (slot + 1) & (index->count - 1);
}

void peer_index_add(
    struct peer_index *index, const struct agency_id *agency, uint32_t place)
{
    size_t slot = slot_of(index, agency);
    while (index->slots[slot] != 0)
        slot = slot_after(index, slot);
    index->slots[slot] = place + 1;
}

struct peer *peer_index_find(const struct peer_index *index,
    struct peer *const *peers, const struct agency_id *agency)
{
    if (index->count == 0)
        return NULL;
    size_t slot = slot_of(index, agency);
    while (index->slots[slot] != 0) {
        struct peer *peer = peers[index->slots[slot] - 1];
        if (agency_id_equal(&peer->agency, agency))
            return peer;
        slot = slot_after(index, slot);
    }
    return NULL;
}
