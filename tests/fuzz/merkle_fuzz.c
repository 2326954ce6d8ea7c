/*
 * Proofs from peers against a naive tree: the verifier believes a proof
 * exactly when it is the right one. The input says which proof, how many nodes
 * more or fewer, and what to flip in each; zero bytes leave it right. Needs
 * refer_core, refer_support_crypto_fake, refer_support_merkle_naive.
 */
#include <stdlib.h>
#include <string.h>

#include "core/merkle.h"
#include "support/crypto_fake.h"
#include "support/merkle_naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEAF_COUNT 40

static struct {
    struct crypto *crypto;
    struct merkle_hash leaves[LEAF_COUNT];
    struct merkle_hash roots[LEAF_COUNT + 1];
} forest;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void forest_init(void)
{
    forest.crypto = crypto_fake_new(0, 0, 0);
    for (uint8_t i = 0; i < LEAF_COUNT; i++)
        merkle_leaf_hash(forest.crypto, slice_of(&i, 1), &forest.leaves[i]);
    for (size_t size = 0; size <= LEAF_COUNT; size++)
        naive_root(forest.leaves, size, &forest.roots[size]);
}

static enum err forest_leaf(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    (void)user;
    must(index < LEAF_COUNT);
    memcpy(hash, forest.leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

/* Bytes as they come, zeros when there are no more. */
static uint8_t take(struct slice *tape)
{
    if (tape->size == 0)
        return 0;
    uint8_t byte = tape->bytes[0];
    *tape = slice_of(tape->bytes + 1, tape->size - 1);
    return byte;
}

static uint64_t take_u64(struct slice *tape)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | take(tape);
    return number;
}

/* Damages a proof, whose unused nodes are zero, as the tape says. True when
 * it is still what it was. */
static bool proof_is_spared(struct slice *tape, struct merkle_proof *proof)
{
    size_t right_count = proof->count;
    uint8_t damage = 0;
    proof->count = (right_count + take(tape)) % (MERKLE_PROOF_COUNT_MAX + 1);
    for (size_t i = 0; i < proof->count; i++)
        for (size_t j = 0; j < HASH_SIZE; j++) {
            uint8_t flip = take(tape);
            proof->nodes[i].bytes[j] ^= flip;
            damage |= flip;
        }
    return damage == 0 && proof->count == right_count;
}

static void check_inclusion(struct slice tape)
{
    const struct merkle_source source = { .leaf = forest_leaf };
    size_t size = 1 + take(&tape) % LEAF_COUNT;
    size_t index = take(&tape) % size;
    size_t leaf = (index + take(&tape)) % size;
    struct merkle_proof proof = { 0 }, naive = { 0 };
    must(merkle_prove_inclusion(forest.crypto, &source, index, size, &proof) ==
         ERR_NONE);
    naive_path(forest.leaves, index, size, &naive);
    must(proof.count == naive.count);
    must(memcmp(proof.nodes, naive.nodes, proof.count * HASH_SIZE) == 0);
    bool is_right = proof_is_spared(&tape, &naive) && leaf == index;
    must(merkle_verify_inclusion(forest.crypto, &forest.leaves[leaf], index,
             size, naive.nodes, naive.count, &forest.roots[size]) == is_right);
}

static void check_consistency(struct slice tape)
{
    const struct merkle_source source = { .leaf = forest_leaf };
    size_t size = take(&tape) % (LEAF_COUNT + 1);
    size_t old_size = take(&tape) % (size + 1);
    size_t root = (size + take(&tape)) % (LEAF_COUNT + 1);
    struct merkle_proof proof = { 0 }, naive = { 0 };
    must(merkle_prove_consistency(
             forest.crypto, &source, old_size, size, &proof) == ERR_NONE);
    if (old_size > 0)
        naive_subproof(forest.leaves, old_size, size, true, &naive);
    must(proof.count == naive.count);
    must(memcmp(proof.nodes, naive.nodes, proof.count * HASH_SIZE) == 0);
    bool is_right = proof_is_spared(&tape, &naive);
    if (old_size > 0 || size == 0) /* size 0 agrees with every root */
        is_right = is_right && root == size;
    must(merkle_verify_consistency(forest.crypto, old_size,
             &forest.roots[old_size], size, &forest.roots[root], naive.nodes,
             naive.count) == is_right);
}

/* Any size at all, the nodes straight from the tape. */
static void check_huge(struct slice tape)
{
    uint64_t index = take_u64(&tape), size = take_u64(&tape);
    struct merkle_proof proof = { 0 };
    struct merkle_hash root = forest.leaves[0];
    for (size_t i = 0; i < MERKLE_PROOF_COUNT_MAX; i++)
        proof.nodes[i].bytes[0] = take(&tape);
    size_t count = take(&tape) % (MERKLE_PROOF_COUNT_MAX + 1);
    if (index < size)
        proof.count = naive_climb(index, size, proof.nodes, &root);
    must(merkle_verify_inclusion(forest.crypto, &forest.leaves[0], index, size,
             proof.nodes, proof.count, &root) == (index < size));
    must(merkle_verify_inclusion(forest.crypto, &forest.leaves[0], index, size,
             proof.nodes, count,
             &root) == (index < size && count == proof.count));
    /* no oracle here: it must end, and stay within the nodes */
    bool is_consistent = merkle_verify_consistency(forest.crypto, index,
        &forest.leaves[0], size, &root, proof.nodes, count);
    if (index > size)
        must(!is_consistent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice tape = slice_of(data, size);
    if (forest.crypto == NULL)
        forest_init();
    switch (take(&tape) % 3) {
    case 0:
        check_inclusion(tape);
        break;
    case 1:
        check_consistency(tape);
        break;
    default:
        check_huge(tape);
        break;
    }
    return 0;
}
