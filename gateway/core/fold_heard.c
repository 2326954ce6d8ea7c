#include "core/fold.h"

#include "core/generation.h"
#include "core/retell.h"

/* ---- What the peer's ledger says later ----------------------------------- */

static bool answers_absent(
    const struct answer *answer, const struct feed_event *told)
{
    if (answer->generation != told->generation)
        return false;
    for (size_t i = 0; i < answer->item_count; i++)
        if (told->index >= answer->items[i].index &&
            told->index - answer->items[i].index < answer->items[i].count)
            return answer->items[i].verdict == ANSWER_ABSENT;
    return false;
}

static bool says_absent(struct work *work, const struct ledger_entry *entry,
    const struct feed_event *told)
{
    struct entry_header header;
    struct answer answer;
    ledger_header(work, work->scratch, entry, &header);
    if (header.kind != ENTRY_ANSWER || !entry->attached)
        return false;
    struct slice content =
        content_get(work->contents, work->txn, work->scratch, entry->content);
    return content.bytes != NULL &&
           answer_read(content, work->scratch, &answer) == ERR_NONE &&
           answers_absent(&answer, told);
}

/* That it was absent, in an entry of the peer's at `from` or later. */
static bool was_absent(struct work *work, const struct ledger *in,
    uint64_t from, const struct feed_event *told)
{
    bool was = false;
    while (!was && from < in->frontier.size && !work_failed(work)) {
        struct ledger_parcel parcel;
        size_t used = work->scratch->used;
        if (!ledger_parcel_load(work, work->scratch, in, from, &parcel))
            return false;
        for (size_t i = 0; i < parcel.count && !was; i++)
            was = parcel.first_index + i >= from &&
                  says_absent(work, &parcel.entries[i], told);
        from = parcel.first_index + parcel.count;
        arena_rewind(work->scratch, used);
    }
    return was && !work_failed(work);
}

/* ---- Hearing it now ------------------------------------------------------ */

/* Without words it may be; with words it says the same key. */
static bool may_be_again(
    const struct folded *folded, const struct feed_event *told)
{
    struct work *work = folded->work;
    struct referral_event before;
    struct referral_event event;
    if (told->step == EVENT_SEND || folded->content.bytes == NULL)
        return true;
    return referral_event_read(folded->content, work->scratch, &event) ==
               ERR_NONE &&
           (event.key.size == 0 ||
               (register_event(work, told->content, &before) &&
                   slice_equal(before.key, event.key)));
}

static bool hear(const struct folded *folded, struct referral *referral,
    const struct feed_event *told)
{
    static const struct answer_item absent = { .count = 1,
        .verdict = ANSWER_ABSENT };
    struct work *work = folded->work;
    struct ledger_parcel parcel;
    struct ledger *out = generation_find(
        work, peer_ledger(work, folded->peer, LEDGER_OUT), told->generation);
    if (out == NULL ||
        !ledger_parcel_load(work, work->scratch, out, told->index, &parcel))
        return false;
    struct ledger_entry *entry =
        &parcel.entries[told->index - parcel.first_index];
    if (entry->feed_position != told->position ||
        !retell_answered(work, folded->peer, referral, entry, &absent))
        return false;
    ledger_entries_write(work, out, parcel.first_index, parcel.entries,
        parcel.count, parcel.note);
    return !work_failed(work);
}

bool fold_heard(
    const struct folded *folded, const struct ledger *in, uint64_t from)
{
    struct work *work = folded->work;
    const struct ledger_entry *entry = folded->entry;
    struct feed_event told;
    size_t used = work->scratch->used;
    struct referral *referral =
        folded->kind == ENTRY_REFERRAL_EVENT && entry->has_referral
            ? register_get(work, &entry->referral)
            : NULL;
    bool heard = referral != NULL && referral->peer == folded->peer->number &&
                 entry->seq > 1 &&
                 retell_find(work, referral, entry->event_type, entry->seq - 1,
                     entry->seq - 1, &told) &&
                 may_be_again(folded, &told) &&
                 was_absent(work, in, from, &told) &&
                 hear(folded, referral, &told);
    arena_rewind(work->scratch, used);
    return heard;
}
