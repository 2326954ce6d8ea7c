#include "core/repeat_rows.h"

#include "base/pack.h"
#include "core/keys.h"
#include "core/node_state.h"

#include <assert.h>
#include <string.h>

/* Of one row in the log. */
#define LOGGED_SIZE_MAX (REPEAT_NAME_SIZE + 1 + REPEAT_VALUE_SIZE_MAX)

_Static_assert(REPEAT_RUN_COUNT < UINT16_MAX, "indexes have 16 bits");

/* At most every second one is taken. */
#define SLOTS_EACH 2u

bool repeat_rows_init(
    struct repeat_rows *rows, struct arena *memory, uint32_t count_max)
{
    if (count_max == 0 || count_max > REPEAT_RUN_COUNT)
        count_max = REPEAT_RUN_COUNT;
    *rows = (struct repeat_rows){
        .rows = arena_take_array(memory, count_max, sizeof *rows->rows),
        .slots = arena_take_array(
            memory, SLOTS_EACH * (size_t)count_max, sizeof *rows->slots),
        .slot_count = SLOTS_EACH * count_max,
        .order = arena_take_array(memory, count_max, sizeof *rows->order),
        .changed = arena_take_array(memory, count_max, sizeof *rows->changed),
        .count_max = count_max,
        .log_first = 1,
        .log_next = 1,
    };
    repeat_filter_init(&rows->filter, memory, count_max);
    return rows->rows != NULL && rows->slots != NULL && rows->order != NULL &&
           rows->changed != NULL;
}

/* ---- In memory ---------------------------------------------------------- */

/* Names are hashes: they spread evenly, and a greater one is further on. */
static uint32_t slot_first(
    const struct repeat_rows *rows, const uint8_t name[REPEAT_NAME_SIZE])
{
    struct unpacker in = unpack_from(slice_of(name, REPEAT_NAME_SIZE));
    return (uint32_t)((uint64_t)unpack_u32(&in) * rows->slot_count >> 32);
}

/* True with *slot the one of that name; else that is free for it. */
static bool find(const struct repeat_rows *rows,
    const uint8_t name[REPEAT_NAME_SIZE], uint32_t *slot)
{
    *slot = slot_first(rows, name);
    for (uint16_t number; (number = rows->slots[*slot]) != 0;
         *slot = *slot + 1 == rows->slot_count ? 0 : *slot + 1)
        if (memcmp(rows->rows[number - 1].name, name, REPEAT_NAME_SIZE) == 0)
            return true;
    return false;
}

/* Its index, with a slot taken where there is none yet. */
static uint16_t place_for(
    struct repeat_rows *rows, const uint8_t name[REPEAT_NAME_SIZE])
{
    uint32_t slot;
    if (find(rows, name, &slot))
        return (uint16_t)(rows->slots[slot] - 1);
    assert(rows->count < rows->count_max);
    uint16_t index = (uint16_t)rows->count++;
    rows->slots[slot] = (uint16_t)(index + 1);
    memcpy(rows->rows[index].name, name, REPEAT_NAME_SIZE);
    return index;
}

/* The slots are nearly in that order: few have far to go. */
static void order_make(struct repeat_rows *rows)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < rows->slot_count; slot++) {
        if (rows->slots[slot] == 0)
            continue;
        uint16_t index = (uint16_t)(rows->slots[slot] - 1);
        uint32_t at = count++;
        for (; at > 0; at--) {
            uint16_t before = rows->order[at - 1];
            if (memcmp(rows->rows[before].name, rows->rows[index].name,
                    REPEAT_NAME_SIZE) < 0)
                break;
            rows->order[at] = before;
        }
        rows->order[at] = index;
    }
    assert(count == rows->count);
}

static void set(struct repeat_row *row, struct slice value)
{
    row->size = (uint8_t)value.size;
    if (value.size > 0)
        memcpy(row->value, value.bytes, value.size);
}

/* ---- Runs --------------------------------------------------------------- */

static void filter_write(struct work *work, uint32_t run)
{
    struct repeat_rows *rows = &work->node->repeats;
    size_t used = work->arena->used;
    size_t size = repeat_filter_size(&rows->filter);
    uint8_t *bits = arena_take(work->arena, size);
    if (bits == NULL) {
        work_exhausted(work);
        return;
    }
    for (uint32_t i = 0; i < rows->count; i++)
        repeat_filter_mark(&rows->filter, bits, rows->rows[i].name);
    struct key key = key_repeat_filter(run);
    store_put(work->txn, key_slice(&key), slice_of(bits, size));
    repeat_filter_add(&rows->filter, slice_of(bits, size));
    arena_rewind(work->arena, used);
}

/* All that waits becomes a run. */
static void run_write(struct work *work)
{
    struct repeat_rows *rows = &work->node->repeats;
    uint32_t run = rows->filter.run_count + 1;
    order_make(rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        struct repeat_row *row = &rows->rows[rows->order[i]];
        struct key key = key_repeat(run, row->name);
        store_put(work->txn, key_slice(&key), slice_of(row->value, row->size));
        row->is_changed = false;
    }
    filter_write(work, run);
    while (rows->log_first < rows->log_next) {
        struct key key = key_repeat_log(rows->log_first++);
        store_del(work->txn, key_slice(&key));
    }
    memset(rows->slots, 0, rows->slot_count * sizeof *rows->slots);
    rows->count = 0;
    rows->changed_count = 0;
}

static void put(struct work *work, const uint8_t name[REPEAT_NAME_SIZE],
    struct slice value, uint16_t *index)
{
    struct repeat_rows *rows = &work->node->repeats;
    uint32_t slot;
    if (rows->count == rows->count_max && !find(rows, name, &slot))
        run_write(work);
    *index = place_for(rows, name);
    set(&rows->rows[*index], value);
}

/* ---- The log ------------------------------------------------------------ */

bool repeat_log_next(
    struct unpacker *in, uint8_t name[REPEAT_NAME_SIZE], struct slice *value)
{
    if (in->err != ERR_NONE || in->rest.size == 0)
        return false;
    unpack_fixed(in, name, REPEAT_NAME_SIZE);
    uint8_t size = unpack_u8(in);
    if (size > in->rest.size || size > REPEAT_VALUE_SIZE_MAX)
        in->err = ERR_CORRUPT;
    if (in->err != ERR_NONE)
        return false;
    *value = slice_of(in->rest.bytes, size);
    in->rest = slice_of(in->rest.bytes + size, in->rest.size - size);
    return true;
}

void repeat_rows_flush(struct work *work)
{
    struct repeat_rows *rows = &work->node->repeats;
    size_t used = work->arena->used;
    size_t capacity = 1 + rows->changed_count * LOGGED_SIZE_MAX;
    if (rows->changed_count == 0 || work_failed(work))
        return;
    uint8_t *bytes = arena_take(work->arena, capacity);
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct packer out = pack_into(bytes, capacity);
    pack_u8(&out, REPEAT_LOG_VERSION);
    for (uint32_t i = 0; i < rows->changed_count; i++) {
        struct repeat_row *row = &rows->rows[rows->changed[i]];
        pack_fixed(&out, row->name, REPEAT_NAME_SIZE);
        pack_u8(&out, row->size);
        pack_fixed(&out, row->value, row->size);
        row->is_changed = false;
    }
    assert(out.err == ERR_NONE);
    struct key key = key_repeat_log(rows->log_next++);
    store_put(work->txn, key_slice(&key), packed(&out));
    rows->changed_count = 0;
    arena_rewind(work->arena, used);
}

/* ---- At the start ------------------------------------------------------- */

/* Its number is below log_next when it becomes a run half read: what it says
 * is then in the run and in the log. */
static void log_load(struct work *work, struct slice row)
{
    uint8_t name[REPEAT_NAME_SIZE];
    struct slice value;
    uint16_t index;
    row = arena_copy(work->scratch, row);
    if (row.bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct unpacker in = unpack_from(row);
    if (unpack_u8(&in) != REPEAT_LOG_VERSION)
        in.err = ERR_CORRUPT;
    while (!work_failed(work) && repeat_log_next(&in, name, &value))
        put(work, name, value, &index);
    if (in.err != ERR_NONE)
        work_corrupt(work);
}

static void logs_load(struct work *work)
{
    struct repeat_rows *rows = &work->node->repeats;
    struct key wanted = key_repeat_log(0);
    bool is_first = true;
    for (;;) {
        struct slice key = key_slice(&wanted);
        struct slice row;
        if (!store_seek(work->txn, KEY_REPEAT_PART_SIZE, &key, &row))
            return;
        uint64_t number = key_number(key);
        if (is_first)
            rows->log_first = number;
        is_first = false;
        rows->log_next = number;
        size_t used = work->scratch->used;
        log_load(work, row);
        arena_rewind(work->scratch, used);
        rows->log_next = number + 1;
        wanted = key_repeat_log(number + 1);
    }
}

static void filters_load(struct work *work)
{
    struct repeat_filter *filter = &work->node->repeats.filter;
    for (;;) {
        struct key key = key_repeat_filter(filter->run_count + 1);
        struct slice bits = store_get(work->txn, key_slice(&key));
        if (bits.bytes == NULL)
            return;
        repeat_filter_add(filter, bits);
    }
}

void repeat_rows_load(struct work *work)
{
    filters_load(work);
    logs_load(work);
}

/* ---- By name ------------------------------------------------------------ */

struct slice repeat_rows_get(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE])
{
    const struct repeat_rows *rows = &work->node->repeats;
    uint32_t run = rows->filter.run_count;
    uint32_t slot;
    if (work_failed(work))
        return SLICE_NONE;
    if (find(rows, name, &slot)) {
        const struct repeat_row *row = &rows->rows[rows->slots[slot] - 1];
        return slice_of(row->value, row->size);
    }
    while ((run = repeat_filter_next(&rows->filter, run, name)) > 0) {
        struct key key = key_repeat(run--, name);
        struct slice value = store_get(work->txn, key_slice(&key));
        if (value.bytes != NULL)
            return value;
    }
    return SLICE_NONE;
}

void repeat_rows_put(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE], struct slice value)
{
    struct repeat_rows *rows = &work->node->repeats;
    uint16_t index;
    assert(value.size <= REPEAT_VALUE_SIZE_MAX);
    if (work_failed(work))
        return;
    put(work, name, value, &index);
    if (rows->rows[index].is_changed)
        return;
    rows->rows[index].is_changed = true;
    rows->changed[rows->changed_count++] = index;
}
