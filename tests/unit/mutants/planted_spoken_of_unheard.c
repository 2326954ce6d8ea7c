/* What is damaged goes with the second check, whatever speaks of it. */
#include "core/scrub.h"

void __real_scrub_go_on(
    struct work *work, struct scrub *scrub, const struct scrub_watch *watch);
void __wrap_scrub_go_on(
    struct work *work, struct scrub *scrub, const struct scrub_watch *watch);
void __wrap_scrub_go_on(
    struct work *work, struct scrub *scrub, const struct scrub_watch *watch)
{
    struct scrub_watch deaf = *watch;
    deaf.refers = NULL;
    __real_scrub_go_on(work, scrub, &deaf);
}
