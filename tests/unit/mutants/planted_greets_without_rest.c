/* A greeting in vain is followed by the next as soon as anything goes on. */
#include "core/peer.h"

void __wrap_peer_head_rests(struct work *work, struct peer *peer);
void __wrap_peer_head_rests(struct work *work, struct peer *peer)
{
    (void)work;
    (void)peer;
}
