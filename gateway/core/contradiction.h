/*
 * contradiction.h - that an author shows two histories, for anybody who has a
 * card of his: the file of PROTOCOL.md section 15.1.
 *
 *     refer.v1 contradiction
 *     <base64 of a root>
 *     <base64 of a node>      a consistency proof; none for one size
 *
 *     <a note, that of the smaller size>
 *
 *     <another of the same ledger and generation>
 *
 * An empty line follows each note. It has one spelling: what is read prints
 * again byte for byte.
 */
#ifndef CORE_CONTRADICTION_H
#define CORE_CONTRADICTION_H

#include "base/err.h"
#include "base/slice.h"
#include "core/card.h"
#include "core/merkle.h"
#include "core/note.h"

struct contradiction {
    struct merkle_hash root;  /* of the second history, at the first's size */
    struct merkle_proof path; /* from there to the second note */
    struct note first;
    struct note second;
};

/* First line, root and nodes of 44 characters, two notes, empty lines. */
#define CONTRADICTION_SIZE_MAX                                                 \
    (23 + (MERKLE_PROOF_COUNT_MAX + 1) * 45 + 1 + 2 * NOTE_SIZE_MAX)

/* Zero-terminated. Returns a slice of `text`. */
struct slice contradiction_print(const struct contradiction *contradiction,
    char text[CONTRADICTION_SIZE_MAX]);

/* ERR_MALFORMED when the bytes are not what contradiction_print makes of some
 * contradiction; *contradiction is then of no use. Nothing is verified. */
MUST_USE enum err contradiction_parse(
    struct slice text, struct contradiction *contradiction);

/* There is no tree that both notes are of. Whose they are is not looked at. */
MUST_USE bool contradiction_holds(
    struct crypto *crypto, const struct contradiction *contradiction);

/*
 * It convicts the agency of these cards.
 *
 *   ERR_ADDRESS    no card is of the notes' author
 *   ERR_SIGNATURE  a note is signed by no log key of these cards
 *   ERR_INVALID    one tree may have both notes
 */
MUST_USE enum err contradiction_convicts(struct crypto *crypto,
    const struct contradiction *contradiction, const struct card *cards,
    size_t count);

#endif
