#include "core/repeat_rows.h"

#include "base/pack.h"
#include "core/keys.h"
#include "core/node_state.h"

#include <assert.h>
#include <string.h>

/* Of one row in the log. */
#define LOGGED_SIZE_MAX (REPEAT_NAME_SIZE + 1 + REPEAT_VALUE_SIZE_MAX)

_Static_assert(REPEAT_RUN_COUNT <= UINT16_MAX + 1u, "indexes have 16 bits");

bool repeat_rows_init(
    struct repeat_rows *rows, struct arena *memory, uint32_t count_max)
{
    if (count_max == 0 || count_max > REPEAT_RUN_COUNT)
        count_max = REPEAT_RUN_COUNT;
    *rows = (struct repeat_rows){
        .rows = arena_take_array(memory, count_max, sizeof *rows->rows),
        .order = arena_take_array(memory, count_max, sizeof *rows->order),
        .changed = arena_take_array(memory, count_max, sizeof *rows->changed),
        .count_max = count_max,
        .log_first = 1,
        .log_next = 1,
    };
    repeat_filter_init(&rows->filter, memory, count_max);
    return rows->rows != NULL && rows->order != NULL && rows->changed != NULL;
}

/* ---- In memory ---------------------------------------------------------- */

/* True with *at its place in the order; else where it would be. */
static bool find(const struct repeat_rows *rows,
    const uint8_t name[REPEAT_NAME_SIZE], uint32_t *at)
{
    uint32_t low = 0;
    uint32_t high = rows->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(
            rows->rows[rows->order[middle]].name, name, REPEAT_NAME_SIZE);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

/* Its index, with room made in the order where there is none yet. */
static uint16_t place_for(
    struct repeat_rows *rows, const uint8_t name[REPEAT_NAME_SIZE])
{
    uint32_t at;
    if (find(rows, name, &at))
        return rows->order[at];
    assert(rows->count < rows->count_max);
    uint16_t index = (uint16_t)rows->count++;
    memmove(rows->order + at + 1, rows->order + at,
        (rows->count - 1 - at) * sizeof *rows->order);
    rows->order[at] = index;
    memcpy(rows->rows[index].name, name, REPEAT_NAME_SIZE);
    return index;
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
    rows->count = 0;
    rows->changed_count = 0;
}

static void put(struct work *work, const uint8_t name[REPEAT_NAME_SIZE],
    struct slice value, uint16_t *index)
{
    struct repeat_rows *rows = &work->node->repeats;
    uint32_t at;
    if (rows->count == rows->count_max && !find(rows, name, &at))
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
    uint32_t at;
    if (work_failed(work))
        return SLICE_NONE;
    if (find(rows, name, &at)) {
        const struct repeat_row *row = &rows->rows[rows->order[at]];
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
