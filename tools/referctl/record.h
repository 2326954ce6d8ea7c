/*
 * record.h - named values under a type, as the gateway's local interface
 * speaks of everything (librefer(3) lists types and fields). Everything
 * belongs to the pool it was made in.
 */
#ifndef REFERCTL_RECORD_H
#define REFERCTL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "referctl/pool.h"

enum value_type {
    VALUE_NONE = 0, /* absent */
    VALUE_TEXT,
    VALUE_NUMBER,
    VALUE_FLAG,
    VALUE_DATA
};

struct value {
    enum value_type type;
    const char *bytes; /* of text (zero-terminated) and data */
    size_t size;
    int64_t number; /* of number and flag (0, 1) */
};

struct field {
    const char *name;
    struct value value;
};

struct record {
    const char *type;
    struct field *fields;
    size_t field_count;
    size_t field_capacity;
};

struct records {
    struct record *items;
    size_t count;
    size_t capacity;
};

/* Names and values are copied. */
void record_put_text(struct pool *pool, struct record *record, const char *name,
    const char *text);
void record_put_number(
    struct pool *pool, struct record *record, const char *name, int64_t number);
void record_put_flag(
    struct pool *pool, struct record *record, const char *name, bool flag);
void record_put_data(struct pool *pool, struct record *record, const char *name,
    const void *bytes, size_t size);

/* A copy of a value of any type. */
void record_put(struct pool *pool, struct record *record, const char *name,
    const struct value *value);

/* A field's value, of type VALUE_NONE when absent. */
struct value record_get(const struct record *record, const char *name);
/* "" when absent or no text; never NULL. */
const char *record_text(const struct record *record, const char *name);
/* 0 when absent; of flags too. */
int64_t record_number(const struct record *record, const char *name);
bool record_flag(const struct record *record, const char *name);
bool record_is(const struct record *record, const char *type);

/* A new empty record at the end; valid until the next append. */
struct record *records_add(
    struct pool *pool, struct records *records, const char *type);
/* The first of that type; NULL when there is none. */
const struct record *records_first(
    const struct records *records, const char *type);
size_t records_count(const struct records *records, const char *type);

#endif
