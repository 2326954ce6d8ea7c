/*
 * trouble_bytes.h - messages as somebody careless or hostile would write them:
 * one field of a protobuf message changed, dropped, told twice or of another
 * type, at any depth, with all lengths around it right again.
 */
#ifndef SUPPORT_TROUBLE_BYTES_H
#define SUPPORT_TROUBLE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum trouble_change {
    CHANGE_DROP,
    CHANGE_TWICE,
    CHANGE_TAG,     /* the next field number */
    CHANGE_EMPTY,   /* a number: 0 */
    CHANGE_MORE,    /* a number: 1 more, text: one letter more */
    CHANGE_LESS,    /* a number: 1 less, text: one letter less */
    CHANGE_HUGE,    /* a number: 2^63 - 1, text: 5,000 letters more */
    CHANGE_TURNED,  /* a number: 2^31, text: another first byte */
    CHANGE_UNSOUND, /* a number: 2^64 - 1, text: no UTF-8 */
    CHANGE_COUNT
};

const char *trouble_change_name(enum trouble_change change);

/* Fields at all depths, those of what could be a message included. */
size_t trouble_field_count(struct slice message);
/* A hash of where that field stands: numbers of the fields around it, and the
 * first text of each message around it, which in named fields is the name. */
uint64_t trouble_field_place(struct slice message, size_t index);
/* The changed message in a block to be freed. */
struct slice trouble_changed(
    struct slice message, size_t index, enum trouble_change change);

#endif
