/*
 * merkle.h - the hash tree of a ledger (RFC 6962 section 2.1 with SHA-256):
 * appending, roots, proofs and their verification (RFC 9162 sections 2.1.3.2
 * and 2.1.4.2).
 *
 * Sizes count leaves, indexes start at 0, every hash is exactly 32 bytes by
 * its type. Making a proof reads all leaves once, each with one leaf at a time
 * in memory, unless the source knows roots. Nothing here allocates; a function
 * may use 4 KiB of stack.
 */
#ifndef CORE_MERKLE_H
#define CORE_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pack.h"
#include "base/slice.h"
#include "core/port.h"

struct merkle_hash {
    uint8_t bytes[HASH_SIZE];
};
_Static_assert(sizeof(struct merkle_hash) == HASH_SIZE, "hashes lie in a row");

static inline bool merkle_hash_equal(
    const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}

/* SHA-256(0x00 || entry). */
void merkle_leaf_hash(
    struct crypto *crypto, struct slice entry, struct merkle_hash *hash);

/* SHA-256(0x01 || left || right). *hash may be *left or *right. */
void merkle_node_hash(struct crypto *crypto, const struct merkle_hash *left,
    const struct merkle_hash *right, struct merkle_hash *hash);

/* ---- The growing edge of a tree ---- */

#define MERKLE_DEPTH_MAX 64

/*
 * All that is needed to append: the roots of the complete subtrees that a tree
 * of `size` leaves falls into, largest first, one for each bit set in `size`.
 * All zero is the empty tree.
 */
struct merkle_frontier {
    uint64_t size;
    struct merkle_hash nodes[MERKLE_DEPTH_MAX];
};

/* One more; no tree grows to 2^64 - 1 leaves, and none of them is read. */
void merkle_append(struct crypto *crypto, struct merkle_frontier *frontier,
    const struct merkle_hash *leaf);

/* Of the empty tree: SHA-256 of nothing. */
void merkle_root(struct crypto *crypto, const struct merkle_frontier *frontier,
    struct merkle_hash *root);

/* Bytes of a packed frontier, at most. */
#define MERKLE_FRONTIER_SIZE_MAX (8 + MERKLE_DEPTH_MAX * HASH_SIZE)

/* The size and only the nodes in use; errors stick in the packer. */
void merkle_frontier_pack(
    const struct merkle_frontier *frontier, struct packer *packer);

/* Reads what was packed; errors stick in the unpacker, and the frontier is
 * then of no use. */
void merkle_frontier_unpack(
    struct unpacker *unpacker, struct merkle_frontier *frontier);

/* Root over `count` leaf hashes. */
void merkle_root_of(struct crypto *crypto, const struct merkle_hash *leaves,
    uint64_t count, struct merkle_hash *root);

/* ---- Making proofs ---- */

/* One node for each level, and one more for consistency. */
#define MERKLE_PROOF_COUNT_MAX (MERKLE_DEPTH_MAX + 1)

struct merkle_proof {
    size_t count;
    struct merkle_hash nodes[MERKLE_PROOF_COUNT_MAX];
};

/* Where proofs find the leaves of a ledger. */
struct merkle_source {
    /* The leaf hash at `index`; an error ends the proof and is its result. */
    enum err (*leaf)(void *user, uint64_t index, uint8_t hash[HASH_SIZE]);
    void *user;
    /* The root over the leaves from `start` up to, not including, `end`, where
     * it is known without all of them; `start` is 0 or a multiple of a power
     * of two that is not below end - start. NULL: leaves are asked for. */
    enum err (*range)(
        void *user, uint64_t start, uint64_t end, struct merkle_hash *root);
};

/*
 * That the leaf at `index` is in the tree of the first `size` leaves.
 * ERR_INVALID unless index < size; errors of the source.
 */
MUST_USE enum err merkle_prove_inclusion(struct crypto *crypto,
    const struct merkle_source *source, uint64_t index, uint64_t size,
    struct merkle_proof *proof);

/*
 * That the tree of the first `old_size` leaves begins that of the first
 * `size`. Empty when the old size is 0 or the same. ERR_INVALID unless
 * old_size <= size; errors of the source.
 */
MUST_USE enum err merkle_prove_consistency(struct crypto *crypto,
    const struct merkle_source *source, uint64_t old_size, uint64_t size,
    struct merkle_proof *proof);

/* ---- Verifying proofs of others; false is the only refusal ---- */

MUST_USE bool merkle_verify_inclusion(struct crypto *crypto,
    const struct merkle_hash *leaf, uint64_t index, uint64_t size,
    const struct merkle_hash *nodes, size_t count,
    const struct merkle_hash *root);

/*
 * Equal sizes are consistent when the roots are equal and the proof is empty.
 * Size 0 is otherwise consistent with every tree, the proof being empty, as in
 * C2SP tlog-witness: who holds nothing can be contradicted by nothing, and its
 * `old_root` is not looked at.
 */
MUST_USE bool merkle_verify_consistency(struct crypto *crypto,
    uint64_t old_size, const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_hash *nodes,
    size_t count);

#endif
