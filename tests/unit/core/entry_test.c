#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/entry.h"
#include "core/limits.h"
#include "support/codec_check.h"
#include "support/crypto_fake.h"
#include "support/hex.h"

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    return arena_init(&arena, 4u << 20) == ERR_NONE ? 0 : -1;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- Names and digests --------------------------------------------------- */

static void kinds_have_names_and_others_have_none(void **state)
{
    (void)state;
    assert_string_equal(entry_kind_name(ENTRY_CARD), "card");
    assert_string_equal(entry_kind_name(ENTRY_GENERATION), "generation");
    for (int kind = 1; kind < ENTRY_KIND_COUNT; kind++) {
        assert_string_not_equal(entry_kind_name((enum entry_kind)kind), "?");
        for (int other = 1; other < kind; other++)
            assert_string_not_equal(entry_kind_name((enum entry_kind)kind),
                entry_kind_name((enum entry_kind)other));
    }
    assert_string_equal(entry_kind_name((enum entry_kind)0), "?");
    assert_string_equal(entry_kind_name(ENTRY_KIND_COUNT), "?");
}

static void the_digest_is_over_a_prefix_the_salt_and_the_content(void **state)
{
    struct crypto *crypto = crypto_fake_new(1, 0, 0);
    const struct slice whole = SLICE_LITERAL("refer.v1 contentsaltwords");
    uint8_t digest[HASH_SIZE];
    uint8_t want[HASH_SIZE];
    (void)state;
    crypto_hash(crypto, &whole, 1, want);
    entry_digest(crypto, SLICE_LITERAL("salt"), SLICE_LITERAL("words"), digest);
    assert_memory_equal(digest, want, HASH_SIZE);
    entry_digest(crypto, SLICE_LITERAL("tlas"), SLICE_LITERAL("words"), digest);
    assert_memory_not_equal(digest, want, HASH_SIZE);
    crypto_fake_free(crypto);
}

/* ---- Headers ------------------------------------------------------------- */

static enum err header_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct entry_header header;
    enum err err = entry_header_read(bytes, memory, &header);
    if (err == ERR_NONE)
        *again = entry_header_write(&header, memory);
    return err;
}

static void a_header_reads_as_it_was_written(void **state)
{
    struct entry_header header = { ENTRY_REFERRAL_EVENT, { 1780000000000 },
        { 1, 2, 3 } };
    struct entry_header again;
    (void)state;
    struct slice bytes = entry_header_write(&header, &arena);
    assert_true(bytes.size <= HEADER_SIZE_MAX);
    assert_int_equal(entry_header_read(bytes, &arena, &again), ERR_NONE);
    assert_int_equal(again.kind, ENTRY_REFERRAL_EVENT);
    assert_int_equal(again.at.unix_ms, 1780000000000);
    assert_memory_equal(again.digest, header.digest, HASH_SIZE);
    assert_strict(bytes, header_again);
}

static void the_longest_header_fits_its_limit(void **state)
{
    struct entry_header header = { ENTRY_GENERATION, { INT64_MAX }, { 0xff } };
    (void)state;
    struct slice bytes = entry_header_write(&header, &arena);
    assert_true(bytes.size <= HEADER_SIZE_MAX);
    assert_int_equal(entry_header_read(bytes, &arena, &header), ERR_NONE);
}

/* clang-format off */
static const struct {
    const char *it;
    const char *hex; /* before 32 bytes of digest where `digest` */
    bool digest;
    enum err err;
} headers[] = {
    { "nothing",           "", false, ERR_MALFORMED },
    { "no kind",           "10051a20", true, ERR_MALFORMED },
    { "kind 0 said",       "080010051a20", true, ERR_MALFORMED },
    { "kind 15",           "080f10051a20", true, ERR_MALFORMED },
    { "kind 1",            "080110051a20", true, ERR_NONE },
    { "no time",           "08011a20", true, ERR_NONE },
    { "time 2^63",         "0801108080808080808080" "80011a20", true, ERR_MALFORMED },
    { "overlong kind",     "08810010051a20", true, ERR_MALFORMED },
    { "kind twice",        "0801080110051a20", true, ERR_MALFORMED },
    { "other order",       "100508011a20", true, ERR_MALFORMED },
    { "no digest",         "08011005", false, ERR_MALFORMED },
    { "digest of 3",       "080110051a03010203", false, ERR_MALFORMED },
    { "too long",          "0801100522200000000000000000000000000000000000"
                           "0000000000000000000000000000001a20", true, ERR_LIMIT },
};
/* clang-format on */

static void only_one_spelling_of_a_header_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        uint8_t bytes[160] = { 0 };
        struct entry_header header;
        struct slice start = hex(headers[i].hex, bytes, sizeof bytes);
        size_t size = start.size + (headers[i].digest ? HASH_SIZE : 0);
        enum err err =
            entry_header_read(slice_of(bytes, size), &arena, &header);
        if (err != headers[i].err)
            fail_msg("%s: %s", headers[i].it, err_name(err));
    }
}

/* ---- Answers ------------------------------------------------------------- */

/* A slice in a static table. */
#define TEXT(text)                                                             \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

static const struct answer_item two_items[] = {
    { .index = 3,
        .count = 5,
        .verdict = ANSWER_APPLIED,
        .clause = TEXT(""),
        .remedy = TEXT(""),
        .state = 3 },
    { .index = 8,
        .count = 1,
        .verdict = ANSWER_REFUSED,
        .problem = PROBLEM_CONSENT_SCOPE,
        .clause = TEXT("consent.grants"),
        .remedy = TEXT("ask the person"),
        .state = 22 },
};

static enum err answer_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct answer answer;
    enum err err = answer_read(bytes, memory, &answer);
    if (err == ERR_NONE)
        *again = answer_write(&answer, memory);
    return err;
}

static void an_answer_reads_as_it_was_written(void **state)
{
    const struct answer answer = { UINT64_C(0xfedcba9876543210), two_items, 2 };
    struct answer again;
    (void)state;
    struct slice bytes = answer_write(&answer, &arena);
    assert_int_equal(answer_read(bytes, &arena, &again), ERR_NONE);
    assert_int_equal(again.generation, answer.generation);
    assert_int_equal(again.item_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(again.items[i].index, two_items[i].index);
        assert_int_equal(again.items[i].count, two_items[i].count);
        assert_int_equal(again.items[i].verdict, two_items[i].verdict);
        assert_int_equal(again.items[i].problem, two_items[i].problem);
        assert_true(slice_equal(again.items[i].clause, two_items[i].clause));
        assert_true(slice_equal(again.items[i].remedy, two_items[i].remedy));
        assert_int_equal(again.items[i].state, two_items[i].state);
    }
    assert_strict(bytes, answer_again);
}

/* clang-format off */
#define TEXT_OF_191                                                            \
    "0123456789012345678901234567890123456789012345678901234567890123456789"  \
    "0123456789012345678901234567890123456789012345678901234567890123456789"  \
    "012345678901234567890123456789012345678901234567890"
_Static_assert(sizeof TEXT_OF_191 == VERDICT_TEXT_SIZE, "the longest");

static const struct {
    const char *it;
    struct answer_item item;
    enum err err;
} items[] = {
    { "applied",             { 0, 1, ANSWER_APPLIED, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_NONE },
    { "absent",              { 0, 1, ANSWER_ABSENT, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_NONE },
    { "no entry",            { 0, 0, ANSWER_APPLIED, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "no verdict",          { 0, 1, 0, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "verdict 4",           { 0, 1, 4, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "refused, no problem", { 0, 1, ANSWER_REFUSED, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "applied, a problem",  { 0, 1, ANSWER_APPLIED, 5, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "absent, a problem",   { 0, 1, ANSWER_ABSENT, 5, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "an unknown problem",  { 0, 1, ANSWER_REFUSED, PROBLEM_COUNT, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "the last index",      { UINT64_MAX - 1, 1, ANSWER_APPLIED, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_NONE },
    { "beyond the last",     { UINT64_MAX, 1, ANSWER_APPLIED, 0, { 0, 0 }, { 0, 0 }, 0 }, ERR_MALFORMED },
    { "the longest clause",  { 0, 1, ANSWER_REFUSED, 5, TEXT(TEXT_OF_191), { 0, 0 }, 0 }, ERR_NONE },
    { "a longer clause",     { 0, 1, ANSWER_REFUSED, 5, TEXT(TEXT_OF_191 "x"), { 0, 0 }, 0 }, ERR_MALFORMED },
    { "the longest remedy",  { 0, 1, ANSWER_REFUSED, 5, { 0, 0 }, TEXT(TEXT_OF_191), 0 }, ERR_NONE },
    { "a longer remedy",     { 0, 1, ANSWER_REFUSED, 5, { 0, 0 }, TEXT(TEXT_OF_191 "x"), 0 }, ERR_MALFORMED },
    { "a bell in a clause",  { 0, 1, ANSWER_REFUSED, 5, TEXT("a\ab"), { 0, 0 }, 0 }, ERR_MALFORMED },
    { "no UTF-8",            { 0, 1, ANSWER_REFUSED, 5, { 0, 0 }, TEXT("\xff"), 0 }, ERR_MALFORMED },
};
/* clang-format on */

static void an_item_says_no_more_than_it_may(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        struct answer answer = { 1, &items[i].item, 1 };
        struct slice bytes = answer_write(&answer, &arena);
        enum err err = answer_read(bytes, &arena, &answer);
        if (err != items[i].err)
            fail_msg("%s: %s", items[i].it, err_name(err));
    }
}

static void an_answer_to_nothing_is_none(void **state)
{
    struct answer answer = { .generation = 1 };
    (void)state;
    struct slice bytes = answer_write(&answer, &arena);
    assert_int_equal(answer_read(bytes, &arena, &answer), ERR_MALFORMED);
}

static void an_answer_is_about_the_main_lane(void **state)
{
    uint8_t bytes[64];
    struct answer answer = { 1, two_items, 1 };
    (void)state;
    struct slice main = answer_write(&answer, &arena);
    memcpy(bytes, main.bytes, main.size);
    assert_int_equal(bytes[main.size - 1], 1); /* the lane comes last */
    bytes[main.size - 1] = 2;
    assert_int_equal(answer_read(slice_of(bytes, main.size), &arena, &answer),
        ERR_MALFORMED);
}

int main(void)
{
#define WITH_ARENA(test)                                                       \
    cmocka_unit_test_setup_teardown(test, arena_open, arena_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names_and_others_have_none),
        cmocka_unit_test(the_digest_is_over_a_prefix_the_salt_and_the_content),
        WITH_ARENA(a_header_reads_as_it_was_written),
        WITH_ARENA(the_longest_header_fits_its_limit),
        WITH_ARENA(only_one_spelling_of_a_header_is_read),
        WITH_ARENA(an_answer_reads_as_it_was_written),
        WITH_ARENA(an_item_says_no_more_than_it_may),
        WITH_ARENA(an_answer_to_nothing_is_none),
        WITH_ARENA(an_answer_is_about_the_main_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
