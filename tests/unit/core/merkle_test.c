#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/merkle.h"
#include "support/crypto_fake.h"
#include "support/merkle_naive.h"

#define LEAF_COUNT 65

/* clang-format off */

/* The classic leaves of Certificate Transparency's reference tests. */
static const struct { size_t size; uint8_t bytes[16]; } entries[] = {
    { 0, { 0 } },
    { 1, { 0x00 } },
    { 1, { 0x10 } },
    { 2, { 0x20, 0x21 } },
    { 2, { 0x30, 0x31 } },
    { 4, { 0x40, 0x41, 0x42, 0x43 } },
    { 8, { 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57 } },
    { 16, { 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,
            0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f } },
};

/* Roots over the first 0 to 8 of them. */
static const struct merkle_hash known_roots[] = {
    {{ 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
       0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
       0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
       0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 }},
    {{ 0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98,
       0x9c, 0xa5, 0x44, 0xe6, 0xbb, 0x78, 0x0a, 0x2c,
       0x78, 0x90, 0x1d, 0x3f, 0xb3, 0x37, 0x38, 0x76,
       0x85, 0x11, 0xa3, 0x06, 0x17, 0xaf, 0xa0, 0x1d }},
    {{ 0xfa, 0xc5, 0x42, 0x03, 0xe7, 0xcc, 0x69, 0x6c,
       0xf0, 0xdf, 0xcb, 0x42, 0xc9, 0x2a, 0x1d, 0x9d,
       0xba, 0xf7, 0x0a, 0xd9, 0xe6, 0x21, 0xf4, 0xbd,
       0x8d, 0x98, 0x66, 0x2f, 0x00, 0xe3, 0xc1, 0x25 }},
    {{ 0xae, 0xb6, 0xbc, 0xfe, 0x27, 0x4b, 0x70, 0xa1,
       0x4f, 0xb0, 0x67, 0xa5, 0xe5, 0x57, 0x82, 0x64,
       0xdb, 0x0f, 0xa9, 0xb5, 0x1a, 0xf5, 0xe0, 0xba,
       0x15, 0x91, 0x58, 0xf3, 0x29, 0xe0, 0x6e, 0x77 }},
    {{ 0xd3, 0x7e, 0xe4, 0x18, 0x97, 0x6d, 0xd9, 0x57,
       0x53, 0xc1, 0xc7, 0x38, 0x62, 0xb9, 0x39, 0x8f,
       0xa2, 0xa2, 0xcf, 0x9b, 0x4f, 0xf0, 0xfd, 0xfe,
       0x8b, 0x30, 0xcd, 0x95, 0x20, 0x96, 0x14, 0xb7 }},
    {{ 0x4e, 0x3b, 0xbb, 0x1f, 0x7b, 0x47, 0x8d, 0xcf,
       0xe7, 0x1f, 0xb6, 0x31, 0x63, 0x15, 0x19, 0xa3,
       0xbc, 0xa1, 0x2c, 0x9a, 0xef, 0xca, 0x16, 0x12,
       0xbf, 0xce, 0x4c, 0x13, 0xa8, 0x62, 0x64, 0xd4 }},
    {{ 0x76, 0xe6, 0x7d, 0xad, 0xbc, 0xdf, 0x1e, 0x10,
       0xe1, 0xb7, 0x4d, 0xdc, 0x60, 0x8a, 0xbd, 0x2f,
       0x98, 0xdf, 0xb1, 0x6f, 0xbc, 0xe7, 0x52, 0x77,
       0xb5, 0x23, 0x2a, 0x12, 0x7f, 0x20, 0x87, 0xef }},
    {{ 0xdd, 0xb8, 0x9b, 0xe4, 0x03, 0x80, 0x9e, 0x32,
       0x57, 0x50, 0xd3, 0xd2, 0x63, 0xcd, 0x78, 0x92,
       0x9c, 0x29, 0x42, 0xb7, 0x94, 0x2a, 0x34, 0xb7,
       0x7e, 0x12, 0x2c, 0x95, 0x94, 0xa7, 0x4c, 0x8c }},
    {{ 0x5d, 0xc9, 0xda, 0x79, 0xa7, 0x06, 0x59, 0xa9,
       0xad, 0x55, 0x9c, 0xb7, 0x01, 0xde, 0xd9, 0xa2,
       0xab, 0x9d, 0x82, 0x3a, 0xad, 0x2f, 0x49, 0x60,
       0xcf, 0xe3, 0x70, 0xef, 0xf4, 0x60, 0x43, 0x28 }},
};

/* clang-format on */

/* Leaves that differ, and the roots over the first 0 to LEAF_COUNT of them,
 * found the naive way. */
struct forest {
    struct crypto *crypto;
    struct merkle_hash leaves[LEAF_COUNT];
    struct merkle_hash roots[LEAF_COUNT + 1];
    struct merkle_source source;
    uint64_t failing_index;
};

static enum err forest_leaf(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    struct forest *forest = user;
    if (index >= LEAF_COUNT || index == forest->failing_index)
        return ERR_CORRUPT;
    memcpy(hash, forest->leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

static void forest_init(struct forest *forest)
{
    memset(forest, 0, sizeof *forest);
    forest->crypto = crypto_fake_new(0, 0, 0);
    forest->failing_index = UINT64_MAX;
    forest->source =
        (struct merkle_source){ .leaf = forest_leaf, .user = forest };
    for (uint8_t i = 0; i < LEAF_COUNT; i++)
        merkle_leaf_hash(forest->crypto, slice_of(&i, 1), &forest->leaves[i]);
    for (size_t size = 0; size <= LEAF_COUNT; size++)
        naive_root(forest->leaves, size, &forest->roots[size]);
}

static void forest_release(struct forest *forest)
{
    crypto_fake_free(forest->crypto);
}

static void roots_are_those_of_rfc_6962(void **unused)
{
    (void)unused;
    struct crypto *crypto = crypto_fake_new(0, 0, 0);
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash leaves[8], root;
    for (size_t size = 0; size <= 8; size++) {
        merkle_root(crypto, &frontier, &root);
        assert_true(merkle_hash_equal(&root, &known_roots[size]));
        merkle_root_of(crypto, leaves, size, &root);
        assert_true(merkle_hash_equal(&root, &known_roots[size]));
        naive_root(leaves, size, &root); /* the oracle, too */
        assert_true(merkle_hash_equal(&root, &known_roots[size]));
        if (size == 8)
            break;
        merkle_leaf_hash(crypto,
            slice_of(entries[size].bytes, entries[size].size), &leaves[size]);
        merkle_append(crypto, &frontier, &leaves[size]);
        assert_int_equal(frontier.size, size + 1);
    }
    crypto_fake_free(crypto);
}

static void a_frontier_survives_being_packed_at_any_size(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_frontier frontier = { 0 };
    forest_init(&forest);
    for (size_t size = 0; size <= LEAF_COUNT; size++) {
        uint8_t bytes[MERKLE_FRONTIER_SIZE_MAX];
        struct merkle_hash root;
        struct packer packer = pack_into(bytes, sizeof bytes);
        merkle_frontier_pack(&frontier, &packer);
        struct slice row = packed(&packer);
        size_t node_count = (row.size - 8) / HASH_SIZE;
        assert_int_equal(node_count, __builtin_popcountll(size));
        memset(&frontier, 0xff, sizeof frontier);
        struct unpacker unpacker = unpack_from(row);
        merkle_frontier_unpack(&unpacker, &frontier);
        assert_int_equal(unpack_end(&unpacker), ERR_NONE);
        merkle_root(forest.crypto, &frontier, &root);
        assert_true(merkle_hash_equal(&root, &forest.roots[size]));
        for (size_t cut = 0; cut < row.size; cut++) {
            struct merkle_frontier part;
            unpacker = unpack_from(slice_of(row.bytes, cut));
            merkle_frontier_unpack(&unpacker, &part);
            assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT);
        }
        if (size < LEAF_COUNT)
            merkle_append(forest.crypto, &frontier, &forest.leaves[size]);
    }
    forest_release(&forest);
}

static void a_full_tree_is_not_read(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_frontier frontier = { .size = UINT64_MAX };
    forest_init(&forest);
    frontier.nodes[63] = forest.leaves[7];
    uint8_t bytes[MERKLE_FRONTIER_SIZE_MAX];
    struct packer packer = pack_into(bytes, sizeof bytes);
    merkle_frontier_pack(&frontier, &packer);
    assert_int_equal(packed(&packer).size, sizeof bytes);
    struct unpacker unpacker = unpack_from(packed(&packer));
    merkle_frontier_unpack(&unpacker, &frontier);
    assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT);
    forest_release(&forest);
}

static void expect_inclusion(struct forest *forest,
    const struct merkle_hash *leaf, uint64_t index, uint64_t size,
    const struct merkle_proof *proof, const struct merkle_hash *root,
    bool is_included)
{
    if (merkle_verify_inclusion(forest->crypto, leaf, index, size, proof->nodes,
            proof->count, root) != is_included)
        fail_msg("leaf %u of %u: %s", (unsigned)index, (unsigned)size,
            is_included ? "refused" : "believed");
}

/* One right proof, and all the wrong ones that are one step away. */
static void check_inclusion(struct forest *forest, size_t index, size_t size)
{
    struct merkle_proof proof, naive = { 0 };
    struct merkle_hash leaf = forest->leaves[index];
    struct merkle_hash root = forest->roots[size];
    assert_int_equal(merkle_prove_inclusion(
                         forest->crypto, &forest->source, index, size, &proof),
        ERR_NONE);
    naive_path(forest->leaves, index, size, &naive);
    assert_int_equal(proof.count, naive.count);
    assert_memory_equal(proof.nodes, naive.nodes, proof.count * HASH_SIZE);
    expect_inclusion(forest, &leaf, index, size, &proof, &root, true);
    size_t step = size > 17 ? 16 : 1; /* the larger trees by samples */
    for (size_t other = index % step; other <= size; other += step)
        if (other != index)
            expect_inclusion(forest, &leaf, other, size, &proof, &root, false);
    for (size_t i = 0; i < proof.count; i++) {
        proof.nodes[i].bytes[i] ^= 0x10;
        expect_inclusion(forest, &leaf, index, size, &proof, &root, false);
        proof.nodes[i].bytes[i] ^= 0x10;
    }
    leaf.bytes[31] ^= 1;
    expect_inclusion(forest, &leaf, index, size, &proof, &root, false);
    leaf.bytes[31] ^= 1;
    root.bytes[0] ^= 0x80;
    expect_inclusion(forest, &leaf, index, size, &proof, &root, false);
    root.bytes[0] ^= 0x80;
    proof.nodes[proof.count++] = root;
    expect_inclusion(forest, &leaf, index, size, &proof, &root, false);
    proof.count -= 2; /* wraps for an empty proof, then not looked at */
    if (size > 1)
        expect_inclusion(forest, &leaf, index, size, &proof, &root, false);
}

static void every_leaf_of_every_tree_has_its_proof_and_no_other(void **unused)
{
    (void)unused;
    struct forest forest;
    forest_init(&forest);
    for (size_t size = 1; size <= LEAF_COUNT; size++)
        for (size_t index = 0; index < size; index++)
            check_inclusion(&forest, index, size);
    forest_release(&forest);
}

static void no_leaf_is_in_a_tree_too_small_for_it(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_proof proof = { 0 };
    forest_init(&forest);
    expect_inclusion(
        &forest, &forest.roots[0], 0, 0, &proof, &forest.roots[0], false);
    expect_inclusion(
        &forest, &forest.leaves[0], 1, 1, &proof, &forest.roots[1], false);
    expect_inclusion(&forest, &forest.leaves[0], UINT64_MAX, 1, &proof,
        &forest.roots[1], false);
    assert_int_equal(
        merkle_prove_inclusion(forest.crypto, &forest.source, 0, 0, &proof),
        ERR_INVALID);
    assert_int_equal(
        merkle_prove_inclusion(forest.crypto, &forest.source, 9, 9, &proof),
        ERR_INVALID);
    assert_int_equal(
        merkle_prove_consistency(forest.crypto, &forest.source, 9, 8, &proof),
        ERR_INVALID);
    forest_release(&forest);
}

static void expect_consistency(struct forest *forest, uint64_t old_size,
    const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_proof *proof,
    bool is_consistent)
{
    if (merkle_verify_consistency(forest->crypto, old_size, old_root, size,
            root, proof->nodes, proof->count) != is_consistent)
        fail_msg("%u in %u: %s", (unsigned)old_size, (unsigned)size,
            is_consistent ? "refused" : "believed");
}

static void check_consistency(
    struct forest *forest, size_t old_size, size_t size)
{
    struct merkle_proof proof, naive = { 0 };
    struct merkle_hash old_root = forest->roots[old_size];
    struct merkle_hash root = forest->roots[size];
    assert_int_equal(merkle_prove_consistency(forest->crypto, &forest->source,
                         old_size, size, &proof),
        ERR_NONE);
    if (old_size > 0)
        naive_subproof(forest->leaves, old_size, size, true, &naive);
    assert_int_equal(proof.count, naive.count);
    assert_memory_equal(proof.nodes, naive.nodes, proof.count * HASH_SIZE);
    expect_consistency(forest, old_size, &old_root, size, &root, &proof, true);
    for (size_t i = 0; i < proof.count; i++) {
        proof.nodes[i].bytes[31 - i] ^= 0x04;
        expect_consistency(
            forest, old_size, &old_root, size, &root, &proof, false);
        proof.nodes[i].bytes[31 - i] ^= 0x04;
    }
    if (old_size > 0) { /* see the next test for size 0 */
        old_root.bytes[5] ^= 1;
        expect_consistency(
            forest, old_size, &old_root, size, &root, &proof, false);
        old_root.bytes[5] ^= 1;
        root.bytes[5] ^= 1;
        expect_consistency(
            forest, old_size, &old_root, size, &root, &proof, false);
        root.bytes[5] ^= 1;
    }
    proof.nodes[proof.count++] = root;
    expect_consistency(forest, old_size, &old_root, size, &root, &proof, false);
    if (proof.count > 1) {
        proof.count -= 2;
        expect_consistency(
            forest, old_size, &old_root, size, &root, &proof, false);
        proof.count = 0;
        expect_consistency(
            forest, old_size, &old_root, size, &root, &proof, false);
    }
}

static void every_tree_is_consistent_with_all_it_grew_from(void **unused)
{
    (void)unused;
    struct forest forest;
    forest_init(&forest);
    for (size_t size = 0; size <= LEAF_COUNT; size++)
        for (size_t old_size = 0; old_size <= size; old_size++)
            check_consistency(&forest, old_size, size);
    forest_release(&forest);
}

static void size_0_with_an_empty_proof_is_consistent_with_anything(
    void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_proof proof = { 0 };
    forest_init(&forest);
    const struct merkle_hash *any = &forest.leaves[3];
    expect_consistency(&forest, 0, &forest.roots[0], 5, any, &proof, true);
    expect_consistency(&forest, 0, any, UINT64_MAX, any, &proof, true);
    /* equal sizes have equal roots, 0 as well */
    expect_consistency(
        &forest, 0, &forest.roots[0], 0, &forest.roots[0], &proof, true);
    expect_consistency(&forest, 0, &forest.roots[0], 0, any, &proof, false);
    proof.count = 1;
    expect_consistency(&forest, 0, &forest.roots[0], 5, any, &proof, false);
    forest_release(&forest);
}

static void a_ledger_never_shrinks(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_proof proof;
    forest_init(&forest);
    assert_int_equal(
        merkle_prove_consistency(forest.crypto, &forest.source, 5, 8, &proof),
        ERR_NONE);
    expect_consistency(
        &forest, 8, &forest.roots[8], 5, &forest.roots[5], &proof, false);
    expect_consistency(
        &forest, 5, &forest.roots[8], 8, &forest.roots[5], &proof, false);
    proof.count = 0;
    expect_consistency(
        &forest, 4, &forest.roots[4], 3, &forest.roots[4], &proof, false);
    forest_release(&forest);
}

/* Forged roots: what each of these proofs hashes to, but of no tree. */
static void a_proof_of_another_height_proves_nothing(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_proof proof = { .count = 1 };
    struct merkle_hash forged, old_forged;
    forest_init(&forest);
    const struct merkle_hash *leaves = forest.leaves;
    proof.nodes[0] = leaves[9];
    /* a node above the root */
    merkle_node_hash(forest.crypto, &leaves[9], &leaves[0], &forged);
    expect_inclusion(&forest, &leaves[0], 0, 1, &proof, &forged, false);
    proof = (struct merkle_proof){ .count = 4,
        .nodes = { leaves[2], leaves[3], forest.roots[2], leaves[9] } };
    merkle_node_hash(forest.crypto, &leaves[9], &forest.roots[3], &old_forged);
    merkle_node_hash(forest.crypto, &leaves[9], &forest.roots[4], &forged);
    expect_consistency(&forest, 3, &old_forged, 4, &forged, &proof, false);
    proof.count = 3;
    expect_consistency(
        &forest, 3, &forest.roots[3], 4, &forest.roots[4], &proof, true);
    /* a proof that stops below the root of a tree said to be larger */
    proof.count = 1;
    expect_consistency(
        &forest, 2, &forest.roots[2], 3, &forest.roots[3], &proof, true);
    expect_consistency(
        &forest, 2, &forest.roots[2], 100, &forest.roots[3], &proof, false);
    /* none at all, where there must be one */
    assert_false(merkle_verify_consistency(
        forest.crypto, 3, &forest.roots[3], 5, &forest.roots[5], NULL, 0));
    forest_release(&forest);
}

static void an_error_of_the_source_is_the_result(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_proof proof;
    forest_init(&forest);
    for (uint64_t i = 0; i < 13; i++) {
        forest.failing_index = i;
        assert_int_equal(merkle_prove_inclusion(forest.crypto, &forest.source,
                             (i + 1) % 13, 13, &proof),
            ERR_CORRUPT);
        assert_int_equal(merkle_prove_consistency(
                             forest.crypto, &forest.source, 6, 13, &proof),
            ERR_CORRUPT);
    }
    forest_release(&forest);
}

/* Trees too large to be made: the proofs are taken from random nodes. */
static void proofs_of_the_largest_trees_are_verified(void **unused)
{
    (void)unused;
    const uint64_t sizes[] = { UINT64_MAX, UINT64_MAX - 1,
        (UINT64_C(1) << 63) + 1, UINT64_C(1) << 63, UINT64_C(1) << 32 };
    struct forest forest;
    struct merkle_proof proof;
    forest_init(&forest);
    memcpy(proof.nodes, forest.leaves, sizeof proof.nodes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const uint64_t size = sizes[i];
        const uint64_t indexes[] = { 0, 1, size / 2, size / 3, size - 2,
            size - 1 };
        for (size_t j = 0; j < 6; j++) {
            struct merkle_hash root = forest.roots[1];
            proof.count = naive_climb(indexes[j], size, proof.nodes, &root);
            assert_in_range(proof.count, 1, 64);
            expect_inclusion(&forest, &forest.roots[1], indexes[j], size,
                &proof, &root, true);
            proof.count--;
            expect_inclusion(&forest, &forest.roots[1], indexes[j], size,
                &proof, &root, false);
        }
    }
    forest_release(&forest);
}

static void the_last_append_of_all_is_consistent(void **unused)
{
    (void)unused;
    struct forest forest;
    struct merkle_frontier frontier = { .size = UINT64_MAX - 1 };
    struct merkle_proof proof = { .count = 64 };
    struct merkle_hash old_root, root;
    forest_init(&forest);
    memcpy(frontier.nodes, forest.leaves, sizeof frontier.nodes);
    merkle_root(forest.crypto, &frontier, &old_root);
    /* the smallest old subtree, what stands beside it now, the larger ones */
    proof.nodes[0] = frontier.nodes[62];
    proof.nodes[1] = forest.leaves[64];
    for (size_t i = 2; i < proof.count; i++)
        proof.nodes[i] = frontier.nodes[63 - i];
    merkle_append(forest.crypto, &frontier, &forest.leaves[64]);
    merkle_root(forest.crypto, &frontier, &root);
    expect_consistency(
        &forest, UINT64_MAX - 1, &old_root, UINT64_MAX, &root, &proof, true);
    proof.nodes[63].bytes[0] ^= 1;
    expect_consistency(
        &forest, UINT64_MAX - 1, &old_root, UINT64_MAX, &root, &proof, false);
    forest_release(&forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_rfc_6962),
        cmocka_unit_test(a_frontier_survives_being_packed_at_any_size),
        cmocka_unit_test(a_full_tree_is_not_read),
        cmocka_unit_test(every_leaf_of_every_tree_has_its_proof_and_no_other),
        cmocka_unit_test(no_leaf_is_in_a_tree_too_small_for_it),
        cmocka_unit_test(every_tree_is_consistent_with_all_it_grew_from),
        cmocka_unit_test(
            size_0_with_an_empty_proof_is_consistent_with_anything),
        cmocka_unit_test(a_ledger_never_shrinks),
        cmocka_unit_test(a_proof_of_another_height_proves_nothing),
        cmocka_unit_test(an_error_of_the_source_is_the_result),
        cmocka_unit_test(proofs_of_the_largest_trees_are_verified),
        cmocka_unit_test(the_last_append_of_all_is_consistent),
    };
    return cmocka_run_group_tests_name("core/merkle", tests, NULL, NULL);
}
