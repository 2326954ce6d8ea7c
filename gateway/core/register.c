#include "core/register.h"

#include "core/keys.h"
#include "core/node_state.h"

#include <string.h>

#define ROW_VERSION 7
#define ROW_SIZE_MAX (209 + 8 * REFERRAL_EVENT_COUNT_MAX)

static const char *const outcomes[] = {
#define X(symbol, number, text) [ERASURE_OUTCOME_##symbol] = text,
    ERASURE_OUTCOME_LIST(X)
#undef X
};
_Static_assert(
    sizeof outcomes / sizeof *outcomes == ERASURE_OUTCOME_COUNT, "outcomes");

const char *erasure_outcome_name(enum erasure_outcome outcome)
{
    return (size_t)outcome < ERASURE_OUTCOME_COUNT ? outcomes[outcome] : "?";
}

static void erasure_unpack(
    struct unpacker *in, struct referral_erasure *erasure)
{
    erasure->reason = (enum erasure_reason)unpack_u8(in);
    erasure->actor = (enum actor_kind)unpack_u8(in);
    erasure->by_us = unpack_u8(in) != 0;
    erasure->is_whole = unpack_u8(in) != 0;
    erasure->outcome = (enum erasure_outcome)unpack_u8(in);
    erasure->at.unix_ms = (int64_t)unpack_u64(in);
    if (erasure->reason >= ERASURE_REASON_COUNT ||
        erasure->outcome >= ERASURE_OUTCOME_COUNT)
        in->err = ERR_CORRUPT;
}

static void moving_unpack(struct unpacker *in, struct moving *moving)
{
    uint8_t is_moving = unpack_u8(in);
    *moving = (struct moving){ 0 };
    if (is_moving == 0)
        return;
    moving->from = unpack_u64(in);
    moving->at = unpack_u32(in);
    moving->count = unpack_u32(in);
    if (is_moving > 1 || moving->from == 0 || moving->at > moving->count)
        in->err = ERR_CORRUPT;
}

static void row_unpack(struct unpacker *in, struct referral *referral)
{
    if (unpack_u8(in) != ROW_VERSION)
        in->err = ERR_CORRUPT;
    referral->peer = unpack_u32(in);
    referral->outgoing = unpack_u8(in) != 0;
    unpack_fixed(in, referral->mou.bytes, sizeof referral->mou.bytes);
    referral->state = (enum referral_state)unpack_u8(in);
    referral->frozen = unpack_u8(in) != 0;
    referral->erased = unpack_u8(in) != 0;
    referral->own_seq = unpack_u32(in);
    referral->peer_seq = unpack_u32(in);
    referral->pending = unpack_u32(in);
    referral->refill = unpack_u32(in);
    referral->taken_up = (enum referral_state)unpack_u8(in);
    referral->created.unix_ms = (int64_t)unpack_u64(in);
    referral->updated.unix_ms = (int64_t)unpack_u64(in);
    referral->ended.unix_ms = (int64_t)unpack_u64(in);
    referral->taken.unix_ms = (int64_t)unpack_u64(in);
    referral->let_go.unix_ms = (int64_t)unpack_u64(in);
    erasure_unpack(in, &referral->erasure);
    referral->entry = unpack_u64(in);
    moving_unpack(in, &referral->moving);
    referral->request = content_ref_unpack(in);
    referral->offer = content_ref_unpack(in);
    referral->position_count = unpack_u32(in);
    if (referral->position_count > REFERRAL_EVENT_COUNT_MAX ||
        referral->moving.count > referral->position_count ||
        referral->state >= REFERRAL_STATE_COUNT ||
        referral->taken_up >= REFERRAL_STATE_COUNT)
        in->err = ERR_CORRUPT;
    for (uint32_t i = 0; in->err == ERR_NONE && i < referral->position_count;
         i++)
        referral->positions[i] = unpack_u64(in);
}

static struct referral *row_read(
    struct work *work, const struct uuid *uuid, struct slice row)
{
    struct referral *referral = arena_take(work->scratch, sizeof *referral);
    if (referral == NULL) {
        work_exhausted(work);
        return NULL;
    }
    struct unpacker in = unpack_from(row);
    referral->uuid = *uuid;
    row_unpack(&in, referral);
    if (unpack_end(&in) != ERR_NONE) {
        work_corrupt(work);
        return NULL;
    }
    return referral;
}

struct referral *register_get(struct work *work, const struct uuid *uuid)
{
    struct key key = key_referral(uuid);
    struct slice row = store_get(work->txn, key_slice(&key));
    return row.bytes == NULL ? NULL : row_read(work, uuid, row);
}

struct referral *register_next(struct work *work, const struct uuid *from)
{
    struct key wanted = key_referral(from);
    struct slice key = key_slice(&wanted);
    struct slice row;
    struct uuid uuid;
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
        return NULL;
    memcpy(uuid.bytes, key.bytes + KEY_TABLE_SIZE, sizeof uuid.bytes);
    return row_read(work, &uuid, row);
}

static void erasure_pack(
    struct packer *out, const struct referral_erasure *erasure)
{
    pack_u8(out, (uint8_t)erasure->reason);
    pack_u8(out, (uint8_t)erasure->actor);
    pack_u8(out, erasure->by_us);
    pack_u8(out, erasure->is_whole);
    pack_u8(out, (uint8_t)erasure->outcome);
    pack_u64(out, (uint64_t)erasure->at.unix_ms);
}

static void moving_pack(struct packer *out, const struct moving *moving)
{
    pack_u8(out, moving->from != 0);
    if (moving->from == 0)
        return;
    pack_u64(out, moving->from);
    pack_u32(out, moving->at);
    pack_u32(out, moving->count);
}

void register_put(struct work *work, const struct referral *referral)
{
    uint8_t bytes[ROW_SIZE_MAX];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u8(&out, ROW_VERSION);
    pack_u32(&out, referral->peer);
    pack_u8(&out, referral->outgoing);
    pack_fixed(&out, referral->mou.bytes, sizeof referral->mou.bytes);
    pack_u8(&out, (uint8_t)referral->state);
    pack_u8(&out, referral->frozen);
    pack_u8(&out, referral->erased);
    pack_u32(&out, referral->own_seq);
    pack_u32(&out, referral->peer_seq);
    pack_u32(&out, referral->pending);
    pack_u32(&out, referral->refill);
    pack_u8(&out, (uint8_t)referral->taken_up);
    pack_u64(&out, (uint64_t)referral->created.unix_ms);
    pack_u64(&out, (uint64_t)referral->updated.unix_ms);
    pack_u64(&out, (uint64_t)referral->ended.unix_ms);
    pack_u64(&out, (uint64_t)referral->taken.unix_ms);
    pack_u64(&out, (uint64_t)referral->let_go.unix_ms);
    erasure_pack(&out, &referral->erasure);
    pack_u64(&out, referral->entry);
    moving_pack(&out, &referral->moving);
    content_ref_pack(&out, referral->request);
    content_ref_pack(&out, referral->offer);
    pack_u32(&out, referral->position_count);
    for (uint32_t i = 0; i < referral->position_count; i++)
        pack_u64(&out, referral->positions[i]);
    work_put(work, key_referral(&referral->uuid), &out);
}

uint64_t register_entry(
    struct work *work, struct referral *referral, enum referral_event_type type)
{
    struct vault *vault = work->node->vault;
    if (vault->ops->is_destroyed(vault, referral->entry + 1)) {
        register_entries_take(work, referral);
        referral->erased = true;
    }
    return referral->entry + (referral->erased || event_is_exempt(type));
}

void register_entries_take(struct work *work, struct referral *referral)
{
    struct node *node = work->node;
    const struct vault_ops *vault = node->vault->ops;
    while (vault->is_destroyed(node->vault, node->entry_next) ||
           vault->is_destroyed(node->vault, node->entry_next + 1))
        node->entry_next += 2;
    referral->entry = node->entry_next;
    node->entry_next += 2;
    node->changed = true;
}

bool register_is_begun(const struct referral *referral)
{
    return referral->state == REFERRAL_DRAFT;
}

void register_delete(struct work *work, const struct referral *referral)
{
    struct key key = key_referral(&referral->uuid);
    store_del(work->txn, key_slice(&key));
}

static bool event_read(
    struct work *work, struct slice bytes, struct referral_event *event)
{
    if (bytes.bytes == NULL)
        return false;
    enum err err = referral_event_read(bytes, work->scratch, event);
    if (err != ERR_NONE)
        work_unread(work, err); /* it was read before it was stored */
    return err == ERR_NONE;
}

bool register_event(
    struct work *work, struct content_ref ref, struct referral_event *event)
{
    return event_read(work,
        content_get(work->contents, work->txn, work->scratch, ref), event);
}

enum err register_event_try(struct work *work, struct content_ref ref,
    struct arena *words, struct referral_event *event)
{
    struct slice bytes;
    enum err err = content_try(work->contents, work->txn, words, ref, &bytes);
    if (err != ERR_NONE)
        return err;
    return event_read(work, bytes, event) ? ERR_NONE : ERR_NOT_FOUND;
}
