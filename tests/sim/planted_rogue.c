/* Mistakes that only an agency which means no good brings to light: old cards,
 * times, another's keys and words that are believed, and what it asks for again
 * and again. */
#include <string.h>

#include "core/agreement.h"
#include "core/card_renew.h"
#include "core/collect.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "sim/planted_list.h"

WRAPPED(enum err, card_follows, struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card *next, struct arena *arena);
enum err __wrap_card_follows(struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card *next, struct arena *arena)
{
    enum err err = __real_card_follows(crypto, held, held_bytes, next, arena);
    bool is_older = next->serial < held->serial;
    return is_older && planted_is(PLANT_cards_go_back) ? ERR_NONE : err;
}

/* A party's word stands for all signatures. */
WRAPPED(void, agreement_in_force, struct work *work, const struct peer *from,
    const struct mou_id *id, struct verdict *verdict);
void __wrap_agreement_in_force(struct work *work, const struct peer *from,
    const struct mou_id *id, struct verdict *verdict)
{
    struct agreement *agreement = agreement_get(work, id);
    if (agreement != NULL && planted_is(PLANT_in_force_by_word))
        agreement->in_force_here = true;
    __real_agreement_in_force(work, from, id, verdict);
}

WRAPPED(size_t, agreement_rival_count, struct work *work,
    const struct agreement *agreement);
size_t __wrap_agreement_rival_count(
    struct work *work, const struct agreement *agreement)
{
    return planted_is(PLANT_rivals_unseen)
               ? 0
               : __real_agreement_rival_count(work, agreement);
}

/* One after the other waits, and has no reply. */
WRAPPED(bool, collect_take, struct work *work, struct peer *peer,
    struct slice body, uint64_t handle);
bool __wrap_collect_take(
    struct work *work, struct peer *peer, struct slice body, uint64_t handle)
{
    if (planted_is(PLANT_collects_pile))
        peer->collect_waits = false;
    return __real_collect_take(work, peer, body, handle);
}

WRAPPED(void, peer_note_waiting, struct work *work, struct peer *peer);
void __wrap_peer_note_waiting(struct work *work, struct peer *peer)
{
    __real_peer_note_waiting(work, peer);
    if (planted_is(PLANT_waiting_unheard) && peer->settled_out)
        peer->waiting_since = work->now;
}
