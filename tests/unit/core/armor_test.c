#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/armor.h"

#define BEGIN "-----BEGIN REFER CARD-----\n"
#define END "-----END REFER CARD-----\n"
#define FULL "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"

static void open_arena(struct arena *arena)
{
    assert_int_equal(arena_init(arena, 1 << 20), ERR_NONE);
}

static void a_card_has_lines_of_64(void **state)
{
    struct arena arena;
    uint8_t bytes[50];
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    struct slice text = armor_write(ARMOR_CARD, SLICE_ARRAY(bytes), &arena);
    assert_true(slice_is(text, BEGIN FULL "\nMDE=\n" END));
    text = armor_write(ARMOR_CARD, slice_of(bytes, 48), &arena);
    assert_true(slice_is(text, BEGIN FULL "\n" END));
    arena_release(&arena);
}

static void what_is_written_reads_back(void **state)
{
    struct arena arena;
    uint8_t bytes[400];
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t size = 1; size < sizeof bytes; size++) {
        struct slice back;
        struct slice text =
            armor_write(ARMOR_CARD, slice_of(bytes, size), &arena);
        assert_int_equal(armor_read(ARMOR_CARD, text, &arena, &back), ERR_NONE);
        assert_true(slice_equal(back, slice_of(bytes, size)));
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* clang-format off */
static const struct {
    const char *text;
    const char *what;
} taken[] = {
    { BEGIN "Zm9v\n" END,                          "as written" },
    { BEGIN "Zm9v\n-----END REFER CARD-----",      "no line feed at the end" },
    { "-----BEGIN REFER CARD-----\r\nZm9v\r\n"
      "-----END REFER CARD-----\r\n",             "CR LF" },
    { "\n \t\r\n" BEGIN "Zm9v\n" END "\n  \n\t",  "blank lines around" },
    { BEGIN "Zm9v  \t\n" END,                     "blanks behind a line" },
}, refused[] = {
    { "",                                          "nothing" },
    { "Zm9v\n",                                    "no boundary" },
    { BEGIN "Zm9v\n",                              "no end" },
    { BEGIN,                                       "nothing behind BEGIN" },
    { BEGIN END,                                   "an empty block" },
    { BEGIN "\nZm9v\n" END,                        "a blank line inside" },
    { BEGIN "Zm9v\n\n" END,                        "a blank line at the end" },
    { BEGIN " Zm9v\n" END,                         "a blank before a line" },
    { BEGIN "Zm9v\nZm9v\n" END,                    "a short line that goes on" },
    { BEGIN FULL "Zm9v\n" END,                     "a long line" },
    { BEGIN "Zm9\n" END,                           "no padding" },
    { BEGIN "Zm9vYh==\n" END,                      "bits behind the last byte" },
    { BEGIN "Zm*v\n" END,                          "a foreign character" },
    { "hello\n" BEGIN "Zm9v\n" END,                "text before" },
    { BEGIN "Zm9v\n" END "bye",                    "text behind" },
    { BEGIN "Zm9v\n" END BEGIN "Zm9v\n" END,       "two blocks" },
    { "> " BEGIN "> Zm9v\n> " END,                 "quoted in a reply" },
    { "-----BEGIN REFER KEY-----\nZm9v\n"
      "-----END REFER KEY-----\n",                 "another label" },
    { BEGIN "Zm9v\n-----END REFER KEY-----\n",     "another label at the end" },
    { "----BEGIN REFER CARD-----\nZm9v\n" END,     "four hyphens" },
};
/* clang-format on */

static void mail_may_do_what_mail_does(void **state)
{
    struct arena arena;
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct slice back;
        assert_int_equal(
            armor_read(ARMOR_CARD, slice_of_text(taken[i].text), &arena, &back),
            ERR_NONE);
        assert_true(slice_is(back, "foo"));
    }
    arena_release(&arena);
}

static void all_else_is_refused(void **state)
{
    struct arena arena;
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct slice back;
        assert_int_equal(armor_read(ARMOR_CARD, slice_of_text(refused[i].text),
                             &arena, &back),
            ERR_MALFORMED);
        assert_int_equal(back.size, 0);
    }
    arena_release(&arena);
}

static void a_full_arena_is_an_error(void **state)
{
    struct arena arena;
    uint8_t bytes[300] = { 0 };
    struct slice back;
    (void)state;
    assert_int_equal(arena_init(&arena, 256), ERR_NONE);
    assert_null(armor_write(ARMOR_CARD, SLICE_ARRAY(bytes), &arena).bytes);
    arena_reset(&arena);
    assert_null(
        armor_write(ARMOR_CARD, slice_of(bytes, SIZE_MAX / 2), &arena).bytes);
    arena_release(&arena);
    assert_int_equal(arena_init(&arena, 8), ERR_NONE);
    assert_int_equal(
        armor_read(ARMOR_CARD, slice_of_text(taken[0].text), &arena, &back),
        ERR_LIMIT);
    arena_release(&arena);
}

static void too_little_memory_is_a_limit(void **state)
{
    struct arena whole;
    const struct slice bytes = SLICE_LITERAL("what is written reads back");
    struct slice text, read;
    (void)state;
    assert_int_equal(arena_init(&whole, 4096), ERR_NONE);
    text = armor_write(ARMOR_CARD, bytes, &whole);
    for (size_t size = 16; size < 512; size += 16) {
        struct arena little;
        assert_int_equal(arena_init(&little, size), ERR_NONE);
        struct slice written = armor_write(ARMOR_CARD, bytes, &little);
        assert_true(written.bytes == NULL || slice_equal(written, text));
        arena_reset(&little);
        enum err err = armor_read(ARMOR_CARD, text, &little, &read);
        assert_true(err == ERR_LIMIT || slice_equal(read, bytes));
        arena_release(&little);
    }
    arena_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_has_lines_of_64),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(mail_may_do_what_mail_does),
        cmocka_unit_test(all_else_is_refused),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(too_little_memory_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
