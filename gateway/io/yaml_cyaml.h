/*
 * yaml_cyaml.h - loads YAML files with libcyaml after its own checks
 * (yaml_outline, yaml_check), because libcyaml names the line of the value
 * before an unknown key, prints values, and takes 010 for 8.
 */
#ifndef IO_YAML_CYAML_H
#define IO_YAML_CYAML_H

#include "base/arena.h"
#include "io/yaml_schema.h"

struct yaml_loaded {
    const struct yaml_document *document;
    struct yaml_outline outline;
    void *data; /* as the document's table lays it out */
};

/*
 * A whole file, in the arena. "-" is standard input.
 *   ERR_IO, ERR_INVALID (too large), ERR_NO_MEMORY, each with *problem
 *   ERR_LIMIT  the arena is full
 */
MUST_USE enum err yaml_read(const char *path, struct arena *arena,
    struct slice *bytes, struct yaml_problem *problem);

/*
 * Loads a document from bytes; `file` is for *problem alone. Release *loaded
 * after success only.
 *   ERR_INVALID    *problem says what
 *   ERR_NO_MEMORY
 */
MUST_USE enum err yaml_load(const struct yaml_document *document,
    const char *file, struct slice bytes, struct yaml_loaded *loaded,
    struct yaml_problem *problem);
void yaml_release(struct yaml_loaded *loaded);

/* Starts a problem about `file`, with nothing found yet. */
void yaml_problem_begin(struct yaml_problem *problem, const char *file);

#endif
