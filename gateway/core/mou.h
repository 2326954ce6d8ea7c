/*
 * mou.h - the agreement: parties, services, pathways, data elements; what is
 * signed, by whom, and whether it holds. Pure; structures borrow from the
 * bytes and the arena they were read from.
 */
#ifndef CORE_MOU_H
#define CORE_MOU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/port.h"

struct mou_party {
    struct slice id; /* short name inside the document */
    struct slice name;
    struct agency_id agency; /* empty text until the MOU is offered */
    uint8_t root_key[KEY_SIZE];
    bool refers;
    bool receives;
};

struct mou_service {
    struct slice id;
    struct slice party;
    struct slice name;
    bool walk_in;
    bool booked;
    bool outreach;
};

enum mou_forward { MOU_FORWARD_NEVER = 1, MOU_FORWARD_WITH_CONSENT = 2 };

struct mou_pathway {
    struct slice from; /* party id */
    struct slice to;   /* service id */
    struct slice purpose;
    uint32_t hops_max;
    enum mou_forward forward;
};

struct mou_purpose {
    struct slice purpose;
    const struct slice *required; /* element codes */
    size_t required_count;
    const struct slice *allowed;
    size_t allowed_count;
};

struct mou {
    struct slice id; /* urn:..., the same for all versions */
    struct slice title;
    uint32_t version;
    struct instant from;  /* inclusive */
    struct instant until; /* exclusive */
    const struct mou_party *parties;
    size_t party_count;
    const struct mou_service *services;
    size_t service_count;
    const struct mou_pathway *pathways;
    size_t pathway_count;
    const struct mou_purpose *purposes;
    size_t purpose_count;
    const struct slice *never_share;
    size_t never_share_count;
    uint32_t consent_days_max;
    /* days after a referral ended; 0: no limit */
    uint32_t content_days;
    uint32_t identifiers_days;
    const struct slice *signatures_required; /* party ids */
    size_t signature_required_count;
};

/* Where and why a document is refused, and what to write instead. */
#define MOU_PROBLEM_SIZE 192
struct mou_problem {
    char path[MOU_PROBLEM_SIZE];   /* "services[2].party" */
    char reason[MOU_PROBLEM_SIZE]; /* "names no party" */
    char remedy[MOU_PROBLEM_SIZE]; /* "use one of: opendoor, tbhosp" */
};

/*
 * Cross-checks a whole document: every reference resolves, names are codes and
 * unique, element codes are in the registry (element.h), required and allowed
 * do not overlap with never_share, dates in order, every signature required
 * that makes each pathway's two parties bound, limits. With `bound`, every
 * party has an agency id that is the hash of its root key, all different.
 * ERR_INVALID or ERR_LIMIT (a list is too long) fills *problem with the first
 * thing found; paths are those of the YAML form. The texts hold codes of the
 * document and of the registry, never another foreign byte. `crypto` may be
 * NULL without `bound`.
 */
MUST_USE enum err mou_check(struct crypto *crypto, const struct mou *mou,
    bool bound, struct mou_problem *problem);

/* Exact bytes to sign and to send. SLICE_NONE at a limit. */
struct slice mou_bytes(const struct mou *mou, struct arena *arena);

/* Decodes strictly and runs mou_check(bound). ERR_MALFORMED, ERR_LIMIT,
 * ERR_INVALID. */
MUST_USE enum err mou_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct mou *mou, struct mou_problem *problem);

/* The same of bytes that mou_read() had found sound before they were stored:
 * checks no more than the form, in time that grows with their size alone.
 * ERR_MALFORMED, ERR_LIMIT. */
MUST_USE enum err mou_read_again(
    struct slice bytes, struct arena *arena, struct mou *mou);

/* SHA-256 of the exact bytes. */
void mou_id_of(struct crypto *crypto, struct slice bytes, struct mou_id *id);

/* What a party's root key signs: "refer.v1 mou" || id. */
#define MOU_STATEMENT_DOMAIN "refer.v1 mou"
#define MOU_STATEMENT_SIZE (sizeof MOU_STATEMENT_DOMAIN - 1 + HASH_SIZE)
void mou_statement(
    const struct mou_id *id, uint8_t statement[MOU_STATEMENT_SIZE]);

struct mou_signature {
    struct agency_id agency;
    uint8_t signature[SIGNATURE_SIZE];
};

/* True when it is by a party of this MOU and verifies with the root key that
 * the MOU itself binds. */
MUST_USE bool mou_signature_holds(struct crypto *crypto, const struct mou *mou,
    const struct mou_id *id, const struct mou_signature *signature);

/* True when every required party is among the (verified) signatures. */
bool mou_is_signed(const struct mou *mou,
    const struct mou_signature *signatures, size_t count);

/* Look-ups; NULL when there is none. */
const struct mou_party *mou_party_of(
    const struct mou *mou, const struct agency_id *agency);
const struct mou_party *mou_party_named(const struct mou *mou, struct slice id);
const struct mou_service *mou_service_named(
    const struct mou *mou, struct slice id);
const struct mou_purpose *mou_purpose_named(
    const struct mou *mou, struct slice purpose);
/* The pathway for exactly this. */
const struct mou_pathway *mou_pathway_for(const struct mou *mou,
    struct slice from_party, struct slice service, struct slice purpose);
/* The first pathway that is for the same from, to and purpose as one before
 * it, *first; pathway_count when each is another. At most as many as limits.h
 * says. */
size_t mou_pathway_twice(const struct mou *mou, size_t *first);
/* True at an instant inside [from, until). */
bool mou_is_dated(const struct mou *mou, struct instant now);

/* Contents of ledger entries (refer/v1/mou.proto). Writers give SLICE_NONE at
 * a limit; readers ERR_MALFORMED or ERR_LIMIT. */
struct mou_bundle {
    struct mou_id id; /* of an offer: computed by the reader */
    struct slice mou; /* exact bytes; in an offer only */
    const struct mou_signature *signatures;
    size_t signature_count;
};
struct slice mou_offer_write(
    const struct mou_bundle *bundle, struct arena *arena);
MUST_USE enum err mou_offer_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct mou_bundle *bundle);
struct slice mou_signatures_write(
    const struct mou_bundle *bundle, struct arena *arena);
MUST_USE enum err mou_signatures_read(
    struct slice bytes, struct arena *arena, struct mou_bundle *bundle);
struct slice mou_in_force_write(const struct mou_id *id, struct arena *arena);
MUST_USE enum err mou_in_force_read(
    struct slice bytes, struct arena *arena, struct mou_id *id);

#endif
