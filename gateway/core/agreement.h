/*
 * agreement.h - the MOUs that this gateway knows: their exact bytes, who has
 * signed, where they are in force. Offers and signatures come from operators
 * and peers alike; every party forwards what it learns to the others, so that
 * all must only be connected, not each with each at once.
 */
#ifndef CORE_AGREEMENT_H
#define CORE_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/mou.h"
#include "core/peer.h"
#include "core/problem.h"
#include "core/work.h"

struct agreement {
    struct mou_id id;
    uint32_t offered_by; /* number of the peer; 0: our operators */
    struct slice bytes;
    struct mou mou;
    struct mou_signature *signatures; /* verified */
    size_t signature_count;
    bool in_force_here;         /* signed by all; parties were told */
    struct agency_id *in_force; /* parties that said so */
    size_t in_force_count;
    struct agreement *next; /* in the batch's cache */
};

/* "offered", "signed", "in_force" (dated now), "waiting" (from later), "over":
 * what an operator is shown. */
const char *agreement_state(
    const struct agreement *agreement, struct instant now);

/* From the batch's cache or the store; NULL when unknown (or on failure). Valid
 * until scratch is rewound: the cache is small. */
struct agreement *agreement_get(struct work *work, const struct mou_id *id);
/* Walks all of them in the order of their ids: begin with zeros; *from is
 * then where to go on. NULL past the last. Rewind scratch after each. */
struct agreement *agreement_next(struct work *work, struct mou_id *from);

/* The first row at or after *from, which is then where to go on; borrowed from
 * the store. For a look without reading the document. */
bool agreement_row_next(struct work *work, struct mou_id *from,
    struct mou_id *id, struct slice *row);

/* Others of its URN and version with other bytes: their parties may have signed
 * the one or the other, and take it for the same. */
size_t agreement_rival_count(
    struct work *work, const struct agreement *agreement);

/* True when that party said "in force here"; of ourselves, when we did. */
bool agreement_is_in_force_at(const struct work *work,
    const struct agreement *agreement, const struct agency_id *agency);

/*
 * The version to rely on for referring to that service: in force at both ends,
 * dated now, with the pathway; the highest version of those. NULL: none.
 */
struct agreement *agreement_for(struct work *work, const struct peer *to,
    struct slice service, struct slice purpose);

/* What agreement_for() found last: thousands that are handed over at once ask
 * for few services. Good until an agreement changes, at most for the batch. */
struct agreement_choice {
    struct agreement *found; /* NULL: nothing is remembered */
    uint32_t peer;
    struct instant at;
    char service[CODE_SIZE_MAX];
    size_t service_size;
    char purpose[CODE_SIZE_MAX];
    size_t purpose_size;
};

/* Any with that agency, those in force at both ends first. NULL: none. */
struct agreement *agreement_with(struct work *work, const struct peer *to);

/* An offer of an operator (from NULL) or of a peer; told to the other parties.
 * A verdict with a problem refuses it. */
void agreement_offer(struct work *work, const struct peer *from,
    const struct mou_bundle *bundle, struct verdict *verdict);

/* Signatures; new ones that hold are kept and told on. */
void agreement_sign(struct work *work, const struct peer *from,
    const struct mou_id *id, const struct mou_signature *signatures,
    size_t count, struct verdict *verdict);

/* A peer says "in force here". */
void agreement_in_force(struct work *work, const struct peer *from,
    const struct mou_id *id, struct verdict *verdict);

/* Tells an agency that was just accepted what it should know. */
void agreement_greet(struct work *work, struct peer *peer);

#endif
