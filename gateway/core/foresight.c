#include "core/foresight.h"

#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"

/* At once: some tenth of a millisecond. */
#define PIECE_COUNT 32u

void foresight_begin(
    struct work *work, const struct peer *peer, const struct ledger *out)
{
    struct foresight *foresight = &work->node->foresight;
    *foresight = (struct foresight){ 0 };
    if (out->intent_count < PARCEL_SMALL_COUNT)
        return; /* not worth a look */
    foresight->ledger = out->number;
    foresight->size = pace_size(&peer->parcel_pace);
    foresight->count = PARCEL_ENTRY_COUNT_MAX;
}

bool foresight_is_due(const struct foresight *foresight)
{
    return foresight->ledger != 0;
}

enum err foresight_go_on(struct work *work)
{
    struct intent intent;
    struct foresight *foresight = &work->node->foresight;
    /* as much of it as a look into its outbox takes */
    const struct ledger out = {
        .number = foresight->ledger, .direction = LEDGER_OUT, .intent_count = 1
    };
    for (size_t i = 0; i < PIECE_COUNT && foresight->ledger != 0; i++) {
        bool is_there = foresight->count > 0 &&
                        outbox_next(work, &out, foresight->from, &intent) &&
                        intent.content_size <= foresight->size;
        if (!is_there) {
            *foresight = (struct foresight){ 0 };
            break;
        }
        enum err err = content_foresee(work->contents, work->txn, work->scratch,
            work->crypto, intent.content);
        if (err != ERR_NONE)
            return err;
        foresight->from = intent.number + 1;
        foresight->size -= intent.content_size;
        foresight->count--;
    }
    return work->txn->err;
}
