#include "core/merkle.h"

#include <assert.h>
#include <string.h>

void merkle_leaf_hash(
    struct crypto *crypto, struct slice entry, struct merkle_hash *hash)
{
    const struct slice parts[] = { SLICE_LITERAL("\x00"), entry };
    crypto_hash(crypto, parts, 2, hash->bytes);
}

void merkle_node_hash(struct crypto *crypto, const struct merkle_hash *left,
    const struct merkle_hash *right, struct merkle_hash *hash)
{
    const struct slice parts[] = { SLICE_LITERAL("\x01"),
        SLICE_ARRAY(left->bytes), SLICE_ARRAY(right->bytes) };
    uint8_t digest[HASH_SIZE];
    crypto_hash(crypto, parts, 3, digest);
    memcpy(hash->bytes, digest, HASH_SIZE);
}

static size_t ones_count(uint64_t bits)
{
    size_t count = 0;
    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

/* ---- The growing edge of a tree ---- */

static void frontier_push(struct crypto *crypto,
    struct merkle_frontier *frontier, const struct merkle_hash *leaf)
{
    size_t count = ones_count(frontier->size);
    struct merkle_hash node = *leaf;
    /* two complete subtrees of one size are one of the next, as in a carry */
    for (uint64_t rest = frontier->size; (rest & 1) != 0; rest >>= 1)
        merkle_node_hash(crypto, &frontier->nodes[--count], &node, &node);
    frontier->nodes[count] = node;
    frontier->size++;
}

void merkle_append(struct crypto *crypto, struct merkle_frontier *frontier,
    const struct merkle_hash *leaf)
{
    assert(frontier->size < UINT64_MAX);
    frontier_push(crypto, frontier, leaf);
}

void merkle_root(struct crypto *crypto, const struct merkle_frontier *frontier,
    struct merkle_hash *root)
{
    size_t count = ones_count(frontier->size);
    if (count == 0) {
        crypto_hash(crypto, NULL, 0, root->bytes);
        return;
    }
    struct merkle_hash node = frontier->nodes[--count];
    while (count > 0)
        merkle_node_hash(crypto, &frontier->nodes[--count], &node, &node);
    *root = node;
}

void merkle_frontier_pack(
    const struct merkle_frontier *frontier, struct packer *packer)
{
    pack_u64(packer, frontier->size);
    pack_fixed(packer, frontier->nodes,
        ones_count(frontier->size) * sizeof frontier->nodes[0]);
}

void merkle_frontier_unpack(
    struct unpacker *unpacker, struct merkle_frontier *frontier)
{
    memset(frontier, 0, sizeof *frontier);
    frontier->size = unpack_u64(unpacker);
    unpack_fixed(unpacker, frontier->nodes,
        ones_count(frontier->size) * sizeof frontier->nodes[0]);
    if (frontier->size == UINT64_MAX && unpacker->err == ERR_NONE)
        unpacker->err = ERR_CORRUPT; /* nothing could be appended */
}

/* ---- Making proofs ---- */

/* Root over the leaves from `start` up to, not including, `end`. */
static enum err range_root(struct crypto *crypto,
    const struct merkle_source *source, uint64_t start, uint64_t end,
    struct merkle_hash *root)
{
    struct merkle_frontier frontier;
    frontier.size = 0;
    if (source->range != NULL)
        return source->range(source->user, start, end, root);
    for (uint64_t index = start; index < end; index++) {
        struct merkle_hash leaf;
        enum err err = source->leaf(source->user, index, leaf.bytes);
        if (err != ERR_NONE)
            return err;
        frontier_push(crypto, &frontier, &leaf);
    }
    merkle_root(crypto, &frontier, root);
    return ERR_NONE;
}

void merkle_root_of(struct crypto *crypto, const struct merkle_hash *leaves,
    uint64_t count, struct merkle_hash *root)
{
    struct merkle_frontier frontier;
    frontier.size = 0;
    for (uint64_t i = 0; i < count; i++)
        frontier_push(crypto, &frontier, &leaves[i]);
    merkle_root(crypto, &frontier, root);
}

/* Largest power of two below `size`, which is 2 or more: where RFC 6962
 * splits a tree. */
static uint64_t split_of(uint64_t size)
{
    uint64_t split = 1;
    while (split < size - split)
        split *= 2;
    return split;
}

static enum err proof_add(struct crypto *crypto,
    const struct merkle_source *source, uint64_t start, uint64_t end,
    struct merkle_proof *proof)
{
    return range_root(
        crypto, source, start, end, &proof->nodes[proof->count++]);
}

/* The RFC's recursion lists the deepest node first, our loop finds it last. */
static void proof_reverse(struct merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct merkle_hash *mirror = &proof->nodes[proof->count - 1 - i];
        struct merkle_hash other = *mirror;
        *mirror = proof->nodes[i];
        proof->nodes[i] = other;
    }
}

enum err merkle_prove_inclusion(struct crypto *crypto,
    const struct merkle_source *source, uint64_t index, uint64_t size,
    struct merkle_proof *proof)
{
    if (index >= size)
        return ERR_INVALID;
    uint64_t start = 0, end = size;
    enum err err = ERR_NONE;
    proof->count = 0;
    while (end - start > 1 && err == ERR_NONE) {
        uint64_t middle = start + split_of(end - start);
        if (index < middle) {
            err = proof_add(crypto, source, middle, end, proof);
            end = middle;
        } else {
            err = proof_add(crypto, source, start, middle, proof);
            start = middle;
        }
    }
    proof_reverse(proof);
    return err;
}

enum err merkle_prove_consistency(struct crypto *crypto,
    const struct merkle_source *source, uint64_t old_size, uint64_t size,
    struct merkle_proof *proof)
{
    if (old_size > size)
        return ERR_INVALID;
    proof->count = 0;
    if (old_size == 0)
        return ERR_NONE;
    uint64_t start = 0, end = size;
    enum err err = ERR_NONE;
    while (end != old_size && err == ERR_NONE) {
        uint64_t middle = start + split_of(end - start);
        if (old_size <= middle) {
            err = proof_add(crypto, source, middle, end, proof);
            end = middle;
        } else {
            err = proof_add(crypto, source, start, middle, proof);
            start = middle;
        }
    }
    /* the verifier knows the old root, but no part of it */
    if (err == ERR_NONE && start > 0)
        err = proof_add(crypto, source, start, end, proof);
    proof_reverse(proof);
    return err;
}

/* ---- Verifying proofs ---- */

bool merkle_verify_inclusion(struct crypto *crypto,
    const struct merkle_hash *leaf, uint64_t index, uint64_t size,
    const struct merkle_hash *nodes, size_t count,
    const struct merkle_hash *root)
{
    if (index >= size)
        return false;
    uint64_t place = index, last = size - 1;
    struct merkle_hash hash = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return false;
        if ((place & 1) != 0 || place == last) {
            merkle_node_hash(crypto, &nodes[i], &hash, &hash);
            /* the last node has no right neighbour: climb to where it has
             * a left one */
            while ((place & 1) == 0 && place != 0) {
                place >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node_hash(crypto, &hash, &nodes[i], &hash);
        }
        place >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_hash_equal(&hash, root);
}

bool merkle_verify_consistency(struct crypto *crypto, uint64_t old_size,
    const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_hash *nodes,
    size_t count)
{
    if (old_size > size)
        return false;
    if (old_size == size)
        return count == 0 && merkle_hash_equal(old_root, root);
    if (old_size == 0)
        return count == 0;
    uint64_t place = old_size - 1, last = size - 1;
    while ((place & 1) != 0) {
        place >>= 1;
        last >>= 1;
    }
    /* a complete old tree is itself the first node, and not sent */
    size_t next = 0;
    if (place != 0 && count == 0)
        return false;
    struct merkle_hash old_hash = place == 0 ? *old_root : nodes[next++];
    struct merkle_hash hash = old_hash;
    for (; next < count; next++) {
        if (last == 0)
            return false;
        if ((place & 1) != 0 || place == last) {
            merkle_node_hash(crypto, &nodes[next], &old_hash, &old_hash);
            merkle_node_hash(crypto, &nodes[next], &hash, &hash);
            while ((place & 1) == 0 && place != 0) {
                place >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node_hash(crypto, &hash, &nodes[next], &hash);
        }
        place >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_hash_equal(&old_hash, old_root) &&
           merkle_hash_equal(&hash, root);
}
