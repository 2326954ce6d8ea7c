/*
 * tree.h - the hash tree of a whole ledger, with every node that is complete:
 * 64 bytes a leaf, and any proof then takes a few hundred hashes, however long
 * the ledger is.
 */
#ifndef REFERCTL_TREE_H
#define REFERCTL_TREE_H

#include "core/merkle.h"
#include "referctl/pool.h"

struct tree_level {
    struct merkle_hash **blocks; /* of TREE_BLOCK_COUNT nodes each */
    size_t block_count;
    size_t block_capacity;
    uint64_t count; /* nodes */
};

#define TREE_BLOCK_COUNT 1024u

struct tree {
    struct pool *pool;
    struct crypto *crypto;
    struct tree_level levels[MERKLE_DEPTH_MAX];
};

void tree_init(struct tree *tree, struct pool *pool, struct crypto *crypto);
void tree_append(struct tree *tree, const struct merkle_hash *leaf);
uint64_t tree_size(const struct tree *tree);

/* Of the first `size` leaves, which must be there. */
void tree_root(
    const struct tree *tree, uint64_t size, struct merkle_hash *root);
/* As merkle_prove_inclusion and merkle_prove_consistency; ERR_INVALID also when
 * `size` is above tree_size(). */
MUST_USE enum err tree_prove_inclusion(const struct tree *tree, uint64_t index,
    uint64_t size, struct merkle_proof *proof);
MUST_USE enum err tree_prove_consistency(const struct tree *tree,
    uint64_t old_size, uint64_t size, struct merkle_proof *proof);

#endif
