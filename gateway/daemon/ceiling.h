/*
 * ceiling.h - how much memory the gateway takes at most: a part for each thing
 * that grows with what comes from outside, and for what is taken at the start.
 * It follows from limits.h and the configuration alone, so it is known before
 * the start. What is not in it: the map of the store's file, whose pages are
 * the kernel's, to be dropped when it wants; and buffers of sockets.
 */
#ifndef DAEMON_CEILING_H
#define DAEMON_CEILING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/yaml_config.h"

/* Of a text by ceiling_print(). */
#define CEILING_TEXT_SIZE_MAX (8u * 1024)

struct ceiling_part {
    const char *name; /* static storage, like the reason */
    const char *reason;
    uint64_t size; /* bytes */
};

/* The i-th part by that configuration's limits; name NULL past the last. */
struct ceiling_part ceiling_part_at(
    size_t index, const struct config_limits *limits);

/* All of them, in bytes. */
uint64_t ceiling_size(const struct config_limits *limits);

/*
 * Lines of comment for a configuration in YAML: the whole, then each part,
 * "# memory.NAME: BYTES, REASON". *size counts no terminator. ERR_LIMIT: the
 * capacity is too small (CEILING_TEXT_SIZE_MAX never is).
 */
MUST_USE enum err ceiling_print(const struct config_limits *limits, char *text,
    size_t capacity, size_t *size);

#endif
