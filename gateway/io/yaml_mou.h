/*
 * yaml_mou.h - an agreement as people write it. Keys are exactly the clauses
 * that this release enforces; any other is refused, so that nothing is signed
 * that no gateway holds anybody to. Days are UTC; `until` names the last day.
 *
 * mou: 1
 * id: URN, title: text, version: 1...
 * in_force: {from: DATE, until: DATE}
 * parties: [{id, name, role: [refers, receives]}]
 * services: [{id, party, name, access_mode: [walk_in, booked, outreach]}]
 * pathways: [{from, to, purpose, max_hops, forward: never|with_consent}]
 * data_elements: [{purpose, required: [...], allowed: [...]}]
 * never_share: [...]
 * consent: {max_expiry_days}
 * signatures_required: [party ids]
 */
#ifndef IO_YAML_MOU_H
#define IO_YAML_MOU_H

#include "core/mou.h"
#include "io/yaml_key.h"
#include "io/yaml_problem.h"

/*
 * Loads and cross-checks (mou_check, unbound) a file; "-" is standard input.
 * The structure and its texts live in the arena.
 *   ERR_IO, ERR_INVALID, ERR_NO_MEMORY, ERR_LIMIT (the arena is full), each
 *   with *problem
 */
MUST_USE enum err yaml_mou_load(const char *path, struct arena *arena,
    struct mou *mou, struct yaml_problem *problem);

/* The same from bytes; `file` is what *problem calls them. */
MUST_USE enum err yaml_mou_parse(const char *file, struct slice bytes,
    struct arena *arena, struct mou *mou, struct yaml_problem *problem);

/* The i-th key in the document's order; NULL past the last. */
const struct yaml_key *yaml_mou_key_at(size_t index);

#endif
