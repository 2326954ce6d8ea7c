/*
 * display.h - records for people, for pipes and as JSON. On a terminal tables
 * are aligned under titles and long ids are cut; in a pipe they are lines of
 * tab-separated fields, whole and without titles; both go through
 * words_printable(). JSON shows every field that the gateway sent, and has
 * escapes for what could move a terminal's cursor.
 */
#ifndef REFERCTL_DISPLAY_H
#define REFERCTL_DISPLAY_H

#include "referctl/record.h"
#include "referctl/session.h"

enum column_form {
    COLUMN_PLAIN = 0, /* text as it is, numbers in decimal, flags yes or no */
    COLUMN_TIME,      /* *_ms as UTC */
    COLUMN_DURATION,  /* *_ms as "3 h" */
    COLUMN_STATE,     /* a state or verdict: coloured */
    COLUMN_REFERRAL,  /* "urn:uuid:" is left out */
    COLUMN_MOU        /* on a terminal the first 16 digits */
};

struct column {
    const char *field;
    const char *title;
    enum column_form form;
};

/* The records of that type. An empty table is no line at all, but on a
 * terminal `empty` is said instead. */
void display_table(struct session *session, const struct records *records,
    const char *type, const struct column *columns, size_t column_count,
    const char *empty);
/* A record as lines "title: value"; absent fields are left out. */
void display_fields(struct session *session, const struct record *record,
    const struct column *columns, size_t column_count);
/* One field as its column shows it; printable. */
const char *display_value(struct session *session, const struct record *record,
    const struct column *column);

/* What turns a terminal to the colour of that state; "" without colours. */
const char *display_colour(const struct session *session, const char *state);

/* A line or a part of one; what is formatted in must be printable. */
__attribute__((format(printf, 2, 3))) void display_line(
    struct session *session, const char *format, ...);
/* On a terminal only: what happened and what to do next. */
__attribute__((format(printf, 2, 3))) void display_hint(
    struct session *session, const char *format, ...);

/* For people, whether they look at a terminal or through a pipe: then it goes
 * to the error output, out of the way of what is read by programs. */
__attribute__((format(printf, 2, 3))) void display_note(
    struct session *session, const char *format, ...);

/* A JSON array of the records of that type. */
void display_json_list(
    struct session *session, const struct records *records, const char *type);
/*
 * One JSON object: the fields of the first record of `type`, and beside them,
 * under their type's plural, arrays of all other records. Records of type
 * detail and element that follow an event belong to it. Records of type
 * number become one object "numbers".
 */
void display_json_object(
    struct session *session, const struct records *records, const char *type);
/* Events with their details and elements, each an object on one line. */
void display_json_events(
    struct session *session, const struct records *records);
/* One record as an object; the same on one line. */
void display_json_record(struct session *session, const struct record *record);
void display_json_line(struct session *session, const struct record *record);

#define DISPLAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
