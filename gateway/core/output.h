/*
 * output.h - what the steps of a batch want done, gathered in the node's list
 * and carried out after the commit. Everything handed in must live in the
 * batch's arena. Running out of room marks the batch as failed.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include "core/node.h"
#include "core/work.h"

/* A new, empty output of that type; never NULL (a spare one when the arena is
 * full and the batch is lost anyway). */
struct node_output *output_add(struct work *work, enum node_output_type type);

/* Beyond so many outputs a batch logs no more: what peers make happen is
 * counted, but must not fill memory with lines about it. */
#define OUTPUT_LOG_COUNT_MAX 8192u

/* Up to LOG_FIELD_COUNT_MAX fields; unused ones are { 0 }. */
void output_log(struct work *work, enum log_event event,
    const struct log_field *fields, size_t count);

#define OUTPUT_LOG(work, event, ...)                                           \
    output_log((work), (event), (const struct log_field[]){ __VA_ARGS__ },     \
        sizeof((const struct log_field[]){ __VA_ARGS__ }) /                    \
            sizeof(struct log_field))

#endif
