#include "core/ledger.h"

#include "core/keys.h"
#include "core/limits.h"

#include <string.h>

#define ROW_VERSION 5
#define ENTRIES_VERSION 4

/* The row without its frontier and notes. */
#define ROW_SIZE_MAX                                                           \
    (256 + MERKLE_FRONTIER_SIZE_MAX + 2 * NOTE_SIZE_MAX +                      \
        CONTRADICTION_SIZE_MAX + LEDGER_FENCE_COUNT_MAX * FENCE_SIZE)

static const char *const troubles[] = {
#define X(symbol, number, text) [LEDGER_##symbol] = text,
    LEDGER_TROUBLE_LIST(X)
#undef X
};
_Static_assert(sizeof troubles / sizeof *troubles == LEDGER_TROUBLE_COUNT, "");

const char *ledger_trouble_name(enum ledger_trouble trouble)
{
    return (size_t)trouble < LEDGER_TROUBLE_COUNT ? troubles[trouble] : "?";
}

/* ---- The state row ------------------------------------------------------ */

static struct slice copied(struct work *work, struct slice bytes)
{
    if (bytes.size == 0)
        return SLICE_NONE;
    struct slice copy = arena_copy(work->arena, bytes);
    if (copy.bytes == NULL)
        work_exhausted(work);
    return copy;
}

static void row_read(struct work *work, struct slice row, struct ledger *ledger)
{
    struct unpacker in = unpack_from(row);
    if (unpack_u8(&in) != ROW_VERSION)
        in.err = ERR_CORRUPT;
    ledger->number = unpack_u32(&in);
    ledger->shelf = unpack_u32(&in);
    ledger->generation = unpack_u64(&in);
    ledger->previous = unpack_u64(&in);
    merkle_frontier_unpack(&in, &ledger->frontier);
    ledger->cosigned = unpack_u64(&in);
    ledger->note = copied(work, unpack_bytes(&in));
    ledger->offered = copied(work, unpack_bytes(&in));
    ledger->fence_count = unpack_u8(&in);
    if (ledger->fence_count > LEDGER_FENCE_COUNT_MAX)
        in.err = ERR_CORRUPT;
    for (int i = 0; in.err == ERR_NONE && i < ledger->fence_count; i++)
        unpack_fixed(&in, ledger->fences[i], FENCE_SIZE);
    ledger->collected = unpack_u64(&in);
    ledger->collected_ms = (int64_t)unpack_u64(&in);
    ledger->awaited = unpack_u64(&in);
    ledger->awaited_position = unpack_u64(&in);
    ledger->answered = unpack_u64(&in);
    ledger->intent_next = unpack_u64(&in);
    ledger->intent_count = unpack_u64(&in);
    ledger->unfolded = unpack_u64(&in);
    ledger->refill = unpack_u32(&in);
    ledger->refills = unpack_u8(&in) != 0;
    ledger->renews = unpack_u8(&in) != 0;
    ledger->closes = unpack_u8(&in) != 0;
    ledger->losses = unpack_u32(&in);
    ledger->epoch = unpack_u64(&in);
    ledger->trouble = (enum ledger_trouble)unpack_u8(&in);
    ledger->conflict_ms = (int64_t)unpack_u64(&in);
    ledger->apart_ms = (int64_t)unpack_u64(&in);
    ledger->alarm = unpack_u8(&in);
    ledger->evidence = copied(work, unpack_bytes(&in));
    if (unpack_end(&in) != ERR_NONE ||
        (size_t)ledger->trouble >= LEDGER_TROUBLE_COUNT ||
        ledger->unfolded > ledger->frontier.size ||
        ledger->collected > ledger->frontier.size ||
        ledger->awaited > ledger->frontier.size)
        work_corrupt(work);
}

static struct ledger *load(struct work *work, uint32_t peer,
    enum ledger_direction direction, struct slice row)
{
    struct ledger *ledger = arena_take(work->arena, sizeof *ledger);
    if (ledger == NULL) {
        work_exhausted(work);
        return NULL;
    }
    ledger->peer = peer;
    ledger->direction = direction;
    if (row.bytes != NULL)
        row_read(work, row, ledger);
    return work_failed(work) ? NULL : ledger;
}

struct ledger *ledger_load(
    struct work *work, uint32_t peer, enum ledger_direction direction)
{
    struct key key = key_ledger(peer, (uint8_t)direction, LANE_MAIN);
    return load(work, peer, direction, store_get(work->txn, key_slice(&key)));
}

struct ledger *ledger_load_closed(struct work *work, uint32_t peer,
    enum ledger_direction direction, uint64_t generation)
{
    struct key key =
        key_generation(peer, (uint8_t)direction, LANE_MAIN, generation);
    struct slice row = store_get(work->txn, key_slice(&key));
    struct ledger *ledger =
        row.bytes == NULL ? NULL : load(work, peer, direction, row);
    if (ledger != NULL)
        ledger->closed = true;
    return ledger;
}

static struct key key_of(const struct ledger *ledger)
{
    uint8_t direction = (uint8_t)ledger->direction;
    return ledger->closed ? key_generation(ledger->peer, direction, LANE_MAIN,
                                ledger->generation)
                          : key_ledger(ledger->peer, direction, LANE_MAIN);
}

void ledger_delete_closed(struct work *work, const struct ledger *ledger)
{
    struct key key = key_of(ledger);
    store_del(work->txn, key_slice(&key));
}

void ledger_save(struct work *work, const struct ledger *ledger)
{
    uint8_t bytes[ROW_SIZE_MAX];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u8(&out, ROW_VERSION);
    pack_u32(&out, ledger->number);
    pack_u32(&out, ledger->shelf);
    pack_u64(&out, ledger->generation);
    pack_u64(&out, ledger->previous);
    merkle_frontier_pack(&ledger->frontier, &out);
    pack_u64(&out, ledger->cosigned);
    pack_bytes(&out, ledger->note);
    pack_bytes(&out, ledger->offered);
    pack_u8(&out, ledger->fence_count);
    for (int i = 0; i < ledger->fence_count; i++)
        pack_fixed(&out, ledger->fences[i], FENCE_SIZE);
    pack_u64(&out, ledger->collected);
    pack_u64(&out, (uint64_t)ledger->collected_ms);
    pack_u64(&out, ledger->awaited);
    pack_u64(&out, ledger->awaited_position);
    pack_u64(&out, ledger->answered);
    pack_u64(&out, ledger->intent_next);
    pack_u64(&out, ledger->intent_count);
    pack_u64(&out, ledger->unfolded);
    pack_u32(&out, ledger->refill);
    pack_u8(&out, ledger->refills);
    pack_u8(&out, ledger->renews);
    pack_u8(&out, ledger->closes);
    pack_u32(&out, ledger->losses);
    pack_u64(&out, ledger->epoch);
    pack_u8(&out, (uint8_t)ledger->trouble);
    pack_u64(&out, (uint64_t)ledger->conflict_ms);
    pack_u64(&out, (uint64_t)ledger->apart_ms);
    pack_u8(&out, ledger->alarm);
    pack_bytes(&out, ledger->evidence);
    work_put(work, key_of(ledger), &out);
}

struct origin ledger_origin(const struct ledger *ledger,
    const struct agency_id *self, const struct agency_id *peer)
{
    bool ours = ledger->direction == LEDGER_OUT;
    return (struct origin){
        .author = ours ? *self : *peer,
        .recipient = ours ? *peer : *self,
        .lane = LANE_MAIN,
        .generation = ledger->generation,
    };
}

void ledger_checkpoint(struct work *work, const struct ledger *ledger,
    const struct origin *origin, struct note *note)
{
    struct merkle_hash root;
    merkle_root(work->crypto, &ledger->frontier, &root);
    *note = (struct note){ .origin = *origin, .size = ledger->frontier.size };
    memcpy(note->root, root.bytes, HASH_SIZE);
}

void ledger_append(
    struct work *work, struct ledger *ledger, struct slice header)
{
    struct merkle_hash leaf;
    merkle_leaf_hash(work->crypto, header, &leaf);
    merkle_append(work->crypto, &ledger->frontier, &leaf);
    ledger->changed = true;
}

/* ---- Entries ------------------------------------------------------------ */

enum {
    ENTRY_ATTACHED = 1u << 0,
    ENTRY_HAS_REFERRAL = 1u << 1,
    ENTRY_WITHHELD = 1u << 2,
    ENTRY_HAS_MOU = 1u << 3,
};

static void entry_pack(struct packer *out, const struct ledger_entry *entry)
{
    unsigned flags = (entry->attached ? ENTRY_ATTACHED : 0u) |
                     (entry->has_referral ? ENTRY_HAS_REFERRAL : 0u) |
                     (entry->withheld ? ENTRY_WITHHELD : 0u) |
                     (mou_id_is_none(&entry->mou) ? 0u : ENTRY_HAS_MOU);
    pack_bytes(out, entry->header);
    pack_u8(out, (uint8_t)flags);
    if (entry->attached)
        content_ref_pack(out, entry->content);
    if (entry->has_referral) {
        pack_fixed(out, entry->referral.bytes, sizeof entry->referral.bytes);
        pack_u8(out, entry->event_type);
        pack_u32(out, entry->seq);
        pack_u8(out, entry->state);
        pack_u64(out, entry->feed_position);
    }
    if ((flags & ENTRY_HAS_MOU) != 0)
        pack_fixed(out, entry->mou.bytes, sizeof entry->mou.bytes);
}

static void entry_unpack(struct unpacker *in, struct ledger_entry *entry)
{
    entry->header = unpack_bytes(in);
    uint8_t flags = unpack_u8(in);
    entry->attached = (flags & ENTRY_ATTACHED) != 0;
    entry->has_referral = (flags & ENTRY_HAS_REFERRAL) != 0;
    entry->withheld = (flags & ENTRY_WITHHELD) != 0;
    if (entry->attached)
        entry->content = content_ref_unpack(in);
    if (entry->has_referral) {
        unpack_fixed(in, entry->referral.bytes, sizeof entry->referral.bytes);
        entry->event_type = unpack_u8(in);
        entry->seq = unpack_u32(in);
        entry->state = unpack_u8(in);
        entry->feed_position = unpack_u64(in);
    }
    if ((flags & ENTRY_HAS_MOU) != 0)
        unpack_fixed(in, entry->mou.bytes, sizeof entry->mou.bytes);
}

/* Bytes of one packed entry, at most. */
#define ENTRY_SIZE_MAX                                                         \
    (4 + HEADER_SIZE_MAX + 1 + 12 + 16 + 1 + 4 + 1 + 8 + HASH_SIZE)

void ledger_entries_write(struct work *work, const struct ledger *ledger,
    uint64_t first_index, const struct ledger_entry *entries, size_t count,
    struct slice note)
{
    size_t capacity = 16 + note.size + count * ENTRY_SIZE_MAX;
    size_t used = work->arena->used;
    uint8_t *bytes = arena_take(work->arena, capacity);
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct packer out = pack_into(bytes, capacity);
    pack_u8(&out, ENTRIES_VERSION);
    pack_u32(&out, (uint32_t)count);
    pack_bytes(&out, note);
    for (size_t i = 0; i < count; i++)
        entry_pack(&out, &entries[i]);
    work_put(work, key_entries(ledger->shelf, first_index), &out);
    arena_rewind(work->arena, used);
}

static bool parcel_read(struct work *work, struct arena *arena,
    struct slice row, struct ledger_parcel *parcel)
{
    row = arena_copy(arena, row);
    if (row.bytes == NULL) {
        work_exhausted(work);
        return false;
    }
    struct unpacker in = unpack_from(row);
    if (unpack_u8(&in) != ENTRIES_VERSION)
        in.err = ERR_CORRUPT;
    parcel->count = unpack_u32(&in);
    parcel->note = unpack_bytes(&in);
    if (in.err != ERR_NONE || parcel->count > PARCEL_ENTRY_COUNT_MAX) {
        work_corrupt(work);
        return false;
    }
    parcel->entries =
        arena_take_array(arena, parcel->count, sizeof *parcel->entries);
    if (parcel->entries == NULL) {
        work_exhausted(work);
        return false;
    }
    for (size_t i = 0; i < parcel->count; i++)
        entry_unpack(&in, &parcel->entries[i]);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

bool ledger_parcel_load(struct work *work, struct arena *arena,
    const struct ledger *ledger, uint64_t index, struct ledger_parcel *parcel)
{
    struct key wanted = key_entries(ledger->shelf, index);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (ledger->shelf == 0 || index >= ledger->frontier.size ||
        !store_seek_back(work->txn, KEY_LEDGER_PARTS_SIZE, &key, &row))
        return false;
    parcel->first_index = key_number(key);
    if (!parcel_read(work, arena, row, parcel))
        return false;
    return index - parcel->first_index < parcel->count;
}

bool ledger_parcel_at(struct work *work, const struct ledger *ledger,
    uint64_t index, struct ledger_parcel *parcel)
{
    return ledger_parcel_load(work, work->arena, ledger, index, parcel);
}

void ledger_detach(
    struct work *work, const struct ledger *ledger, uint64_t index)
{
    struct ledger_parcel parcel;
    if (!ledger_parcel_at(work, ledger, index, &parcel))
        return;
    struct ledger_entry *entry = &parcel.entries[index - parcel.first_index];
    if (!entry->attached)
        return;
    content_erase(work->contents, work->txn, work->arena, entry->content);
    entry->attached = false;
    ledger_entries_write(work, ledger, parcel.first_index, parcel.entries,
        parcel.count, parcel.note);
}

bool ledger_frontier_at(struct work *work, const struct ledger *ledger,
    uint64_t size, struct merkle_frontier *frontier)
{
    *frontier = (struct merkle_frontier){ 0 };
    while (frontier->size < size) {
        size_t used = work->arena->used;
        struct ledger_parcel parcel;
        if (!ledger_parcel_at(work, ledger, frontier->size, &parcel) ||
            parcel.first_index != frontier->size)
            return false;
        for (size_t i = 0; i < parcel.count && frontier->size < size; i++) {
            struct merkle_hash leaf;
            merkle_leaf_hash(work->crypto, parcel.entries[i].header, &leaf);
            merkle_append(work->crypto, frontier, &leaf);
        }
        arena_rewind(
            work->arena, used); /* a ledger may be longer than the arena */
    }
    return true;
}

bool ledger_root_at(struct work *work, const struct ledger *ledger,
    uint64_t size, struct merkle_hash *root)
{
    struct merkle_frontier frontier;
    if (!ledger_frontier_at(work, ledger, size, &frontier))
        return false;
    merkle_root(work->crypto, &frontier, root);
    return true;
}

void ledger_parcel_remove(
    struct work *work, const struct ledger *ledger, uint64_t first_index)
{
    struct key key = key_entries(ledger->shelf, first_index);
    store_del(work->txn, key_slice(&key));
}

void ledger_header(struct work *work, struct arena *arena,
    const struct ledger_entry *entry, struct entry_header *header)
{
    *header = (struct entry_header){ 0 };
    enum err err = entry_header_read(entry->header, arena, header);
    if (err != ERR_NONE)
        work_unread(work, err);
}
