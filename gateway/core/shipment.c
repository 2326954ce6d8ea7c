#include "core/shipment.h"

#include "core/entry.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/mention.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"

#include <assert.h>
#include <string.h>

/* False: it is damaged, and nothing else is the worse for it; or the store or
 * memory failed. */
static bool words_get(
    struct work *work, struct content_ref ref, struct entry *travelling)
{
    if (work_failed(work))
        return false;
    travelling->content = content_get_salted(
        work->contents, work->txn, work->arena, ref, &travelling->salt);
    return !content_takes_damage(work->contents, work->txn) &&
           !work_failed(work);
}

bool shipment_load(
    struct work *work, struct ledger *out, struct shipment *shipment)
{
    struct ledger_parcel *stored = &shipment->stored;
    if (!ledger_parcel_at(work, out, out->cosigned, stored)) {
        work_corrupt(work);
        return false;
    }
    shipment->entries =
        arena_take_array(work->arena, stored->count, sizeof *shipment->entries);
    if (shipment->entries == NULL) {
        work_exhausted(work);
        return false;
    }
    for (size_t i = 0; i < stored->count; i++) {
        const struct ledger_entry *entry = &stored->entries[i];
        struct entry *to = &shipment->entries[i];
        *to = (struct entry){ .header = entry->header };
        if (entry->attached && !words_get(work, entry->content, to)) {
            shipment->is_damaged = !work_failed(work);
            return false;
        }
        if (to->content.bytes == NULL)
            to->mention = mention_make(work, out->peer, entry);
    }
    return !work_failed(work);
}

struct slice shipment_body(struct work *work, struct peer *peer,
    const struct ledger *out, const struct shipment *shipment)
{
    const struct ledger_parcel *stored = &shipment->stored;
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    struct deliver deliver = {
        .fence = SLICE_ARRAY(out->fences[0]),
        .parcel = { stored->first_index, shipment->entries, stored->count,
            out->offered },
        .collected = in->collected,
        .collected_generation = in->collected > 0 ? in->generation : 0,
    };
    struct slice body = deliver_write(&deliver, work->arena);
    if (body.bytes == NULL) {
        work_exhausted(work);
        return SLICE_NONE;
    }
    work->node->counters.parcels_sent++;
    OUTPUT_LOG(work, LOG_PARCEL_SENT, log_agency("peer", &peer->agency),
        log_number("first", (int64_t)stored->first_index),
        log_number("entries", (int64_t)stored->count));
    return body;
}

/* ---- Made --------------------------------------------------------------- */

/* With its words, which were read before. */
static bool entry_index(struct work *work, const struct intent *intent,
    struct ledger *out, struct ledger_entry *entry, struct entry *travelling)
{
    uint8_t nobodys[SALT_SIZE]; /* of what was erased before it could leave */
    struct slice salt = travelling->salt;
    struct slice content = travelling->content;
    struct entry_header header = { .kind = intent->kind, .at = intent->at };
    *entry = (struct ledger_entry){
        .attached = content.bytes != NULL,
        .content = intent->content,
        .has_referral = intent->has_referral,
        .referral = intent->referral,
        .event_type = intent->event_type,
        .seq = intent->seq,
        .state = intent->state,
        .feed_position = intent->feed_position,
    };
    if (content.bytes == NULL) {
        work_draw(work, nobodys, sizeof nobodys);
        salt = SLICE_ARRAY(nobodys);
        travelling->mention = mention_make(work, out->peer, entry);
    }
    entry_digest(work->crypto, salt, content, header.digest);
    entry->header = entry_header_write(&header, work->arena);
    if (entry->header.bytes == NULL) {
        work_exhausted(work);
        return false;
    }
    travelling->header = entry->header;
    ledger_append(work, out, entry->header);
    return !work_failed(work);
}

/* The oldest that wait. Their contents are read before anything is written:
 * content.h holds the blob that it read last. */
static size_t gather(struct work *work, struct ledger *out,
    struct shipment *shipment, size_t begun, size_t capacity, size_t size_max)
{
    struct intent *intents =
        arena_take_array(work->arena, capacity, sizeof *intents);
    struct ledger_entry *entries = shipment->stored.entries + begun;
    struct entry *travelling = shipment->entries + begun;
    if (intents == NULL) {
        work_exhausted(work);
        return 0;
    }
    size_t count = outbox_oldest(work, out, size_max, intents, capacity);
    for (size_t i = 0; i < count; i++) {
        if (!words_get(work, intents[i].content, &travelling[i])) {
            shipment->is_damaged = !work_failed(work);
            count = i;
        } else if (!entry_index(
                       work, &intents[i], out, &entries[i], &travelling[i])) {
            return 0;
        }
    }
    for (size_t i = 0; i < count; i++)
        outbox_take(work, out, &intents[i]);
    return work_failed(work) ? 0 : count;
}

/* Entry 0 of a later generation: where the one before ended. */
static bool entry_begin(struct work *work, struct ledger *out,
    struct ledger_entry *entry, struct entry *travelling)
{
    struct ledger *before = generation_find(work, out, out->previous);
    struct generation_end end;
    struct merkle_hash root;
    if (before == NULL) {
        work_corrupt(work);
        return false;
    }
    merkle_root(work->crypto, &before->frontier, &root);
    end =
        (struct generation_end){ before->generation, before->cosigned, { 0 } };
    memcpy(end.root, root.bytes, HASH_SIZE);
    struct slice content = generation_end_write(&end, work->arena);
    struct intent intent = {
        .kind = ENTRY_GENERATION,
        .at = work->now,
        .content = work_say(work, VAULT_ENTRY_COMMON, content),
    };
    return !content_is_none(intent.content) &&
           words_get(work, intent.content, travelling) &&
           entry_index(work, &intent, out, entry, travelling);
}

static bool begins_later(const struct ledger *out)
{
    return out->frontier.size == 0 && out->previous != 0;
}

bool shipment_is_due(const struct ledger *out)
{
    return out->intent_count > 0 || begins_later(out);
}

bool shipment_make(struct work *work, struct peer *peer, struct ledger *out,
    struct shipment *shipment)
{
    struct ledger_parcel *stored = &shipment->stored;
    bool later = begins_later(out);
    size_t capacity = out->intent_count < PARCEL_ENTRY_COUNT_MAX
                          ? (size_t)out->intent_count + later
                          : PARCEL_ENTRY_COUNT_MAX;
    *stored = (struct ledger_parcel){ .first_index = out->frontier.size };
    stored->entries =
        arena_take_array(work->arena, capacity, sizeof *stored->entries);
    shipment->entries =
        arena_take_array(work->arena, capacity, sizeof *shipment->entries);
    if (stored->entries == NULL || shipment->entries == NULL) {
        work_exhausted(work);
        return false;
    }
    assert(!generation_is_spent(work, out) && !out->refills);
    if (out->generation == 0)
        generation_open(work, out);
    if (later &&
        !entry_begin(work, out, &stored->entries[0], &shipment->entries[0]))
        return false;
    stored->count = later + gather(work, out, shipment, later, capacity - later,
                                pace_size(&peer->parcel_pace));
    if (work_failed(work) || stored->count == 0)
        return false;
    struct origin origin = ledger_origin(out, &work->node->self, &peer->agency);
    struct note note;
    char text[NOTE_SIZE_MAX];
    ledger_checkpoint(work, out, &origin, &note);
    if (note_sign(work->crypto, &note) != ERR_NONE) {
        work_fail(work, ERR_KEY);
        return false;
    }
    out->offered = arena_copy(work->arena, note_print(&note, text));
    if (out->offered.bytes == NULL)
        work_exhausted(work);
    ledger_entries_write(work, out, stored->first_index, stored->entries,
        stored->count, SLICE_NONE);
    work->node->counters.entries_sent += stored->count;
    return !work_failed(work);
}
