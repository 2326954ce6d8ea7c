#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/proof.h"
#include "support/crypto_fake.h"

#define LEAF_COUNT 7u
#define NODE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static struct crypto *crypto;
static struct merkle_hash leaves[LEAF_COUNT];

static int setup(void **state)
{
    (void)state;
    crypto = crypto_fake_new(7, 20000, 1);
    for (uint8_t i = 0; i < LEAF_COUNT; i++)
        merkle_leaf_hash(crypto, slice_of(&i, 1), &leaves[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    crypto_fake_free(crypto);
    return 0;
}

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    (void)user;
    memcpy(hash, leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

static void proof_make(uint64_t index, uint64_t size, struct proof *proof)
{
    struct merkle_source source = { .leaf = leaf_of };
    struct merkle_hash root;
    *proof = (struct proof){ .index = index,
        .note = {
            .origin = { .lane = LANE_MAIN, .generation = 9 }, .size = size } };
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaa"),
            &proof->note.origin.author),
        ERR_NONE);
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("bbbbbbbbbbbbbbbbbbbbbbbbbb"),
            &proof->note.origin.recipient),
        ERR_NONE);
    merkle_root_of(crypto, leaves, size, &root);
    memcpy(proof->note.root, root.bytes, HASH_SIZE);
    assert_int_equal(
        merkle_prove_inclusion(crypto, &source, index, size, &proof->path),
        ERR_NONE);
    assert_int_equal(note_sign(crypto, &proof->note), ERR_NONE);
    assert_int_equal(note_cosign(crypto, 1, &proof->note), ERR_NONE);
}

static void what_is_printed_is_read_and_holds(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAF_COUNT; size++)
        for (uint64_t index = 0; index < size; index++) {
            struct proof made, read;
            char text[PROOF_SIZE_MAX], again[PROOF_SIZE_MAX];
            uint8_t header = (uint8_t)index;
            uint8_t other = (uint8_t)(index + 1);
            proof_make(index, size, &made);
            struct slice printed = proof_print(&made, text);
            assert_int_equal(proof_parse(printed, &read), ERR_NONE);
            assert_true(slice_equal(proof_print(&read, again), printed));
            assert_true(proof_holds(crypto, &read, slice_of(&header, 1)));
            assert_false(proof_holds(crypto, &read, slice_of(&other, 1)));
        }
}

static void no_byte_can_be_changed_unseen(void **state)
{
    struct proof made, read;
    char text[PROOF_SIZE_MAX], again[PROOF_SIZE_MAX];
    const uint8_t header = 4;
    (void)state;
    proof_make(4, LEAF_COUNT, &made);
    struct slice printed = proof_print(&made, text);
    for (size_t i = 0; i < printed.size; i++) {
        text[i] ^= 1;
        if (proof_parse(printed, &read) == ERR_NONE)
            /* another index, node, root or signature, spelled as such */
            assert_true(slice_equal(proof_print(&read, again), printed));
        assert_true(proof_parse(printed, &read) != ERR_NONE ||
                    !proof_holds(crypto, &read, slice_of(&header, 1)) ||
                    memcmp(&read.note.origin, &made.note.origin,
                        sizeof made.note.origin) != 0 ||
                    memcmp(read.note.signature, made.note.signature,
                        SIGNATURE_SIZE) != 0 ||
                    memcmp(read.note.cosignature, made.note.cosignature,
                        SIGNATURE_SIZE) != 0 ||
                    memcmp(read.note.signature_key_id,
                        made.note.signature_key_id, NOTE_KEY_ID_SIZE) != 0 ||
                    memcmp(read.note.cosignature_key_id,
                        made.note.cosignature_key_id, NOTE_KEY_ID_SIZE) != 0 ||
                    read.note.cosigned_s != made.note.cosigned_s);
        text[i] ^= 1;
    }
}

static void the_longest_fits(void **state)
{
    struct proof proof, read;
    char text[PROOF_SIZE_MAX];
    (void)state;
    proof_make(0, 1, &proof);
    proof.index = UINT64_MAX;
    proof.note.size = UINT64_MAX;
    proof.note.cosigned_s = UINT64_MAX >> 1;
    proof.path.count = MERKLE_DEPTH_MAX;
    memset(proof.path.nodes, 0xff, sizeof proof.path.nodes);
    struct slice printed = proof_print(&proof, text);
    assert_in_range(printed.size, 1, PROOF_SIZE_MAX - 1);
    assert_int_equal(proof_parse(printed, &read), ERR_NONE);
}

static void other_forms_are_refused(void **state)
{
    static const char *const forms[] = {
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nindex 00\n\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\n",
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n",
        "c2sp.org/tlog-proof@v1\nindex  1\n\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n" NODE,
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA",
        "c2sp.org/tlog-proof@v1\r\nindex 1\r\n\r\n",
    };
    struct proof made, read;
    char note[NOTE_SIZE_MAX], text[2 * PROOF_SIZE_MAX];
    (void)state;
    proof_make(0, 1, &made);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct slice end = note_print(&made.note, note);
        size_t size = strlen(forms[i]);
        memcpy(text, forms[i], size);
        memcpy(text + size, end.bytes, end.size);
        assert_int_equal(
            proof_parse(slice_of(text, size + end.size), &read), ERR_MALFORMED);
    }
}

static void more_nodes_than_a_tree_has_levels_are_refused(void **state)
{
    struct proof made, read;
    char printed[PROOF_SIZE_MAX], text[2 * PROOF_SIZE_MAX];
    (void)state;
    proof_make(0, 1, &made);
    made.path.count = MERKLE_DEPTH_MAX;
    struct slice all = proof_print(&made, printed);
    const char *head = "c2sp.org/tlog-proof@v1\nindex 0\n";
    size_t size = strlen(head);
    assert_memory_equal(all.bytes, head, size);
    memcpy(text, head, size);
    memcpy(text + size, NODE, sizeof NODE - 1);
    memcpy(text + size + sizeof NODE - 1, all.bytes + size, all.size - size);
    assert_int_equal(
        proof_parse(slice_of(text, all.size + sizeof NODE - 1), &read),
        ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read_and_holds),
        cmocka_unit_test(no_byte_can_be_changed_unseen),
        cmocka_unit_test(the_longest_fits),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(more_nodes_than_a_tree_has_levels_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
