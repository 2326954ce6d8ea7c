/*
 * repeat_rows.h - the rows of repeat.h by their names, which are hashes: in no
 * order, so that a row of its own for each would change another page of the
 * store for every referral. So rows are written as they come, those of one
 * batch together (the log), and wait in memory. When there are many they are
 * written once more, sorted, as a run; their log goes. Whether a run may hold
 * a name is known without a look at it (repeat_filter.h). What was put last is
 * what a name stands for.
 *
 * In the store, all below key_repeat*() of keys.h: a run's rows as they are, a
 * run's filter, and of each batch one row: its version, then each name, its
 * value's size (u8) and value.
 */
#ifndef CORE_REPEAT_ROWS_H
#define CORE_REPEAT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"
#include "core/repeat_filter.h"
#include "core/work.h"

#define REPEAT_VALUE_SIZE_MAX 64u
#define REPEAT_LOG_VERSION 1

struct repeat_row {
    uint8_t name[REPEAT_NAME_SIZE];
    uint8_t size;
    bool is_changed; /* in this batch */
    uint8_t value[REPEAT_VALUE_SIZE_MAX];
};

struct repeat_rows {
    struct repeat_row *rows; /* as they came */
    uint16_t *slots;         /* by name, each one's index and 1; 0: free */
    uint32_t slot_count;
    uint16_t *order;   /* by name, while a run is written */
    uint16_t *changed; /* in this batch */
    uint32_t count;
    uint32_t count_max;
    uint32_t changed_count;
    uint64_t log_first; /* numbers of the log's rows */
    uint64_t log_next;
    struct repeat_filter filter;
};

/* False when memory is short. A run has `count_max` rows, 0: the usual
 * REPEAT_RUN_COUNT, which is also the most. */
bool repeat_rows_init(
    struct repeat_rows *rows, struct arena *memory, uint32_t count_max);

/* What the store has of them: once, before all else. */
void repeat_rows_load(struct work *work);

/* Borrowed until the next put; bytes NULL: there is none, or work_failed(). */
struct slice repeat_rows_get(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE]);
/* Of at most REPEAT_VALUE_SIZE_MAX bytes, which are not borrowed from here. */
void repeat_rows_put(struct work *work, const uint8_t name[REPEAT_NAME_SIZE],
    struct slice value);
/* Writes what the batch has put, at its end. */
void repeat_rows_flush(struct work *work);

/* Takes the next row out of a log's row; false: there is none, or it is
 * damaged (in->err). `value` borrows. */
bool repeat_log_next(
    struct unpacker *in, uint8_t name[REPEAT_NAME_SIZE], struct slice *value);

#endif
