#include <stdlib.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our errors. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE

#include "support/merkle_naive.h"

static void digest(const uint8_t *bytes, size_t size, struct merkle_hash *hash)
{
    if (EVP_Digest(bytes, size, hash->bytes, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

static void join(const struct merkle_hash *left,
    const struct merkle_hash *right, struct merkle_hash *hash)
{
    uint8_t bytes[1 + 2 * HASH_SIZE] = { 1 };
    memcpy(bytes + 1, left->bytes, HASH_SIZE);
    memcpy(bytes + 1 + HASH_SIZE, right->bytes, HASH_SIZE);
    digest(bytes, sizeof bytes, hash);
}

/* k of the RFC: the largest power of two smaller than n. */
static uint64_t power_below(uint64_t n)
{
    uint64_t power = UINT64_C(1) << 63;
    while (power >= n)
        power >>= 1;
    return power;
}

void naive_root(
    const struct merkle_hash *leaves, size_t size, struct merkle_hash *root)
{
    struct merkle_hash left, right;
    if (size == 0) {
        digest((const uint8_t *)"", 0, root);
    } else if (size == 1) {
        *root = leaves[0];
    } else {
        size_t k = (size_t)power_below(size);
        naive_root(leaves, k, &left);
        naive_root(leaves + k, size - k, &right);
        join(&left, &right, root);
    }
}

void naive_path(const struct merkle_hash *leaves, size_t index, size_t size,
    struct merkle_proof *proof)
{
    if (size == 1)
        return;
    size_t k = (size_t)power_below(size);
    struct merkle_hash other;
    if (index < k) {
        naive_path(leaves, index, k, proof);
        naive_root(leaves + k, size - k, &other);
    } else {
        naive_path(leaves + k, index - k, size - k, proof);
        naive_root(leaves, k, &other);
    }
    proof->nodes[proof->count++] = other;
}

void naive_subproof(const struct merkle_hash *leaves, size_t old_size,
    size_t size, bool is_whole, struct merkle_proof *proof)
{
    struct merkle_hash node;
    if (old_size == size) {
        naive_root(leaves, size, &node);
        if (!is_whole)
            proof->nodes[proof->count++] = node;
        return;
    }
    size_t k = (size_t)power_below(size);
    if (old_size <= k) {
        naive_subproof(leaves, old_size, k, is_whole, proof);
        naive_root(leaves + k, size - k, &node);
    } else {
        naive_subproof(leaves + k, old_size - k, size - k, false, proof);
        naive_root(leaves, k, &node);
    }
    proof->nodes[proof->count++] = node;
}

size_t naive_climb(uint64_t index, uint64_t size,
    const struct merkle_hash *nodes, struct merkle_hash *hash)
{
    if (size == 1)
        return 0;
    uint64_t k = power_below(size);
    size_t count;
    if (index < k) {
        count = naive_climb(index, k, nodes, hash);
        join(hash, &nodes[count], hash);
    } else {
        count = naive_climb(index - k, size - k, nodes, hash);
        join(&nodes[count], hash, hash);
    }
    return count + 1;
}
