/*
 * yaml_outline.h - a YAML document as a flat list of nodes with the line and
 * column of each, by libyaml's events. Here stands which YAML is taken at all:
 * one document of block and flow mappings, lists, plain, quoted and block
 * scalars, comments. Refused are anchors, aliases, tags, directives, merge
 * keys, keys that are no scalar or stand twice, plain numbers that YAML's
 * versions read differently (010, 0x1f), NUL, what is not UTF-8, more than
 * YAML_SIZE_MAX bytes, and what is too deep or has too many nodes.
 */
#ifndef IO_YAML_OUTLINE_H
#define IO_YAML_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "io/yaml_problem.h"

#define YAML_SIZE_MAX (1024u * 1024)
#define YAML_DEPTH_MAX 8u
#define YAML_NODE_COUNT_MAX 65536u
#define YAML_KEY_COUNT_MAX 64u /* of one mapping */

#define YAML_NODE_NONE SIZE_MAX

enum yaml_kind { YAML_SCALAR, YAML_MAPPING, YAML_SEQUENCE };

struct yaml_node {
    enum yaml_kind kind;
    bool is_plain;      /* a scalar without quotes */
    size_t parent;      /* YAML_NODE_NONE for the first */
    size_t next;        /* the index behind the last of its descendants */
    size_t child_count; /* of a mapping or list */
    const char *key;    /* in a mapping; NULL in a list */
    size_t index;       /* in a list */
    struct slice value; /* of a scalar */
    unsigned line;      /* of the key in a mapping, else of the value */
    unsigned column;
};

/* The nodes in the document's order; the first is the whole. */
struct yaml_outline {
    struct yaml_node *nodes;
    size_t count;
    size_t capacity;
    struct arena text;
};

/*
 * Owns copies of all it holds; release it also after an error.
 *   ERR_INVALID    refused; *problem says where and why (not the file)
 *   ERR_NO_MEMORY
 */
MUST_USE enum err yaml_outline_init(struct yaml_outline *outline,
    struct slice bytes, struct yaml_problem *problem);
void yaml_outline_release(struct yaml_outline *outline);

/* The entry of a mapping or YAML_NODE_NONE. */
size_t yaml_outline_entry(
    const struct yaml_outline *outline, size_t mapping, const char *key);

/* "pathways[0].forward"; cut off when it does not fit. A key that is no plain
 * name shows as "?". */
void yaml_outline_path(const struct yaml_outline *outline, size_t node,
    char *path, size_t capacity);

/* The node at such a path, else the nearest one around it; 0 for "". */
size_t yaml_outline_find(const struct yaml_outline *outline, const char *path);

#endif
