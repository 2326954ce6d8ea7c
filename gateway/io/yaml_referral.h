/*
 * yaml_referral.h - a referral as staff write it in a file, with the person
 * beside them. Days are UTC, `until` names the last day; instants carry an
 * offset. What it says about the person is in the arena: release that soon.
 *
 * to: name of a peer, of a party, or an agency id
 * service: code, purpose: code
 * urgency: immediate|same_day|soon|routine
 * choice: chosen|agreed|advised|required
 * ask_back: none|attended_only|outcome_code|short_note|full
 * reason_plain: text
 * consent:
 *   at: INSTANT
 *   grants: [{to, purpose, elements: [...], until: DATE}]
 * elements: [{code, value}]                    optional, as are
 * mou: 64 hex digits, thread: UUID, parent: UUID, hop: number
 */
#ifndef IO_YAML_REFERRAL_H
#define IO_YAML_REFERRAL_H

#include "core/referral.h"
#include "io/yaml_key.h"
#include "io/yaml_problem.h"

/* As struct grant, but the agency is still a name. */
struct referral_file_grant {
    struct slice to; /* of a peer, of a party, or an agency id */
    struct slice purpose;
    const struct slice *elements; /* codes of the registry, none twice */
    size_t element_count;
    struct instant until; /* exclusive */
};

struct referral_file {
    struct slice to; /* of a peer, of a party, or an agency id */
    struct slice service;
    struct slice purpose;
    enum urgency urgency;
    enum choice choice;
    enum ask_back ask_back;
    struct slice reason_plain;
    struct instant consent_at;
    const struct referral_file_grant *grants;
    size_t grant_count;
    const struct named_value
        *elements; /* each of its code's form, none twice */
    size_t element_count;
    bool has_mou;
    struct mou_id mou;
    bool has_thread;
    struct uuid thread;
    bool has_parent; /* then has_thread too, and hop is not 0 */
    struct uuid parent;
    uint32_t hop;
};

/*
 * Loads a file; "-" is standard input. Whether the agreement allows the
 * referral is not asked: the gateway says so.
 *   ERR_IO, ERR_INVALID, ERR_NO_MEMORY, ERR_LIMIT (the arena is full), each
 *   with *problem, which holds no value of the file
 */
MUST_USE enum err yaml_referral_load(const char *path, struct arena *arena,
    struct referral_file *referral, struct yaml_problem *problem);

/* The same from bytes; `file` is what *problem calls them. */
MUST_USE enum err yaml_referral_parse(const char *file, struct slice bytes,
    struct arena *arena, struct referral_file *referral,
    struct yaml_problem *problem);

/* The i-th key in the document's order; NULL past the last. */
const struct yaml_key *yaml_referral_key_at(size_t index);

#endif
