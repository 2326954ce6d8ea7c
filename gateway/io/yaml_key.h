/* yaml_key.h - what people are told about a key of a YAML document: in errors,
 * in the manual. */
#ifndef IO_YAML_KEY_H
#define IO_YAML_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct yaml_key {
    const char *path;     /* "clients[].user"; one "[]" for each list */
    const char *form;     /* "a directory"; NULL: follows from the type */
    const char *unit;     /* "ms"; "" */
    uint64_t min;         /* of a number */
    uint64_t max;         /* of a number */
    const char *fallback; /* when absent; NULL: it must be there */
    bool is_reloadable;   /* taken without a restart */
    const char *example;  /* "forward: never" */
    const char *help;     /* one sentence */
};

#endif
