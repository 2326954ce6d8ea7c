/*
 * merkle_naive.h - the definitions of RFC 6962 section 2.1 word for word, as
 * recursions over all leaves with OpenSSL's SHA-256: an oracle for core/merkle,
 * which shares no code with it.
 */
#ifndef SUPPORT_MERKLE_NAIVE_H
#define SUPPORT_MERKLE_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/merkle.h"

/* MTH(D[n]) from leaf hashes. */
void naive_root(
    const struct merkle_hash *leaves, size_t size, struct merkle_hash *root);

/* PATH(m, D[n]), appended to the proof. */
void naive_path(const struct merkle_hash *leaves, size_t index, size_t size,
    struct merkle_proof *proof);

/* SUBPROOF(m, D[n], is_whole), appended to the proof; old_size from 1. */
void naive_subproof(const struct merkle_hash *leaves, size_t old_size,
    size_t size, bool is_whole, struct merkle_proof *proof);

/*
 * Makes *hash, the leaf at `index`, the root of a tree of `size` whose other
 * subtrees on the way have these hashes, the lowest first. Returns how many
 * there are on the way.
 */
size_t naive_climb(uint64_t index, uint64_t size,
    const struct merkle_hash *nodes, struct merkle_hash *hash);

#endif
