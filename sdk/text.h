/* text.h - texts, codes and numbers as people read them. */
#ifndef SDK_TEXT_H
#define SDK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define SDK_CODE_SIZE_MAX 64
/* Of an int64_t, with its sign. */
#define SDK_NUMBER_SIZE_MAX 20

/* UTF-8 without control characters but newline and tab. */
bool sdk_text_is_clean(const char *text);
bool sdk_slice_is_clean(struct slice text);
/* 1 to 64 of a-z 0-9 _ . - */
bool sdk_text_is_code(const char *text);
bool sdk_slice_is_code(struct slice text);
/* Decimal, with a sign perhaps, all of it, within range. */
bool sdk_text_number(const char *text, int64_t *number);
/* Writes it in decimal, without a zero after it; returns its size. */
size_t sdk_number_write(int64_t number, char text[SDK_NUMBER_SIZE_MAX]);
/* A copy that fits, cut between characters. */
void sdk_text_copy(char *copy, size_t capacity, const char *text);
void sdk_slice_copy(char *copy, size_t capacity, struct slice text);

#endif
