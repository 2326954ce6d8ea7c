#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "referctl/tree.h"
#include "support/crypto_fake.h"

/* More than a block, and no power of two. */
#define LEAF_COUNT (TREE_BLOCK_COUNT + 77u)

static struct merkle_hash leaves[LEAF_COUNT];
static struct pool pool;
static struct crypto *crypto;
static struct tree tree;

static int setup(void **state)
{
    (void)state;
    crypto = crypto_fake_new(3, 20000, 1);
    tree_init(&tree, &pool, crypto);
    for (uint32_t i = 0; i < LEAF_COUNT; i++) {
        merkle_leaf_hash(crypto, slice_of(&i, sizeof i), &leaves[i]);
        tree_append(&tree, &leaves[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pool_release(&pool);
    crypto_fake_free(crypto);
    return 0;
}

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    (void)user;
    memcpy(hash, leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

static void roots_are_those_of_the_leaves(void **state)
{
    (void)state;
    assert_int_equal(tree_size(&tree), LEAF_COUNT);
    for (uint64_t size = 0; size <= LEAF_COUNT; size += size < 70 ? 1 : 131) {
        struct merkle_hash root, expected;
        tree_root(&tree, size, &root);
        merkle_root_of(crypto, leaves, size, &expected);
        assert_true(merkle_hash_equal(&root, &expected));
    }
}

static void proof_equal(
    const struct merkle_proof *a, const struct merkle_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->nodes, b->nodes, a->count * sizeof a->nodes[0]);
}

static void proofs_are_those_of_the_leaves(void **state)
{
    struct merkle_source source = { .leaf = leaf_of };
    struct merkle_proof proof, expected;
    (void)state;
    for (uint64_t size = 1; size <= LEAF_COUNT; size += size < 20 ? 1 : 353)
        for (uint64_t index = 0; index < size; index += index < 20 ? 1 : 211) {
            assert_int_equal(
                tree_prove_inclusion(&tree, index, size, &proof), ERR_NONE);
            assert_int_equal(
                merkle_prove_inclusion(crypto, &source, index, size, &expected),
                ERR_NONE);
            proof_equal(&proof, &expected);
            assert_int_equal(
                tree_prove_consistency(&tree, index, size, &proof), ERR_NONE);
            assert_int_equal(merkle_prove_consistency(
                                 crypto, &source, index, size, &expected),
                ERR_NONE);
            proof_equal(&proof, &expected);
        }
}

static void more_than_there_is_cannot_be_proved(void **state)
{
    struct merkle_proof proof;
    (void)state;
    assert_int_equal(
        tree_prove_inclusion(&tree, 0, LEAF_COUNT + 1, &proof), ERR_INVALID);
    assert_int_equal(tree_prove_inclusion(&tree, 5, 5, &proof), ERR_INVALID);
    assert_int_equal(
        tree_prove_consistency(&tree, 1, LEAF_COUNT + 1, &proof), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_leaves),
        cmocka_unit_test(proofs_are_those_of_the_leaves),
        cmocka_unit_test(more_than_there_is_cannot_be_proved),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
