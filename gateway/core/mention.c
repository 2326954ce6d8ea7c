#include "core/mention.h"

#include "core/register.h"

/* Under which agreement it is; of another agency's referral nothing is said. */
static struct mou_id mou_of(
    struct work *work, uint32_t peer, const struct ledger_entry *entry)
{
    struct mou_id mou = entry->mou;
    size_t used = work->scratch->used;
    const struct referral *referral = register_get(work, &entry->referral);
    if (referral != NULL && referral->peer == peer)
        mou = referral->mou;
    arena_rewind(work->scratch, used);
    return mou;
}

const struct mention *mention_make(
    struct work *work, uint32_t peer, const struct ledger_entry *entry)
{
    if (!entry->has_referral || entry->event_type == EVENT_NONE)
        return NULL;
    struct mention *mention = arena_take(work->arena, sizeof *mention);
    if (mention == NULL) {
        work_exhausted(work);
        return NULL;
    }
    *mention = (struct mention){ entry->referral, entry->event_type, entry->seq,
        entry->state, mou_of(work, peer, entry) };
    return mention;
}

void mention_keep(const struct mention *mention, struct ledger_entry *entry)
{
    if (mention == NULL)
        return;
    entry->has_referral = true;
    entry->referral = mention->referral;
    entry->event_type = mention->type;
    entry->seq = mention->seq;
    entry->state = mention->state;
    entry->mou = mention->mou;
}
