/*
 * words.h - text for people and for pipes: what came from other agencies must
 * not move a terminal's cursor, nor break a line or a column. Needs a UTF-8
 * LC_CTYPE (main sets C.UTF-8).
 */
#ifndef REFERCTL_WORDS_H
#define REFERCTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "referctl/pool.h"

/*
 * Control characters, direction overrides and bytes that are no UTF-8 become
 * "\n", "\t", "\\" or "\xHH"; everything else stays. One line, no tab.
 */
char *words_printable(struct pool *pool, const char *text);
/* JSON in which the same characters stand as their escapes: it says the same,
 * and a terminal shows it in the order in which it is written. Line feeds
 * between its parts stay. */
char *words_printable_json(struct pool *pool, const char *text);

/* Columns on a terminal of printable UTF-8. */
size_t words_width(const char *text);

/* Same letters, whatever their case. */
bool words_equal_folded(const char *a, const char *b);

/* "2026-12-01T10:30:05Z" of milliseconds since 1970; "-" for 0 and less. */
#define WORDS_TIME_SIZE 32
const char *words_time(int64_t unix_ms, char text[WORDS_TIME_SIZE]);

/* "45 s", "12 min", "30 h", "9 d"; "-" for less than 0. */
#define WORDS_DURATION_SIZE 32
const char *words_duration(int64_t ms, char text[WORDS_DURATION_SIZE]);

/* A whole decimal number within [min, max]; false when it is none. */
bool words_number(const char *text, int64_t min, int64_t max, int64_t *number);

bool words_start_with(const char *text, const char *prefix);

/*
 * The next word of *rest, whose words stand between blanks, in the pool; NULL
 * at the end. *rest moves behind it.
 */
char *words_next(struct pool *pool, const char **rest);

/* Steps of one letter (change, add, drop, swap neighbours) between two words;
 * both are at most 63 bytes, or the distance is SIZE_MAX. */
size_t words_distance(const char *a, const char *b);

#endif
