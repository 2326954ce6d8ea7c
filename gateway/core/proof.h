/*
 * proof.h - that an entry is in a ledger, as others read it: C2SP tlog-proof
 * (c2sp.org/tlog-proof).
 *
 *     c2sp.org/tlog-proof@v1
 *     index <index of the entry>
 *     <base64 of a node>      up to 64, from the leaf's sibling upwards
 *
 *     <the signed note of note.h>
 *
 * Ours have no `extra` line and hold notes of ours, so a proof has one
 * spelling: what is read prints again byte for byte.
 */
#ifndef CORE_PROOF_H
#define CORE_PROOF_H

#include "base/err.h"
#include "base/slice.h"
#include "core/merkle.h"
#include "core/note.h"

struct proof {
    uint64_t index;
    struct merkle_proof path; /* at most MERKLE_DEPTH_MAX nodes */
    struct note note;
};

/* The two lines, 64 nodes of 44 characters, the empty line, the note. */
#define PROOF_SIZE_MAX                                                         \
    (23 + 6 + 20 + 1 + MERKLE_DEPTH_MAX * 45 + 1 + NOTE_SIZE_MAX)

/* Zero-terminated. Returns a slice of `text`. */
struct slice proof_print(const struct proof *proof, char text[PROOF_SIZE_MAX]);

/* ERR_MALFORMED when the bytes are not what proof_print makes of some proof;
 * *proof is then of no use. Nothing is verified. */
MUST_USE enum err proof_parse(struct slice text, struct proof *proof);

/* The entry with that header is where the proof says, in the tree that its
 * note names. Whose the note is is another question: note_verify. */
MUST_USE bool proof_holds(
    struct crypto *crypto, const struct proof *proof, struct slice header);

#endif
