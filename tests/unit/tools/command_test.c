#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "referctl/command.h"

static void every_row_is_whole(void **state)
{
    const struct command *command;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        assert_true(command->noun[0] != '\0');
        assert_true(command->summary[0] != '\0');
        assert_true(command->summary[strlen(command->summary) - 1] != '.');
        assert_true(command->help[0] != '\0');
        assert_non_null(strstr(command->example, "referctl "));
        assert_non_null(command->run);
        assert_true(command->argument_count_min <= command->argument_count_max);
        assert_ptr_equal(command_find(command->noun, command->verb), command);
        /* "card" alone must not hide "card show" */
        if (command->verb[0] != '\0')
            assert_null(command_find(command->noun, ""));
    }
    assert_true(command_has_noun("card"));
    assert_false(command_has_noun("show"));
}

/* Letters and names that one command line would read in two ways. */
static void no_two_options_of_a_command_are_alike(void **state)
{
    const struct command *command;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        const struct option_row *rows[32];
        size_t count = 0;
        for (const struct option_row *row = global_options; row->name != NULL;
             row++)
            rows[count++] = row;
        for (const struct option_row *row = command->options;
             row != NULL && row->name != NULL; row++)
            rows[count++] = row;
        assert_true(count <= 32);
        for (size_t a = 0; a < count; a++) {
            assert_true(rows[a]->help[0] != '\0');
            for (size_t b = a + 1; b < count; b++) {
                assert_string_not_equal(rows[a]->name, rows[b]->name);
                assert_true(
                    rows[a]->letter == 0 || rows[a]->letter != rows[b]->letter);
            }
        }
    }
}

static void a_slip_is_answered_with_the_nearest_command(void **state)
{
    static const struct {
        const char *noun;
        const char *verb;
        const char *nearest;
    } rows[] = {
        { "crad", "show", "card show" },
        { "card", "shwo", "card show" },
        { "peers", "list", "peer list" },
        { "referal", "send", "referral send" },
        { "helth", NULL, "health" },
        { "stauts", NULL, "status" },
        { "xyzzyxyzzy", "list", NULL },
    };
    struct pool pool = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *nearest =
            command_nearest(&pool, rows[i].noun, rows[i].verb);
        if (rows[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, rows[i].nearest);
    }
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(no_two_options_of_a_command_are_alike),
        cmocka_unit_test(a_slip_is_answered_with_the_nearest_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
