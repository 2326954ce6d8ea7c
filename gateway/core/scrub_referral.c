/* Referrals, what the feed tells of them, and the contents of both. */
#include "core/scrub_row.h"

#include <string.h>

#include "core/feed.h"
#include "core/node_state.h"

static bool same(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- The register -------------------------------------------------------- */

/* Its events in the feed: in order, and of this referral. */
static void positions_judge(
    struct scrub_row *row, const struct referral *referral)
{
    struct work *work = row->work;
    uint64_t last = 0;
    for (uint32_t i = 0; i < referral->position_count; i++) {
        uint64_t position = referral->positions[i];
        size_t used = work->scratch->used;
        struct feed_event event;
        enum scrub_look look = scrub_look(work, key_feed(position));
        bool agrees =
            look == SCRUB_LOOK_DAMAGED ||
            (look == SCRUB_LOOK_SOUND && feed_next(work, position, &event) &&
                same(&event.referral, &referral->uuid));
        bool is_bad = scrub_takes_fault(work);
        arena_rewind(work->scratch, used);
        if ((!agrees && !is_bad) || position <= last) {
            scrub_tell(row, SCRUB_EVENT);
            return;
        }
        last = position;
    }
}

/* Two entries of its own, given before. */
static void entries_judge(struct scrub_row *row, uint64_t entry)
{
    if (entry == VAULT_ENTRY_COMMON || entry + 1 >= row->work->node->entry_next)
        scrub_tell(row, SCRUB_VAULT);
    else if (row->watch->owns != NULL)
        row->watch->owns(row->watch->user, entry, key_slice(&row->key));
}

void scrub_register(struct scrub_row *row)
{
    struct work *work = row->work;
    struct uuid uuid;
    if (row->key.size != 1 + sizeof uuid.bytes) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    memcpy(uuid.bytes, row->key.bytes + 1, sizeof uuid.bytes);
    row->has_referral = true;
    row->referral = uuid;
    const struct referral *referral = register_get(work, &uuid);
    if (referral == NULL)
        return; /* told as malformed */
    row->peer = peer_numbered(work->node, referral->peer);
    if (row->peer == NULL)
        scrub_tell(row, SCRUB_ORPHAN);
    entries_judge(row, referral->entry);
    if (referral->moving.from != 0)
        entries_judge(row, referral->moving.from);
    (void)scrub_content(row, referral->request, NULL);
    (void)scrub_content(row, referral->offer, NULL);
    positions_judge(row, referral);
}

/* ---- The feed ------------------------------------------------------------ */

static bool is_listed(const struct referral *referral, uint64_t position)
{
    for (uint32_t i = 0; i < referral->position_count; i++)
        if (referral->positions[i] == position)
            return true;
    return false;
}

void scrub_feed(struct scrub_row *row)
{
    struct work *work = row->work;
    struct feed_event event;
    if (row->key.size != 9) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    uint64_t position = key_number(key_slice(&row->key));
    if (!feed_next(work, position, &event))
        return; /* told as malformed */
    row->peer = peer_numbered(work->node, event.peer);
    row->has_referral = true;
    row->referral = event.referral;
    if (position == 0 || position >= work->node->feed_position_next)
        scrub_tell(row, SCRUB_POSITION);
    if (event.type == 0 || (size_t)event.type >= FEED_TYPE_COUNT)
        scrub_tell(row, SCRUB_MALFORMED);
    (void)scrub_content(row, event.content, NULL);
    const struct referral *referral = scrub_referral(row, &event.referral);
    if (referral != NULL && !register_is_begun(referral) &&
        !is_listed(referral, position))
        scrub_tell(row, SCRUB_EVENT);
}

/* ---- Contents ------------------------------------------------------------ */

void scrub_contents(struct scrub_row *row)
{
    struct work *work = row->work;
    if (row->key.size != 9) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    uint64_t segment = key_number(key_slice(&row->key));
    size_t count = content_slot_count(row->value);
    if (segment == 0 || segment >= work->node->segment_next)
        scrub_tell(row, SCRUB_POSITION);
    for (size_t i = 0; i < count && !work_failed(work); i++) {
        struct content_ref ref = { segment, (uint32_t)i };
        struct slice plain;
        size_t used = work->scratch->used;
        enum err err =
            content_try(work->contents, work->txn, work->scratch, ref, &plain);
        row->size += plain.size;
        arena_rewind(work->scratch, used);
        if (err == ERR_CORRUPT) {
            (void)scrub_takes_fault(work);
            scrub_tell(row, SCRUB_CONTENT);
            return;
        }
        if (err == ERR_NONE && plain.bytes != NULL && row->watch->holds != NULL)
            row->watch->holds(row->watch->user, ref);
    }
}

/* ---- When something of a referral is to go ------------------------------- */

/* Keys that end in the id of a referral that there is. */
static void dated_judge(struct scrub_row *row, size_t size, size_t value_size)
{
    struct uuid uuid;
    if (row->key.size != size) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    if (row->value.size != value_size)
        scrub_tell(row, SCRUB_MALFORMED);
    memcpy(uuid.bytes, row->key.bytes + size - sizeof uuid.bytes,
        sizeof uuid.bytes);
    row->has_referral = true;
    row->referral = uuid;
    (void)scrub_referral(row, &uuid);
}

void scrub_due(struct scrub_row *row)
{
    dated_judge(row, KEY_DUE_SIZE, 0);
}

void scrub_waiting(struct scrub_row *row)
{
    dated_judge(row, KEY_WAITING_SIZE, 8);
}

void scrub_taken(struct scrub_row *row)
{
    dated_judge(row, KEY_TAKEN_SIZE, 8);
}
