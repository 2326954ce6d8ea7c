#include "core/damage.h"

#include "core/generation.h"
#include "core/node_state.h"
#include "core/referral.h"
#include "core/register.h"
#include "core/scrub_patrol.h"

static bool is_damaged(struct work *work, struct content_ref ref)
{
    return content_is_damaged(work->contents, work->txn, work->scratch, ref);
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

/* What was erased there, or did not pass, is looked up in our own words. */
static bool is_needed(
    const struct ledger_entry *entry, const struct answer_item *item)
{
    bool is_notice = entry->event_type == EVENT_NONE;
    return entry->has_referral && entry->attached &&
           (is_notice || item->verdict != ANSWER_APPLIED);
}

static bool range_damaged(
    struct work *work, const struct ledger *out, const struct answer_item *item)
{
    uint64_t index = item->index > out->answered ? item->index : out->answered;
    uint64_t end = item->index + item->count;
    bool is_met = false;
    while (index < end && index < out->frontier.size && !is_met) {
        struct ledger_parcel parcel;
        if (!ledger_parcel_load(work, work->scratch, out, index, &parcel))
            return false;
        for (; index < end && index - parcel.first_index < parcel.count &&
               !is_met;
             index++) {
            const struct ledger_entry *entry =
                &parcel.entries[index - parcel.first_index];
            is_met = is_needed(entry, item) && is_damaged(work, entry->content);
        }
    }
    return is_met;
}

static bool answers_damaged(
    struct work *work, struct peer *peer, const struct entry *entry)
{
    struct answer answer;
    bool is_met = false;
    enum err err = entry->content.bytes == NULL
                       ? ERR_MALFORMED
                       : answer_read(entry->content, work->scratch, &answer);
    if (err == ERR_LIMIT)
        work_exhausted(work);
    if (err != ERR_NONE)
        return false;
    const struct ledger *out = generation_find(
        work, peer_ledger(work, peer, LEDGER_OUT), answer.generation);
    for (size_t i = 0; out != NULL && i < answer.item_count && !is_met; i++)
        is_met = range_damaged(work, out, &answer.items[i]);
    return is_met;
}

bool damage_is_met(struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    size_t count)
{
    bool is_met = false;
    if (work->node->patrol.damage == 0)
        return false;
    for (size_t i = 0; i < count && !is_met && !work_failed(work); i++) {
        size_t used = work->scratch->used;
        if (headers[i].kind == ENTRY_REFERRAL_EVENT)
            is_met = needs_damaged(work, &entries[i]);
        else if (headers[i].kind == ENTRY_ANSWER)
            is_met = answers_damaged(work, peer, &entries[i]);
        arena_rewind(work->scratch, used);
    }
    if (is_met)
        patrol_hasten(work);
    return is_met;
}

struct damage_trial damage_trial_begin(const struct work *work)
{
    return (struct damage_trial){ work->txn->changes, work->contents->count };
}

bool damage_trial_failed(struct work *work, const struct damage_trial *trial)
{
    return work->txn->changes == trial->changes &&
           work->contents->count == trial->said &&
           content_takes_damage(work->contents, work->txn);
}
