#include "core/scrub_mend.h"

#include "core/feed.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/scrub_patrol.h"
#include "core/scrub_row.h"

#include <string.h>

/* ---- What is wanted ------------------------------------------------------ */

void mend_begin(struct peer *peer, enum ledger_direction direction,
    uint64_t generation, uint64_t first_index)
{
    peer->mend = (struct mend){ .is_wanted = true,
        .direction = (uint8_t)direction,
        .generation = generation,
        .first_index = first_index };
}

bool mend_is_wanted(const struct peer *peer)
{
    return peer->mend.is_wanted && peer->mend.try_count < MEND_TRY_COUNT_MAX;
}

void mend_refused(struct peer *peer)
{
    peer->mend.is_wanted = false;
}

struct slice mend_ask(struct work *work, struct peer *peer)
{
    const struct fetch fetch = {
        .authored = peer->mend.direction == LEDGER_OUT,
        .generation = peer->mend.generation,
        .first_index = peer->mend.first_index,
        .size_max = 1, /* one parcel, whatever its size */
    };
    /* one that dials us cannot say no: it does not bring it */
    peer->mend.try_count += !peer->reachable;
    struct slice body = fetch_write(&fetch, work->arena);
    if (body.bytes == NULL)
        work_exhausted(work);
    return body;
}

/* ---- Is it that? --------------------------------------------------------- */

static bool is_held(struct work *work, struct peer *peer,
    struct ledger **ledger, struct ledger_parcel *held)
{
    enum ledger_direction direction =
        (enum ledger_direction)peer->mend.direction;
    struct ledger *present = peer_ledger(work, peer, direction);
    *ledger = generation_find(work, present, peer->mend.generation);
    return *ledger != NULL &&
           ledger_parcel_at(work, *ledger, peer->mend.first_index, held) &&
           held->first_index == peer->mend.first_index;
}

static bool is_same(const struct parcel *came, const struct ledger_parcel *held)
{
    if (came->first_index != held->first_index ||
        came->entry_count != held->count)
        return false;
    for (size_t i = 0; i < held->count; i++)
        if (!slice_equal(came->entries[i].header, held->entries[i].header))
            return false;
    return true;
}

/* ---- Taking it ----------------------------------------------------------- */

/* Without what is in memory: the disk is in question. */
static bool is_lost(struct work *work, struct content_ref ref)
{
    struct slice plain;
    size_t used = work->scratch->used;
    if (content_is_none(ref) || content_is_new(work->contents, ref))
        return false;
    if (scrub_look(work, key_content(ref.segment)) != SCRUB_LOOK_SOUND)
        return !work_failed(work);
    struct content_recent *recent = work->contents->recent;
    work->contents->recent = NULL;
    enum err err =
        content_try(work->contents, work->txn, work->scratch, ref, &plain);
    work->contents->recent = recent;
    arena_rewind(work->scratch, used);
    (void)scrub_takes_fault(work);
    return err == ERR_CORRUPT;
}

static bool is_its_content(struct work *work, const struct ledger_entry *held,
    const struct entry *came, struct entry_header *header)
{
    uint8_t digest[HASH_SIZE];
    entry_digest(work->crypto, came->salt, came->content, digest);
    return entry_header_read(held->header, work->scratch, header) == ERR_NONE &&
           memcmp(digest, header->digest, HASH_SIZE) == 0;
}

/* Feed and register speak of the same content. */
static void point_to(struct work *work, struct referral *referral,
    struct content_ref from, struct content_ref to)
{
    bool changed = false;
    struct content_ref *refs[] = { &referral->request, &referral->offer };
    for (size_t i = 0; i < 2; i++)
        if (content_equal(*refs[i], from)) {
            *refs[i] = to;
            changed = true;
        }
    if (changed)
        register_put(work, referral);
    for (uint32_t i = 0; i < referral->position_count; i++) {
        size_t used = work->scratch->used;
        struct feed_event event;
        if (scrub_look(work, key_feed(referral->positions[i])) ==
                SCRUB_LOOK_SOUND &&
            feed_next(work, referral->positions[i], &event) &&
            content_equal(event.content, from)) {
            event.content = to;
            feed_rewrite(work, &event);
        }
        arena_rewind(work->scratch, used);
    }
}

/* Its entry of the vault. False: what it is about is gone, or was erased. */
static bool entry_of(struct work *work, const struct ledger_entry *entry,
    enum entry_kind kind, struct referral **referral, uint64_t *vault_entry)
{
    *referral = NULL;
    *vault_entry = VAULT_ENTRY_COMMON;
    if (kind != ENTRY_REFERRAL_EVENT)
        return true;
    if (!entry->has_referral ||
        scrub_look(work, key_referral(&entry->referral)) != SCRUB_LOOK_SOUND)
        return false;
    *referral = register_get(work, &entry->referral);
    if (*referral == NULL)
        return false;
    *vault_entry =
        (*referral)->entry +
        ((*referral)->erased ||
            event_is_exempt((enum referral_event_type)entry->event_type));
    struct vault *vault = work->node->vault;
    return !vault->ops->is_destroyed(vault, *vault_entry);
}

/* What does not open goes: else it would be found again. */
static void drop(struct work *work, struct content_ref ref)
{
    struct key key = key_content(ref.segment);
    content_recent_forget(work->contents->recent, ref.segment, ref.slot);
    if (scrub_look(work, key) != SCRUB_LOOK_SOUND)
        return; /* all of the row goes, when nothing speaks of it any more */
    struct slice blob = store_get(work->txn, key_slice(&key));
    if (ref.slot < content_slot_count(blob))
        content_erase(work->contents, work->txn, work->arena, ref);
}

/* One that was erased: of its words there may be old copies. */
static struct content_ref gone_put(struct work *work, uint64_t vault_entry)
{
    static const uint8_t salt[SALT_SIZE];
    struct content_ref ref = content_put(work->contents, work->arena,
        vault_entry, SLICE_ARRAY(salt), slice_of(salt, 0));
    if (content_is_none(ref))
        work_exhausted(work);
    else
        content_erase(work->contents, work->txn, work->arena, ref);
    return ref;
}

/* The other end has no words of it any more either, as it erased them: nobody
 * has, and what waits for them would wait for ever. As if they were erased
 * here. */
static bool entry_give_up(struct work *work, struct ledger_entry *held)
{
    struct referral *referral =
        held->has_referral && scrub_look(work, key_referral(&held->referral)) ==
                                  SCRUB_LOOK_SOUND
            ? register_get(work, &held->referral)
            : NULL;
    if (referral == NULL)
        return false;
    point_to(work, referral, held->content, gone_put(work, referral->entry));
    drop(work, held->content);
    held->content = CONTENT_NONE;
    held->attached = false;
    return !work_failed(work);
}

static bool entry_mend(
    struct work *work, struct ledger_entry *held, const struct entry *came)
{
    struct entry_header header;
    struct referral *referral;
    uint64_t vault_entry;
    if (!is_its_content(work, held, came, &header) ||
        !entry_of(work, held, header.kind, &referral, &vault_entry))
        return false;
    struct content_ref old = held->content;
    struct content_ref ref = content_put(
        work->contents, work->arena, vault_entry, came->salt, came->content);
    if (content_is_none(ref)) {
        work_exhausted(work);
        return false;
    }
    held->content = ref;
    if (referral != NULL)
        point_to(work, referral, old, ref);
    drop(work, old);
    return true;
}

struct outcome {
    size_t mended;
    size_t given_up;
};

static void entry_look(struct work *work, struct ledger_entry *held,
    const struct entry *came, struct outcome *outcome)
{
    size_t used = work->scratch->used;
    if (held->attached && is_lost(work, held->content)) {
        if (came->salt.size == 0)
            outcome->given_up += entry_give_up(work, held);
        else
            outcome->mended += entry_mend(work, held, came);
    }
    arena_rewind(work->scratch, used);
}

static void tell(
    struct work *work, const struct peer *peer, const struct outcome *outcome)
{
    work->node->patrol.mended += outcome->mended;
    if (outcome->mended > 0)
        OUTPUT_LOG(work, LOG_STORE_MENDED, log_agency("from", &peer->agency),
            log_number("contents", (int64_t)outcome->mended));
    if (outcome->given_up > 0) {
        OUTPUT_LOG(work, LOG_WORDS_GONE, log_agency("at", &peer->agency),
            log_number("contents", (int64_t)outcome->given_up));
        patrol_hasten(work);
    }
}

const char *mend_take(struct work *work, struct peer *peer, struct slice body)
{
    struct fetched fetched;
    struct ledger *ledger;
    struct ledger_parcel held;
    struct outcome outcome = { 0 };
    if (fetched_read(body, work->scratch, &fetched) != ERR_NONE)
        return "reply_malformed";
    if (!is_held(work, peer, &ledger, &held)) {
        mend_refused(peer); /* it is past: a ledger was taken back meanwhile */
        return NULL;
    }
    if (fetched.parcel_count == 0 || !is_same(&fetched.parcels[0], &held)) {
        mend_refused(peer);
        return "fetched_other";
    }
    for (size_t i = 0; i < held.count; i++)
        entry_look(
            work, &held.entries[i], &fetched.parcels[0].entries[i], &outcome);
    peer->mend.is_wanted = false;
    peer->stumble_count = 0;
    if (outcome.mended + outcome.given_up == 0 || work_failed(work))
        return NULL;
    ledger_entries_write(
        work, ledger, held.first_index, held.entries, held.count, held.note);
    tell(work, peer, &outcome);
    return NULL;
}
