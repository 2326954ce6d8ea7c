/*
 * revocation.h - the end of an agency's card, signed by its root key: made
 * before it is needed, kept elsewhere, and final. Nothing that the agency's
 * keys sign later is believed; what was countersigned before stays so. Pure.
 */
#ifndef CORE_REVOCATION_H
#define CORE_REVOCATION_H

#include "core/card.h"

/* How far a ledger between the agency and another is known to be its own. */
struct ledger_end {
    struct agency_id author;
    struct agency_id recipient;
    uint64_t generation;
    uint64_t size;
    uint8_t root[HASH_SIZE]; /* not when size is 0 */
};

struct revocation {
    struct agency_id agency;
    struct instant issued;
    struct slice reason;           /* a line, or empty */
    const struct ledger_end *ends; /* where known */
    size_t end_count;
};

/*
 * Whose it says it is: to find the root key to read it with.
 * ERR_MALFORMED, ERR_LIMIT.
 */
MUST_USE enum err revocation_agency(
    struct slice signed_revocation, struct arena *arena, struct agency_id *id);

/*
 * Reads and verifies a SignedRevocation of the agency with that root key. All
 * of its ledgers are the agency's, on either side, and none stands twice.
 *   ERR_MALFORMED, ERR_LIMIT, ERR_ADDRESS (another agency's), ERR_SIGNATURE
 */
MUST_USE enum err revocation_read(struct crypto *crypto,
    struct slice signed_revocation, const uint8_t root_key[KEY_SIZE],
    struct arena *arena, struct revocation *revocation);

/* The bytes of a Revocation; SLICE_NONE at a limit. */
struct slice revocation_bytes(
    const struct revocation *revocation, struct arena *arena);
/* What the root key signs for these bytes. */
struct slice revocation_statement(struct slice bytes, struct arena *arena);
/* A SignedRevocation. */
struct slice revocation_assemble(struct slice bytes,
    const uint8_t signature[SIGNATURE_SIZE], struct arena *arena);

#endif
