/*
 * metric.h - numbers that a gateway tells about itself, for monitoring, and
 * their text in Prometheus' exposition format 0.0.4. Names and labels are
 * static storage: they come from our tables, so nothing about a person can be
 * in one, and no agency is named.
 */
#ifndef CORE_METRIC_H
#define CORE_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_SUMMARY };

/* One number; those of one family stand one after the other. */
struct metric {
    const char *family; /* "refer_peers" */
    const char *suffix; /* "_sum" of a summary; "" */
    const char *label;  /* "state=\"accepted\""; "" */
    enum metric_type type;
    const char *help; /* of the family */
};

struct metric_value {
    const struct metric *metric;
    int64_t value;
};

/* Longest name with its label, and the terminator. */
#define METRIC_NAME_SIZE 128

/* "refer_peers{state="accepted"}" */
void metric_name(const struct metric *metric, char name[METRIC_NAME_SIZE]);

/*
 * The exposition, with HELP and TYPE before each family, and a terminator that
 * *size does not count.
 *   ERR_LIMIT  `capacity` is too small
 */
MUST_USE enum err metric_print(const struct metric_value *values, size_t count,
    char *text, size_t capacity, size_t *size);

#endif
