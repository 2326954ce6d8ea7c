#include "core/told.h"

#include "core/entry.h"
#include "core/generation.h"
#include "core/ledger.h"
#include "core/limits.h"
#include "core/outbox.h"

#include <string.h>

/* The parcel that an entry was found in; in scratch. */
struct place {
    struct ledger *ledger;
    struct ledger_parcel parcel;
    size_t slot;
};

static int64_t at_ms(struct work *work, const struct ledger_entry *entry)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    ledger_header(work, work->scratch, entry, &header);
    arena_rewind(work->scratch, used);
    return header.at.unix_ms;
}

static bool parcel_get(struct work *work, struct place *place, uint64_t index)
{
    return ledger_parcel_load(
        work, work->scratch, place->ledger, index, &place->parcel);
}

static bool parcel_has(struct place *place, const struct told_entry *told)
{
    const struct ledger_parcel *parcel = &place->parcel;
    for (size_t i = 0; i < parcel->count; i++)
        if (parcel->entries[i].has_referral &&
            parcel->entries[i].feed_position == told->position) {
            place->slot = i;
            return true;
        }
    return false;
}

/* The first entry of a parcel that does not end before that time. */
static uint64_t index_from(
    struct work *work, struct place *place, struct instant at)
{
    uint64_t low = 0;
    uint64_t high = place->ledger->frontier.size;
    size_t used = work->scratch->used;
    while (low < high && parcel_get(work, place, low + (high - low) / 2)) {
        const struct ledger_parcel *parcel = &place->parcel;
        if (at_ms(work, &parcel->entries[parcel->count - 1]) < at.unix_ms)
            low = parcel->first_index + parcel->count;
        else
            high = parcel->first_index;
        arena_rewind(work->scratch, used);
    }
    return low;
}

static bool find_by_time(
    struct work *work, struct place *place, const struct told_entry *told)
{
    uint64_t index = index_from(work, place, told->at);
    size_t used = work->scratch->used;
    while (index < place->ledger->frontier.size &&
           parcel_get(work, place, index)) {
        const struct ledger_parcel *parcel = &place->parcel;
        if (parcel_has(place, told))
            return true;
        bool is_past = at_ms(work, &parcel->entries[0]) > told->at.unix_ms;
        index = parcel->first_index + parcel->count;
        arena_rewind(work->scratch, used);
        if (is_past)
            break;
    }
    return false;
}

/* From the end, where what was written last is. */
static bool find_by_search(
    struct work *work, struct place *place, const struct told_entry *told)
{
    uint64_t end = place->ledger->frontier.size;
    size_t used = work->scratch->used;
    for (unsigned i = 0; i < ERASE_SEARCH_PARCEL_COUNT && end > 0 &&
                         parcel_get(work, place, end - 1);
         i++) {
        if (parcel_has(place, told))
            return true;
        end = place->parcel.first_index;
        arena_rewind(work->scratch, used);
    }
    return false;
}

typedef bool find_way(
    struct work *work, struct place *place, const struct told_entry *told);

/* In any generation of our ledger, the present one first. */
static bool find_own(struct work *work, struct ledger *out,
    const struct told_entry *told, find_way *way, struct place *place)
{
    struct ledger *at = out;
    while (at != NULL && !work_failed(work)) {
        *place = (struct place){ .ledger = at };
        if (way(work, place, told))
            return true;
        at = generation_find(work, out, at->previous);
    }
    return false;
}

static bool find_known(struct work *work, struct ledger *present,
    const struct told_entry *told, struct place *place)
{
    *place = (struct place){ .ledger = generation_find(
                                 work, present, told->generation) };
    if (place->ledger == NULL || !parcel_get(work, place, told->index))
        return false;
    place->slot = (size_t)(told->index - place->parcel.first_index);
    /* of ours, what is told again has another place since */
    return !told->by_us ||
           place->parcel.entries[place->slot].feed_position == told->position;
}

static bool find_intent(struct work *work, const struct ledger *out,
    const struct told_entry *told, struct intent *intent)
{
    uint64_t from = 0;
    while (outbox_next(work, out, from, intent)) {
        if (intent->has_referral && intent->feed_position == told->position)
            return true;
        from = intent->number + 1;
    }
    return false;
}

static void entry_turn(
    struct work *work, struct place *place, struct content_ref to)
{
    struct ledger_entry *entry = &place->parcel.entries[place->slot];
    const struct ledger_parcel *parcel = &place->parcel;
    if (!entry->attached)
        return;
    entry->content = to;
    entry->attached = !content_is_none(to);
    ledger_entries_write(work, place->ledger, parcel->first_index,
        parcel->entries, parcel->count, parcel->note);
}

static void own_turn(struct work *work, struct ledger *out,
    const struct told_entry *told, struct content_ref entry,
    struct content_ref intent_content, size_t intent_size)
{
    struct place place;
    struct intent intent;
    if (find_own(work, out, told, find_by_time, &place)) {
        entry_turn(work, &place, entry);
    } else if (find_intent(work, out, told, &intent)) {
        intent.content = intent_content;
        intent.content_size = (uint32_t)intent_size;
        outbox_replace(work, out, &intent);
    } else if (find_own(work, out, told, find_by_search, &place)) {
        entry_turn(work, &place, entry);
    }
}

bool told_waits(
    struct work *work, struct peer *peer, const struct told_entry *told)
{
    struct intent intent;
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    return told->by_us && told->generation == 0 &&
           find_intent(work, out, told, &intent);
}

enum told_reach told_reached(
    struct work *work, struct peer *peer, const struct told_entry *told)
{
    struct place place;
    struct intent intent;
    enum told_reach reach = TOLD_NEVER;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    size_t used = work->scratch->used;
    if (find_intent(work, out, told, &intent))
        reach = TOLD_ON_ITS_WAY;
    else if ((told->generation != 0 && find_known(work, out, told, &place)) ||
             find_own(work, out, told, find_by_time, &place) ||
             find_own(work, out, told, find_by_search, &place))
        reach = place.parcel.first_index + place.slot < place.ledger->cosigned
                    ? TOLD_ARRIVED
                    : TOLD_ON_ITS_WAY;
    arena_rewind(work->scratch, used);
    return reach;
}

void told_turn(struct work *work, struct peer *peer,
    const struct told_entry *told, struct content_ref entry,
    struct content_ref intent, size_t intent_size)
{
    struct place place;
    struct ledger *present =
        peer_ledger(work, peer, told->by_us ? LEDGER_OUT : LEDGER_IN);
    size_t used = work->scratch->used;
    if (told->generation != 0 && find_known(work, present, told, &place))
        entry_turn(work, &place, entry);
    else if (told->by_us)
        own_turn(work, present, told, entry, intent, intent_size);
    arena_rewind(work->scratch, used);
}

void told_withhold(
    struct work *work, struct peer *peer, const struct told_entry *told)
{
    struct place place;
    struct ledger *present =
        peer_ledger(work, peer, told->by_us ? LEDGER_OUT : LEDGER_IN);
    size_t used = work->scratch->used;
    bool is_found =
        told->generation != 0
            ? find_known(work, present, told, &place)
            : told->by_us &&
                  (find_own(work, present, told, find_by_time, &place) ||
                      find_own(work, present, told, find_by_search, &place));
    if (is_found && !place.parcel.entries[place.slot].withheld) {
        place.parcel.entries[place.slot].withheld = true;
        ledger_entries_write(work, place.ledger, place.parcel.first_index,
            place.parcel.entries, place.parcel.count, place.parcel.note);
    }
    arena_rewind(work->scratch, used);
}
