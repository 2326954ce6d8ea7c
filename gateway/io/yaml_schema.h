/*
 * yaml_schema.h - one kind of YAML document: libcyaml's table of it, which
 * says what is loaded where, and one row a key, which says what people are
 * told about it. A test holds the two against each other.
 */
#ifndef IO_YAML_SCHEMA_H
#define IO_YAML_SCHEMA_H

#include <cyaml/cyaml.h>

#include "base/err.h"
#include "io/yaml_key.h"
#include "io/yaml_outline.h"
#include "io/yaml_problem.h"

struct yaml_document {
    const cyaml_schema_value_t *schema; /* a mapping */
    const struct yaml_key *keys;
    size_t key_count;
    /* What is said of a key that the table does not have, with one %s for it;
     * NULL: that there is no such key. */
    const char *unknown_format;
};

extern const struct yaml_document yaml_config_document;
extern const struct yaml_document yaml_mou_document;
extern const struct yaml_document yaml_referral_document;

/* The row for a path, whose list positions do not matter; NULL: none. */
const struct yaml_key *yaml_key_of(
    const struct yaml_document *document, const char *path);

/*
 * Holds the outline against the table: unknown and missing keys, kinds, counts,
 * sizes, ranges, enumerations. ERR_INVALID fills *problem, but for the file,
 * with the first thing found.
 */
MUST_USE enum err yaml_check(const struct yaml_document *document,
    const struct yaml_outline *outline, struct yaml_problem *problem);

/*
 * For what the table can't say: a problem at the node of that path (or nearest
 * to it), "expected FORM" by the path's row.
 */
void yaml_expect(const struct yaml_document *document,
    const struct yaml_outline *outline, const char *path,
    struct yaml_problem *problem);

#endif
