#include "core/damage.h"

#include "core/node_state.h"
#include "core/referral.h"
#include "core/register.h"
#include "core/scrub_patrol.h"

static bool is_damaged(struct work *work, struct content_ref ref)
{
    struct slice words;
    return content_try(work->contents, work->txn, work->scratch, ref, &words) ==
               ERR_CORRUPT &&
           !work_failed(work);
}

/* Taking consent back waits for nothing. */
static bool needs_damaged(struct work *work, const struct entry *entry)
{
    struct referral_event event;
    enum err err = referral_event_read(entry->content, work->scratch, &event);
    if (err == ERR_LIMIT)
        work_exhausted(work);
    if (err != ERR_NONE || event_is_exempt(event.type))
        return false;
    const struct referral *referral = register_get(work, &event.referral);
    return referral != NULL && (is_damaged(work, referral->request) ||
                                   is_damaged(work, referral->offer));
}

bool damage_is_met(struct work *work, const struct entry *entries,
    const struct entry_header *headers, size_t count)
{
    bool is_met = false;
    if (work->node->patrol.damage == 0)
        return false;
    for (size_t i = 0; i < count && !is_met && !work_failed(work); i++) {
        size_t used = work->scratch->used;
        if (headers[i].kind == ENTRY_REFERRAL_EVENT)
            is_met = needs_damaged(work, &entries[i]);
        arena_rewind(work->scratch, used);
    }
    if (is_met)
        patrol_hasten(work);
    return is_met;
}
