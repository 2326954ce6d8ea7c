/* G18: what the other end erased, and this one keeps, goes back by FETCH. */
#include "core/told.h"

void __wrap_told_withhold(
    struct work *work, struct peer *peer, const struct told_entry *told);
void __wrap_told_withhold(
    struct work *work, struct peer *peer, const struct told_entry *told)
{
    (void)work;
    (void)peer;
    (void)told;
}
