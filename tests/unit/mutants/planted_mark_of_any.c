/* What was taken of a generation before counts for the present one. */
#include "core/collected.h"

void __real_collected_take(struct work *work, struct peer *peer,
    uint64_t generation, uint64_t collected);
void __wrap_collected_take(struct work *work, struct peer *peer,
    uint64_t generation, uint64_t collected);
void __wrap_collected_take(struct work *work, struct peer *peer,
    uint64_t generation, uint64_t collected)
{
    (void)generation;
    __real_collected_take(
        work, peer, peer_ledger(work, peer, LEDGER_OUT)->generation, collected);
}
