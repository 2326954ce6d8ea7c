#include "core/wanted.h"

#include "core/refill.h"
#include "core/scrub_mend.h"

bool wanted_is_any(const struct peer *peer)
{
    return refill_is_wanted(peer) || mend_is_wanted(peer);
}

struct slice wanted_ask(struct work *work, struct peer *peer)
{
    return refill_is_wanted(peer) ? refill_ask(work, peer)
                                  : mend_ask(work, peer);
}

const char *wanted_take(struct work *work, struct peer *peer, struct slice body)
{
    if (refill_is_wanted(peer))
        return refill_take(work, peer, body);
    return peer->mend.is_wanted ? mend_take(work, peer, body) : NULL;
}

bool wanted_refused(struct peer *peer)
{
    bool refills = refill_is_wanted(peer) || !peer->mend.is_wanted;
    if (!refills)
        mend_refused(peer);
    return refills;
}
