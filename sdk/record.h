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
#include "text.h"

enum sdk_field_type {
    SDK_FIELD_TEXT,
    SDK_FIELD_NUMBER,
    SDK_FIELD_DATA,
    SDK_FIELD_FLAG,
    SDK_FIELD_TYPE_COUNT
};

/* Of a record's fields name and text end with a zero; those of one that is only
 * looked at, or written to the gateway, need not. */
struct sdk_field {
    const char *name;
    enum sdk_field_type type;
    uint32_t name_size;
    const char *text;    /* as shown to people; of text the value itself */
    const uint8_t *data; /* of data, else NULL */
    size_t size;         /* bytes of text or data */
    int64_t number;      /* of number and flag */
    void *memory;        /* of name, text and data; NULL: they are lent */
};

/* Fields for a request, which borrow what is given and need no memory. */
struct sdk_field sdk_field_of_text(const char *name, const char *text);
struct sdk_field sdk_field_of_number(const char *name, int64_t number);

struct sdk_record {
    const char *type;
    uint32_t type_size;
    struct sdk_field *fields;
    size_t field_count;
    size_t field_capacity;
    bool has_lent_fields; /* the array is another's */
    /* What the type is in, or all that was lent to this record and some behind
     * it; NULL: those are another's. */
    void *block;
};

/* The fields and the block. */
void sdk_record_release(struct sdk_record *record);

/* An empty one is all zero. */
struct sdk_records {
    struct sdk_record *items;
    size_t count;
    size_t capacity;
};

void sdk_records_release(struct sdk_records *records);
/* Room for `count` more than there are. REFER_NO_MEMORY, the records then as
 * before. */
refer_status sdk_records_reserve(struct sdk_records *records, size_t count);
/* A new record at the end, valid until the next is added; NULL for want of
 * memory. */
struct sdk_record *sdk_records_add(
    struct sdk_records *records, const char *type);
/* Takes `count` records of `from`, from `start`, to the end of `records`. Those
 * that share a block are to be taken together. */
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

/* The same with a copy of that field, whose name and text are right.
 * REFER_NO_MEMORY. */
refer_status sdk_record_put(
    struct sdk_record *record, const struct sdk_field *field);
/* Has name, text and data of the field point to copies at `at`, where there are
 * the sdk_field_memory_size() bytes for them; returns what is behind. */
char *sdk_field_copy(struct sdk_field *field, char *at);
size_t sdk_field_memory_size(const struct sdk_field *field);

/* NULL when absent. */
struct sdk_field *sdk_record_field(
    const struct sdk_record *record, const char *name, size_t name_size);
/* The same; `record` and `name` may be NULL. */
const struct sdk_field *sdk_record_find(
    const struct sdk_record *record, const char *name);
/* "" when absent. */
const char *sdk_record_text(const struct sdk_record *record, const char *name);
/* A number, a flag, or decimal text; 0 when absent or something else. */
int64_t sdk_record_number(const struct sdk_record *record, const char *name);

#endif
