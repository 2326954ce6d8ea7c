#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "io/yaml_config.h"
#include "referctl/command.h"
#include "referctl/init.h"

#define ARGUMENT_COUNT_MAX 12

struct row {
    const char *argv[ARGUMENT_COUNT_MAX];
    const char *problem; /* a part of it; NULL: all is well */
};

/* clang-format off */
static const struct row rows[] = {
    { { "--name", "Open Door" }, NULL },
    { { "--name", "Дверь", "--listen", "tls+tcp://127.0.0.1:7000" }, NULL },
    { { "--name", "x", "--listen", "tls+tcp://[::1]:7000" }, NULL },
    { { "--name", "x", "--listen", "tls+tcp://0.0.0.0:7000",
        "--endpoint", "tls+tcp://gw.example:7000" }, NULL },
    { { "--name", "x", "--contact", "lead;M. K.;+000 555;Mo-Fr" }, NULL },
    { { "--name", "x", "--user", "intake:submit,act,read" }, NULL },
    { { NULL }, "needs --name" },
    { { "--name", "" }, "--name takes" },
    { { "--name", "two\nlines" }, "--name takes" },
    { { "--name", "\xff" }, "--name takes" },
    { { "--name", "x", "--listen", "tcp://127.0.0.1:7000" }, "does not begin" },
    { { "--name", "x", "--listen", "tls+tcp://127.0.0.1" }, "does not end in" },
    { { "--name", "x", "--listen", "tls+tcp://:7000" }, "does not end in" },
    { { "--name", "x", "--listen", "tls+tcp://h:0" }, "does not end in" },
    { { "--name", "x", "--listen", "tls+tcp://h:65536" }, "does not end in" },
    { { "--name", "x", "--listen", "tls+tcp://a b:1" }, "no name or address" },
    { { "--name", "x", "--listen", "tls+tcp://0.0.0.0:7000" }, "--endpoint" },
    { { "--name", "x", "--endpoint", "tls+tcp://[::]:7000" }, "nobody can dial" },
    { { "--name", "x", "--contact", "lead;M. K.;+000 555" }, "role;name" },
    { { "--name", "x", "--contact", "lead;;+000;Mo" }, "empty" },
    { { "--name", "x", "--user", "intake" }, "NAME:RIGHTS" },
    { { "--name", "x", "--user", ":read" }, "NAME:RIGHTS" },
    { { "--name", "x", "--user", "intake:" }, "no right" },
    { { "--name", "x", "--user", "intake:read,fly" }, "\"fly\"" },
    { { "--name", "x", "--user", "in take:read" }, "NAME:RIGHTS" },
};
/* clang-format on */

static struct arguments parse(struct pool *pool, const struct row *row)
{
    struct arguments arguments;
    const char *problem = NULL;
    char *argv[ARGUMENT_COUNT_MAX + 1] = { pool_text(pool, "init") };
    int argc = 1;
    while (argc <= ARGUMENT_COUNT_MAX && row->argv[argc - 1] != NULL) {
        argv[argc] = pool_text(pool, row->argv[argc - 1]);
        argc++;
    }
    assert_true(arguments_parse(pool, argc, argv,
        command_find("init", "")->options, false, &arguments, &problem));
    return arguments;
}

static void options_are_checked_before_a_key_is_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pool pool = { 0 };
        struct card card = { .name = SLICE_NONE };
        struct arguments arguments = parse(&pool, &rows[i]);
        const char *problem = init_read_options(&pool, &arguments, &card);
        if (rows[i].problem == NULL)
            assert_null(problem);
        else if (problem == NULL || strstr(problem, rows[i].problem) == NULL)
            fail_msg("row %zu: %s", i, problem == NULL ? "none" : problem);
        pool_release(&pool);
    }
}

static void the_card_says_where_others_dial(void **state)
{
    struct pool pool = { 0 };
    struct card card = { .name = SLICE_NONE };
    struct arguments arguments = parse(&pool, &rows[1]);
    (void)state;
    assert_null(init_read_options(&pool, &arguments, &card));
    assert_int_equal(card.endpoint_count, 1);
    assert_true(slice_is(card.endpoints[0], "tls+tcp://127.0.0.1:7000"));
    card = (struct card){ .name = SLICE_NONE };
    arguments = parse(&pool, &rows[3]);
    assert_null(init_read_options(&pool, &arguments, &card));
    assert_int_equal(card.endpoint_count, 1);
    assert_true(slice_is(card.endpoints[0], "tls+tcp://gw.example:7000"));
    pool_release(&pool);
}

/* What init writes, referd must be able to read. */
static void the_first_configuration_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pool pool = { 0 };
        struct arena arena;
        struct config config;
        struct yaml_problem problem = { .file = "" };
        struct arguments arguments = parse(&pool, &rows[i]);
        if (rows[i].problem != NULL) {
            pool_release(&pool);
            continue;
        }
        const char *text =
            init_config_text(&pool, &arguments, "/srv/open door", NULL, "root");
        assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
        if (yaml_config_parse("referd.yaml", slice_of_text(text), &arena,
                &config, &problem) != ERR_NONE)
            fail_msg("row %zu: %s: %s", i, problem.path, problem.reason);
        assert_string_equal(config.data, "/srv/open door");
        assert_string_equal(config.socket, "/srv/open door/referd.sock");
        assert_string_equal(config.clients[0].user, "root");
        assert_int_equal(config.clients[0].rights, 31);
        arena_release(&arena);
        pool_release(&pool);
    }
}

static void whoever_runs_init_gets_every_right(void **state)
{
    static const struct row both = {
        { "--name", "x", "--user", "anna:read", "--user", "bert:act" }, NULL
    };
    struct pool pool = { 0 };
    struct arguments arguments = parse(&pool, &both);
    (void)state;
    const char *text =
        init_config_text(&pool, &arguments, "/srv/a \"b\"", NULL, "root");
    assert_non_null(strstr(text, "data: \"/srv/a \\\"b\\\"\"\n"));
    assert_non_null(strstr(text, "listen: []\n"));
    assert_non_null(strstr(text,
        "clients:\n"
        "  - {user: root, rights: [submit, act, read, admin, erase]}\n"
        "  - {user: anna, rights: [read]}\n"
        "  - {user: bert, rights: [act]}\n"));
    text = init_config_text(&pool, &arguments, "/srv/x", NULL, "anna");
    assert_null(strstr(text, "admin]"));
    text = init_config_text(
        &pool, &arguments, "/srv/x", "/run/referd/referd.sock", "anna");
    assert_non_null(strstr(text, "\nsocket: \"/run/referd/referd.sock\"\n"));
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked_before_a_key_is_made),
        cmocka_unit_test(the_card_says_where_others_dial),
        cmocka_unit_test(the_first_configuration_is_sound),
        cmocka_unit_test(whoever_runs_init_gets_every_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
