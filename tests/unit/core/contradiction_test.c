#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/contradiction.h"
#include "support/bench_author.h"
#include "support/bench_node.h"

#define LEAF_COUNT 7u

static struct federation *federation;
static struct crypto *crypto;
static struct card card;
static struct arena arena;
static struct merkle_hash leaves[LEAF_COUNT];

static int setup(void **state)
{
    struct card_problem problem;
    (void)state;
    federation = federation_new(1);
    crypto = federation_crypto(federation, 0);
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    assert_int_equal(card_read(crypto, federation_card(federation, 0), &arena,
                         &card, &problem),
        ERR_NONE);
    for (uint8_t i = 0; i < LEAF_COUNT; i++)
        merkle_leaf_hash(crypto, slice_of(&i, 1), &leaves[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    federation_free(federation);
    return 0;
}

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    (void)user;
    memcpy(hash, leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

/* Of the tree of the leaves, or with another root. */
static void sign(uint64_t size, uint8_t change, struct note *note)
{
    struct merkle_hash root;
    *note = (struct note){ .origin = { .lane = LANE_MAIN, .generation = 9 },
        .size = size };
    note->origin.author = *federation_id(federation, 0);
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("bbbbbbbbbbbbbbbbbbbbbbbbbb"),
            &note->origin.recipient),
        ERR_NONE);
    merkle_root_of(crypto, leaves, size, &root);
    memcpy(note->root, root.bytes, HASH_SIZE);
    note->root[0] ^= change;
    assert_int_equal(note_sign(crypto, note), ERR_NONE);
}

static void make(uint64_t first, uint64_t second, struct contradiction *made)
{
    const struct merkle_source source = { .leaf = leaf_of };
    *made = (struct contradiction){ 0 };
    sign(first, 1, &made->first);
    sign(second, 0, &made->second);
    merkle_root_of(crypto, leaves, first, &made->root);
    assert_int_equal(
        merkle_prove_consistency(crypto, &source, first, second, &made->path),
        ERR_NONE);
}

static enum err judge(const struct contradiction *contradiction)
{
    return contradiction_convicts(crypto, contradiction, &card, 1);
}

static void every_pair_of_sizes_convicts(void **state)
{
    (void)state;
    for (uint64_t first = 1; first <= LEAF_COUNT; first++) {
        for (uint64_t second = first; second <= LEAF_COUNT; second++) {
            struct contradiction made;
            struct contradiction read;
            char text[CONTRADICTION_SIZE_MAX];
            char again[CONTRADICTION_SIZE_MAX];
            make(first, second, &made);
            assert_int_equal(judge(&made), ERR_NONE);
            struct slice bytes = contradiction_print(&made, text);
            assert_int_equal(contradiction_parse(bytes, &read), ERR_NONE);
            assert_int_equal(judge(&read), ERR_NONE);
            assert_true(slice_equal(contradiction_print(&read, again), bytes));
        }
    }
}

static void no_byte_can_be_changed(void **state)
{
    struct contradiction made;
    struct contradiction read;
    char text[CONTRADICTION_SIZE_MAX];
    (void)state;
    make(3, 7, &made);
    struct slice bytes = contradiction_print(&made, text);
    for (size_t i = 0; i < bytes.size; i++) {
        text[i] ^= 1;
        if (contradiction_parse(bytes, &read) == ERR_NONE)
            assert_int_not_equal(judge(&read), ERR_NONE);
        text[i] ^= 1;
        assert_int_equal(
            contradiction_parse(slice_of(text, i), &read), ERR_MALFORMED);
    }
    assert_int_equal(contradiction_parse(bytes, &read), ERR_NONE);
}

static void two_notes_of_one_tree_prove_nothing(void **state)
{
    struct contradiction made;
    (void)state;
    make(3, 7, &made);
    sign(3, 0, &made.first);
    assert_int_equal(judge(&made), ERR_INVALID);
    make(5, 5, &made);
    made.first = made.second;
    assert_int_equal(judge(&made), ERR_INVALID);
    make(3, 7, &made);
    made.first.origin.generation++;
    assert_int_equal(note_sign(crypto, &made.first), ERR_NONE);
    assert_int_equal(judge(&made), ERR_INVALID);
    make(3, 7, &made);
    made.path.count--;
    assert_int_equal(judge(&made), ERR_INVALID);
}

static void both_notes_must_be_the_authors(void **state)
{
    struct contradiction made;
    (void)state;
    make(3, 7, &made);
    struct card other = card;
    other.agency.text[0] = card.agency.text[0] == 'a' ? 'b' : 'a';
    assert_int_equal(
        contradiction_convicts(crypto, &made, &other, 1), ERR_ADDRESS);
    assert_int_equal(
        contradiction_convicts(crypto, &made, NULL, 0), ERR_ADDRESS);
    made.second.signature[7] ^= 1;
    assert_int_equal(judge(&made), ERR_SIGNATURE);
    make(3, 7, &made);
    made.first.signature[7] ^= 1;
    assert_int_equal(judge(&made), ERR_SIGNATURE);
}

static void hashes_have_one_size(void **state)
{
    struct contradiction made;
    struct contradiction read;
    char text[CONTRADICTION_SIZE_MAX];
    char shorter[CONTRADICTION_SIZE_MAX];
    (void)state;
    make(3, 7, &made);
    struct slice bytes = contradiction_print(&made, text);
    const char *line = memchr(text, '\n', bytes.size);
    size_t at = (size_t)(line - text) + 1;
    /* 4 characters less are 3 bytes less */
    memcpy(shorter, text, at);
    memcpy(shorter + at, text + at + 4, bytes.size - at - 4);
    assert_int_equal(
        contradiction_parse(slice_of(shorter, bytes.size - 4), &read),
        ERR_MALFORMED);
}

static void one_root_contradicts_nothing(void **state)
{
    const struct merkle_source source = { .leaf = leaf_of };
    struct contradiction made = { .root = { { 0 } } };
    (void)state;
    sign(3, 0, &made.first);
    sign(7, 0, &made.second);
    merkle_root_of(crypto, leaves, 3, &made.root);
    assert_int_equal(
        merkle_prove_consistency(crypto, &source, 3, 7, &made.path), ERR_NONE);
    assert_false(contradiction_holds(crypto, &made));
}

static void the_card_of_somebody_else_convicts_nobody(void **state)
{
    struct contradiction made;
    struct card cards[2] = { card, card };
    (void)state;
    make(3, 7, &made);
    cards[0].agency = made.first.origin.recipient;
    assert_int_equal(
        contradiction_convicts(crypto, &made, cards, 1), ERR_ADDRESS);
    assert_int_equal(contradiction_convicts(crypto, &made, cards, 2), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_sizes_convicts),
        cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(two_notes_of_one_tree_prove_nothing),
        cmocka_unit_test(both_notes_must_be_the_authors),
        cmocka_unit_test(hashes_have_one_size),
        cmocka_unit_test(one_root_contradicts_nothing),
        cmocka_unit_test(the_card_of_somebody_else_convicts_nobody),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
