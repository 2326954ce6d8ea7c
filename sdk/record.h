/*
 * record.h - named, typed fields in records: what goes to the gateway and what
 * comes back. Queries, listings, referrals and events are all lists of these.
 */
#ifndef SDK_RECORD_H
#define SDK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refer/refer.h"

enum sdk_field_type {
    SDK_FIELD_TEXT,
    SDK_FIELD_NUMBER,
    SDK_FIELD_DATA,
    SDK_FIELD_FLAG,
    SDK_FIELD_TYPE_COUNT
};

/* Name, text and data are one block of memory, which the name begins, or part
 * of the record's. */
struct sdk_field {
    char *name;
    enum sdk_field_type type;
    bool is_lent;   /* by the record's block */
    char *text;     /* as shown to people; of text the value itself */
    uint8_t *data;  /* of data, else NULL */
    size_t size;    /* bytes of text or data */
    int64_t number; /* of number and flag */
};

struct sdk_record {
    char *type;
    struct sdk_field *fields;
    size_t field_count;
    size_t field_capacity;
    /* NULL, or what all these are in as long as there is room: of a record that
     * came, of which it is known how large it is. */
    struct sdk_field *block;
    char *free; /* in the block, from here on */
    size_t free_size;
};

/* The fields and the type. */
void sdk_record_release(struct sdk_record *record);

/* An empty one is all zero. */
struct sdk_records {
    struct sdk_record *items;
    size_t count;
    size_t capacity;
};

void sdk_records_release(struct sdk_records *records);
/* A new record at the end, valid until the next is added; NULL for want of
 * memory. */
struct sdk_record *sdk_records_add(
    struct sdk_records *records, const char *type);
/* The same with room for so many fields, whose names and values take
 * `text_size` characters, with a zero after each and data in hexadecimal
 * digits, too; beyond it each has memory of its own. */
struct sdk_record *sdk_records_add_sized(struct sdk_records *records,
    const char *type, size_t field_count, size_t text_size);
/* Takes `count` records of `from`, from `start`, to the end of `records`. */
refer_status sdk_records_take(struct sdk_records *records,
    struct sdk_records *from, size_t start, size_t count);
/* The i-th of that type, NULL past the last. */
const struct sdk_record *sdk_records_at(
    const struct sdk_records *records, const char *type, uint32_t i);
uint32_t sdk_records_count(const struct sdk_records *records, const char *type);

/* Each replaces a field of that name. REFER_INVALID when the name is no code
 * or the text is not clean, REFER_NO_MEMORY. Nothing has changed then. */
refer_status sdk_record_set_text(
    struct sdk_record *record, const char *name, const char *text);
refer_status sdk_record_set_number(
    struct sdk_record *record, const char *name, int64_t number);
refer_status sdk_record_set_data(struct sdk_record *record, const char *name,
    const void *bytes, size_t size);
refer_status sdk_record_set_flag(
    struct sdk_record *record, const char *name, bool flag);
void sdk_record_remove(struct sdk_record *record, const char *name);

/* NULL when absent; `record` may be NULL. */
const struct sdk_field *sdk_record_find(
    const struct sdk_record *record, const char *name);
/* "" when absent. */
const char *sdk_record_text(const struct sdk_record *record, const char *name);
/* A number, a flag, or decimal text; 0 when absent or something else. */
int64_t sdk_record_number(const struct sdk_record *record, const char *name);

/* UTF-8 without control characters but newline and tab. */
bool sdk_text_is_clean(const char *text);
/* 1 to 64 of a-z 0-9 _ . - */
bool sdk_text_is_code(const char *text);
/* Decimal, with a sign perhaps, all of it, within range. */
bool sdk_text_number(const char *text, int64_t *number);

#endif
