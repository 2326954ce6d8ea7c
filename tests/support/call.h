/*
 * call.h - local requests and replies by name, as a test writes them down:
 *
 *     struct call call;
 *     call_begin(&call, "act");
 *     call_text(&call, "id", id);
 *     call_record(&call, "detail");
 *     call_text(&call, "name", "offer");
 *
 * Adders fill the newest record, or the request before there is one. Texts and
 * bytes are borrowed. More fields or records than fit end the process.
 */
#ifndef SUPPORT_CALL_H
#define SUPPORT_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/local.h"

#define CALL_FIELD_COUNT_MAX 24
#define CALL_RECORD_COUNT_MAX 24

struct call_part {
    const char *type;
    struct local_field fields[CALL_FIELD_COUNT_MAX];
    size_t field_count;
};

struct call {
    uint32_t number;
    struct call_part request; /* its type is the operation */
    struct call_part parts[CALL_RECORD_COUNT_MAX];
    size_t part_count;
    struct local_record records[CALL_RECORD_COUNT_MAX]; /* for call_request */
};

void call_begin(struct call *call, const char *operation);
void call_record(struct call *call, const char *type);
void call_text(struct call *call, const char *name, const char *text);
void call_data(struct call *call, const char *name, struct slice data);
void call_number(struct call *call, const char *name, int64_t number);
void call_flag(struct call *call, const char *name, bool flag);

/* The field of that name in the request or the first record of that type
 * (NULL: the request); NULL when there is none. */
struct local_field *call_find(
    struct call *call, const char *type, const char *name);
/* Takes it out; nothing happens when there is none. */
void call_remove(struct call *call, const char *type, const char *name);
/* Another text in its place, of the same or another type of value. */
void call_change(
    struct call *call, const char *type, const char *name, const char *text);

/* Borrows from the call until it changes. */
struct local_request call_request(struct call *call);

/* ---- Replies ---- */

/* The index-th record of that type; NULL when there are fewer. */
const struct local_record *reply_record(
    const struct local_reply *reply, const char *type, size_t index);
size_t reply_count(const struct local_reply *reply, const char *type);
/* The record of that type whose text field has that value; or NULL. */
const struct local_record *reply_find(const struct local_reply *reply,
    const char *type, const char *name, const char *text);

/* Fields of a record; an absent one, or one of another type, ends the
 * process: a reply that lacks what its contract names is a failure. */
struct slice record_text(const struct local_record *record, const char *name);
bool record_is(
    const struct local_record *record, const char *name, const char *text);
int64_t record_number(const struct local_record *record, const char *name);
bool record_flag(const struct local_record *record, const char *name);

#endif
