#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "referctl/arguments.h"
#include "referctl/words.h"

static const struct option_row options[] = {
    { "party", 'p', "NAME=AGENCY", "" },
    { "yes", 'y', NULL, "" },
    { "count", 0, "COUNT", "" },
    { NULL, 0, NULL, NULL },
};

struct line {
    struct pool pool;
    struct arguments arguments;
    const char *problem;
    bool is_parsed;
};

/* Splits a text at its blanks and parses it. */
static struct line parse(const char *text, bool stop_early)
{
    struct line line = { .problem = NULL };
    char *argv[32] = { NULL };
    int argc = 0;
    char *word;
    while ((word = words_next(&line.pool, &text)) != NULL)
        argv[argc++] = word;
    line.is_parsed =
        arguments_parse(&line.pool, argc, argv, stop_early ? NULL : options,
            stop_early, &line.arguments, &line.problem);
    return line;
}

static void options_may_stand_anywhere(void **state)
{
    struct line line =
        parse("offer a --party x=1 b -p y=2 --party=z=3 -y --count 7 c", false);
    (void)state;
    assert_true(line.is_parsed);
    assert_int_equal(line.arguments.count, 3);
    assert_string_equal(line.arguments.values[0], "a");
    assert_string_equal(line.arguments.values[2], "c");
    assert_string_equal(
        arguments_option_at(&line.arguments, "party", 0), "x=1");
    assert_string_equal(
        arguments_option_at(&line.arguments, "party", 1), "y=2");
    assert_string_equal(
        arguments_option_at(&line.arguments, "party", 2), "z=3");
    assert_null(arguments_option_at(&line.arguments, "party", 3));
    assert_string_equal(arguments_option(&line.arguments, "party"), "z=3");
    assert_string_equal(arguments_option(&line.arguments, "count"), "7");
    assert_true(arguments_flag(&line.arguments, "yes"));
    assert_false(arguments_flag(&line.arguments, "json"));
    pool_release(&line.pool);
}

static void what_follows_two_dashes_is_no_option(void **state)
{
    struct line line = parse("act -- -y", false);
    (void)state;
    assert_true(line.is_parsed);
    assert_int_equal(line.arguments.count, 1);
    assert_string_equal(line.arguments.values[0], "-y");
    pool_release(&line.pool);
}

static void global_options_stop_at_the_noun(void **state)
{
    struct line line = parse("referctl --json -s /x card show --party", true);
    (void)state;
    assert_true(line.is_parsed);
    assert_int_equal(line.arguments.count, 3);
    assert_string_equal(line.arguments.values[0], "card");
    assert_string_equal(line.arguments.values[2], "--party");
    assert_string_equal(arguments_option(&line.arguments, "socket"), "/x");
    pool_release(&line.pool);
}

static void problems_name_the_option(void **state)
{
    static const struct {
        const char *text;
        const char *problem;
    } rows[] = {
        { "offer --nonsense", "the option --nonsense is not known here" },
        { "offer -q", "the option -q is not known here" },
        { "offer --party", "the option --party needs a value" },
        { "offer -p", "the option -p needs a value" },
        { "offer --yes=no", "the option --yes=no takes no value" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line line = parse(rows[i].text, false);
        assert_false(line.is_parsed);
        assert_string_equal(line.problem, rows[i].problem);
        pool_release(&line.pool);
    }
}

static void pairs_split_at_the_first_equals_sign(void **state)
{
    struct pool pool = { 0 };
    const char *name = NULL;
    const char *value = NULL;
    (void)state;
    assert_true(argument_split(&pool, "offer=a=b", &name, &value));
    assert_string_equal(name, "offer");
    assert_string_equal(value, "a=b");
    assert_true(argument_split(&pool, "offer=", &name, &value));
    assert_string_equal(value, "");
    assert_false(argument_split(&pool, "offer", &name, &value));
    assert_false(argument_split(&pool, "=b", &name, &value));
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(what_follows_two_dashes_is_no_option),
        cmocka_unit_test(global_options_stop_at_the_noun),
        cmocka_unit_test(problems_name_the_option),
        cmocka_unit_test(pairs_split_at_the_first_equals_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
