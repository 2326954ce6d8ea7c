/* What a parcel had taken up is queued again with the newest first. */
#include "core/outbox.h"

void __real_outbox_return(struct work *work, struct ledger *ledger,
    struct intent *intents, size_t count);
void __wrap_outbox_return(struct work *work, struct ledger *ledger,
    struct intent *intents, size_t count);
void __wrap_outbox_return(struct work *work, struct ledger *ledger,
    struct intent *intents, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct intent first = intents[i];
        intents[i] = intents[count - 1 - i];
        intents[count - 1 - i] = first;
    }
    __real_outbox_return(work, ledger, intents, count);
}
