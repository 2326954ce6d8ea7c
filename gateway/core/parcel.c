#include "core/parcel.h"

#include "core/generation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"

#include <assert.h>
#include <string.h>

/* What an entry adds to a parcel's size beside its content. */
#define ENTRY_FRAMING 128u

static bool entry_index(struct work *work, const struct intent *intent,
    struct ledger *out, struct ledger_entry *entry)
{
    size_t used = work->scratch->used;
    struct slice content =
        content_get(work->contents, work->txn, work->scratch, intent->content);
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
    work_draw(work, entry->salt, SALT_SIZE);
    entry_digest(
        work->crypto, SLICE_ARRAY(entry->salt), content, header.digest);
    arena_rewind(work->scratch, used);
    entry->header = entry_header_write(&header, work->arena);
    if (entry->header.bytes == NULL) {
        work_exhausted(work);
        return false;
    }
    ledger_append(work, out, entry->header);
    return !work_failed(work);
}

/* First all are read, then all are taken: contents of one commit lie together,
 * and a change would have them read anew. */
static size_t gather(struct work *work, struct ledger *out,
    struct ledger_entry *entries, struct intent *intents, size_t capacity)
{
    size_t count = 0;
    size_t size = 0;
    uint64_t from = 0;
    while (count < capacity && outbox_next(work, out, from, &intents[count])) {
        size += intents[count].content_size + ENTRY_FRAMING;
        if (count > 0 && size > PARCEL_SIZE_MAX)
            break;
        from = intents[count].number + 1;
        if (!entry_index(work, &intents[count], out, &entries[count]))
            break;
        count++;
    }
    for (size_t i = 0; i < count; i++)
        outbox_take(work, out, &intents[i]);
    return count;
}

/* Entry 0 of a later generation: where the one before ended. */
static bool entry_begin(
    struct work *work, struct ledger *out, struct ledger_entry *entry)
{
    struct ledger *before = generation_find(work, out, out->previous);
    struct generation_end end;
    struct merkle_hash root;
    if (before == NULL) {
        work->txn->err = ERR_CORRUPT;
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
        .content = content_put(
            work->contents, work->arena, VAULT_ENTRY_COMMON, content),
    };
    if (content_is_none(intent.content)) {
        work_exhausted(work);
        return false;
    }
    return entry_index(work, &intent, out, entry);
}

static bool begins_later(const struct ledger *out)
{
    return out->frontier.size == 0 && out->previous != 0;
}

bool parcel_is_due(const struct ledger *out)
{
    return out->intent_count > 0 || begins_later(out);
}

bool parcel_make(struct work *work, struct peer *peer)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    bool later = begins_later(out);
    size_t capacity = out->intent_count < PARCEL_ENTRY_COUNT_MAX
                          ? (size_t)out->intent_count + later
                          : PARCEL_ENTRY_COUNT_MAX;
    struct ledger_entry *entries =
        arena_take_array(work->arena, capacity, sizeof *entries);
    struct intent *intents =
        arena_take_array(work->arena, capacity, sizeof *intents);
    if (entries == NULL || intents == NULL) {
        work_exhausted(work);
        return false;
    }
    assert(!generation_is_spent(work, out) && !out->refills);
    if (out->generation == 0)
        generation_open(work, out);
    uint64_t first_index = out->frontier.size;
    if (later && !entry_begin(work, out, &entries[0]))
        return false;
    size_t count =
        later + gather(work, out, entries + later, intents, capacity - later);
    if (work_failed(work) || count == 0)
        return false;
    struct origin origin = ledger_origin(out, &work->node->self, &peer->agency);
    struct note note;
    char text[NOTE_SIZE_MAX];
    ledger_checkpoint(work, out, &origin, &note);
    if (note_sign(work->crypto, &note) != ERR_NONE) {
        work->txn->err = ERR_KEY;
        return false;
    }
    out->offered = arena_copy(work->arena, note_print(&note, text));
    if (out->offered.bytes == NULL)
        work_exhausted(work);
    ledger_entries_write(work, out, first_index, entries, count, SLICE_NONE);
    work->node->counters.entries_sent += count;
    return !work_failed(work);
}
