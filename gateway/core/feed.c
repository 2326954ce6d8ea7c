#include "core/feed.h"

#include "core/keys.h"
#include "core/node_state.h"

#include <string.h>

#define ROW_SIZE_MAX (160 + CODE_SIZE_MAX + 2 * VERDICT_TEXT_SIZE)

static const char *const types[] = {
#define X(symbol, number, text) [FEED_##symbol] = text,
    FEED_TYPE_LIST(X)
#undef X
};
_Static_assert(sizeof types / sizeof *types == FEED_TYPE_COUNT, "types");

static const char *const statuses[] = {
#define X(symbol, number, text) [FEED_STATUS_##symbol] = text,
    FEED_STATUS_LIST(X)
#undef X
};
_Static_assert(
    sizeof statuses / sizeof *statuses == FEED_STATUS_COUNT, "statuses");

const char *feed_type_name(enum feed_type type)
{
    return type > 0 && (size_t)type < FEED_TYPE_COUNT ? types[type] : "?";
}

const char *feed_status_name(enum feed_status status)
{
    return status > 0 && (size_t)status < FEED_STATUS_COUNT ? statuses[status]
                                                            : "?";
}

/* The end of a row, so that it can be written anew alone. */
#define PLACE_SIZE 16

static void place_pack(struct packer *out, uint64_t generation, uint64_t index)
{
    pack_u64(out, generation);
    pack_u64(out, index);
}

void feed_rewrite(struct work *work, const struct feed_event *event)
{
    uint8_t bytes[ROW_SIZE_MAX];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u64(&out, (uint64_t)event->at.unix_ms);
    pack_u8(&out, (uint8_t)event->type);
    pack_u8(&out, (uint8_t)event->status);
    pack_fixed(&out, event->referral.bytes, sizeof event->referral.bytes);
    pack_u32(&out, event->peer);
    pack_u8(&out, event->outgoing);
    pack_u8(&out, event->by_us);
    pack_u8(&out, (uint8_t)event->step);
    pack_u8(&out, (uint8_t)event->actor);
    pack_bytes(&out, event->role);
    pack_u8(&out, (uint8_t)event->state);
    pack_u8(&out, (uint8_t)event->problem);
    pack_bytes(&out, event->clause);
    pack_bytes(&out, event->remedy);
    content_ref_pack(&out, event->content);
    pack_u32(&out, event->seq);
    place_pack(&out, event->generation, event->index);
    work_put(work, key_feed(event->position), &out);
}

uint64_t feed_append(struct work *work, const struct feed_event *event)
{
    struct node *node = work->node;
    struct feed_event placed = *event;
    placed.at = work->now;
    placed.position = node->feed_position_next++;
    node->changed = true;
    node->feed_grew = true;
    feed_rewrite(work, &placed);
    return placed.position;
}

static void event_unpack(struct unpacker *in, struct feed_event *event)
{
    event->at.unix_ms = (int64_t)unpack_u64(in);
    event->type = (enum feed_type)unpack_u8(in);
    event->status = (enum feed_status)unpack_u8(in);
    unpack_fixed(in, event->referral.bytes, sizeof event->referral.bytes);
    event->peer = unpack_u32(in);
    event->outgoing = unpack_u8(in) != 0;
    event->by_us = unpack_u8(in) != 0;
    event->step = (enum referral_event_type)unpack_u8(in);
    event->actor = (enum actor_kind)unpack_u8(in);
    event->role = unpack_bytes(in);
    event->state = (enum referral_state)unpack_u8(in);
    event->problem = (enum problem)unpack_u8(in);
    event->clause = unpack_bytes(in);
    event->remedy = unpack_bytes(in);
    event->content = content_ref_unpack(in);
    event->seq = unpack_u32(in);
    event->generation = unpack_u64(in);
    event->index = unpack_u64(in);
}

bool feed_next(struct work *work, uint64_t position, struct feed_event *event)
{
    struct key wanted = key_feed(position);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
        return false;
    event->position = key_number(key);
    row = arena_copy(work->scratch, row);
    if (row.bytes == NULL) {
        work_exhausted(work);
        return false;
    }
    struct unpacker in = unpack_from(row);
    event_unpack(&in, event);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

bool feed_at(struct work *work, uint64_t position, struct feed_event *event)
{
    return feed_next(work, position, event) && event->position == position;
}

void feed_place(
    struct work *work, uint64_t position, uint64_t generation, uint64_t index)
{
    uint8_t bytes[ROW_SIZE_MAX];
    struct key key = key_feed(position);
    struct slice row = store_get(work->txn, key_slice(&key));
    if (row.bytes == NULL)
        return;
    if (row.size < PLACE_SIZE || row.size > sizeof bytes) {
        work_corrupt(work);
        return;
    }
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_fixed(&out, row.bytes, row.size - PLACE_SIZE);
    place_pack(&out, generation, index);
    work_put(work, key, &out);
}

/* ---- Cursors ------------------------------------------------------------ */

static bool cursor_unpack(
    struct work *work, struct slice row, struct cursor *cursor)
{
    struct unpacker in = unpack_from(row);
    cursor->acknowledged = unpack_u64(&in);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

bool cursor_get(struct work *work, struct slice name, struct cursor *cursor)
{
    struct key key = key_cursor(name);
    struct slice row = store_get(work->txn, key_slice(&key));
    return row.bytes != NULL && cursor_unpack(work, row, cursor);
}

void cursor_put(
    struct work *work, struct slice name, const struct cursor *cursor)
{
    uint8_t bytes[8];
    struct packer out = pack_into(bytes, sizeof bytes);
    struct key key = key_cursor(name);
    pack_u64(&out, cursor->acknowledged);
    store_put(work->txn, key_slice(&key), packed(&out));
}

void cursor_delete(struct work *work, struct slice name)
{
    struct key key = key_cursor(name);
    store_del(work->txn, key_slice(&key));
}

bool cursor_is_program(struct slice name)
{
    const struct slice look = SLICE_LITERAL(CURSOR_LOOK_NAME);
    return name.size < look.size ||
           memcmp(name.bytes, look.bytes, look.size) != 0 ||
           (name.size > look.size && name.bytes[look.size] != '.');
}

bool cursor_next(struct work *work, struct slice *name, struct cursor *cursor)
{
    struct key wanted = key_cursor(*name);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
        return false;
    if (slice_equal(key, key_slice(&wanted))) {
        /* the one after: the same name and a zero byte */
        wanted.bytes[wanted.size++] = 0;
        key = key_slice(&wanted);
        if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
            return false;
    }
    *name = arena_copy(work->scratch,
        slice_of(key.bytes + KEY_TABLE_SIZE, key.size - KEY_TABLE_SIZE));
    return cursor_unpack(work, row, cursor);
}
