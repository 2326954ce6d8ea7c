#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "core/local.h"
#include "io/yaml_config.h"
#include "io/yaml_config_field.h"

struct printed {
    struct arena arena;
    struct config config;
    char text[CONFIG_TEXT_SIZE_MAX];
    size_t size;
};

static void print(const char *file, const char *folder, struct slice text,
    struct printed *printed)
{
    struct yaml_problem problem;
    char shown[YAML_PROBLEM_TEXT_SIZE];
    assert_int_equal(arena_init(&printed->arena, 1 << 20), ERR_NONE);
    enum err err = yaml_config_parse(
        file, text, &printed->arena, &printed->config, &problem);
    if (err != ERR_NONE) {
        yaml_problem_format(&problem, shown);
        print_error("%s\n", shown);
    }
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(yaml_config_print(&printed->config, folder, printed->text,
                         sizeof printed->text, &printed->size),
        ERR_NONE);
    assert_int_equal(printed->size, strlen(printed->text));
}

static void is_the_same_again(const char *file, struct slice text)
{
    static struct printed once;
    static struct printed again;
    print(file, "/here", text, &once);
    print("/elsewhere/x.yaml", "/there", slice_of_text(once.text), &again);
    assert_string_equal(once.text, again.text);
    const struct yaml_key *key;
    for (size_t i = 0; (key = yaml_config_key_at(i)) != NULL; i++) {
        const struct config_field *field = yaml_config_field_of(key->path);
        /* relative paths became whole ones */
        if (field != NULL && field->kind != CONFIG_KIND_PATH)
            assert_false(yaml_config_differs(key, &once.config, &again.config));
    }
    arena_release(&once.arena);
    arena_release(&again.arena);
}

/* clang-format off */
static const char *const documents[] = {
    "data: d",
    "data: /d\nmetrics: \"\"\n",
    "data: .\nkeys: ..\nsocket: a b\nmetrics: \"x: y # z\"\n",
    "data: \"\\x85\\u2028\\uFEFF\\U0010FFFF\\t\\n\\\"\\\\\\x7f\\N\"\n",
    "data: '/\xc3\x96\xe2\x82\xac\xf0\x9f\x98\x80''s'\n",
    "data: \"~\"\nclients: [{user: null_, rights: [admin]},"
    " {user: \"no\", rights: [read, submit]}, {user: y, rights: [act]},"
    " {user: _., rights: [act]}, {user: 0, rights: [read]}]\n",
    /* every key, with the least, then with the most that it takes */
    "data: a\nkeys: b\nsocket: c\nmetrics: e\nlisten: []\nmap_size_mib: 16\n"
    "clients: []\nlog: {level: error}\nlimits: {connections: 1,"
    " dialed: 1, half_open: 1, half_open_per_address: 1, connections_per_peer: 1,"
    " handshake_ms: 100, idle_ms: 1000, reply_ms: 1000}\n"
    "retry: {delay_ms_min: 100, delay_ms_max: 100}\n"
    "rotation: {key_days: 7, overlap_days: 2, card_days: 7}\n",
    "data: a\nkeys: b\nsocket: c\nmetrics: e\n"
    "listen: [\"tls+tcp://0.0.0.0:1\", \"tls+tcp://[::1]:65535\"]\n"
    "map_size_mib: 67108864\n"
    "clients: [{user: 4294967294, rights: [submit, act, read, admin]}]\n"
    "log: {level: debug}\nlimits: {connections: 65536,"
    " dialed: 65536, half_open: 65536, half_open_per_address: 65536,"
    " connections_per_peer: 64, handshake_ms: 60000, idle_ms: 3600000,"
    " reply_ms: 3600000}\n"
    "retry: {delay_ms_min: 3600000, delay_ms_max: 86400000}\n"
    "rotation: {key_days: 3650, overlap_days: 180, card_days: 3650}\n",
};
/* clang-format on */

static void what_is_printed_loads_as_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        is_the_same_again("x.yaml", slice_of_text(documents[i]));
        is_the_same_again("/folder/x.yaml", slice_of_text(documents[i]));
    }
}

static void the_example_too(void **state)
{
    static char text[16384];
    FILE *file = fopen(SOURCE_DIR "/conf/examples/referd.yaml", "rb");
    (void)state;
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    assert_true(size > 0 && size < sizeof text);
    assert_int_equal(fclose(file), 0);
    is_the_same_again("/etc/referd/referd.yaml", slice_of(text, size));
}

/* As long as everything may be, of characters that take the most room. */
static void the_largest_file_fits(void **state)
{
    static char text[1 << 20];
    size_t size = 0;
    (void)state;
    for (int key = 0; key < 3; key++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s: \"/",
            key == 0   ? "data"
            : key == 1 ? "keys"
                       : "metrics");
        for (int i = 0; i < 1018; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "\\x7f");
        size += (size_t)snprintf(text + size, sizeof text - size, "\"\n");
    }
    size += (size_t)snprintf(
        text + size, sizeof text - size, "socket: s\nlisten:\n");
    for (int i = 0; i < (int)CONFIG_LISTEN_COUNT_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
            "  - tls+tcp://x%059d.example:1\n", i);
    size += (size_t)snprintf(text + size, sizeof text - size, "clients:\n");
    for (int i = 0; i < (int)CONFIG_CLIENT_COUNT_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
            "  - {user: x%062d, rights: [submit, act, read, admin]}\n", i);
    is_the_same_again("x.yaml", slice_of(text, size));
}

static void a_path_too_long_to_be_read_again_is_not_printed(void **state)
{
    static const struct {
        const char *begin;
        size_t size;
        const char *end;
    } rows[] = {
        { "data: ", CONFIG_PATH_SIZE_MAX - sizeof "/keys", "\nsocket: /s\n" },
        { "data: /d\nsocket: ", CONFIG_SOCKET_PATH_SIZE - 2, "\n" },
    };
    static struct printed printed;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[CONFIG_PATH_SIZE_MAX + 64];
        size_t begin = strlen(rows[i].begin);
        memcpy(text, rows[i].begin, begin);
        memset(text + begin, 'x', rows[i].size);
        strncpy(text + begin + rows[i].size, rows[i].end, 16);
        print("x.yaml", "/", slice_of_text(text), &printed);
        assert_int_equal(yaml_config_print(&printed.config, "/folder",
                             printed.text, sizeof printed.text, &printed.size),
            ERR_LIMIT);
        arena_release(&printed.arena);
    }
}

static void every_key_is_printed_after_what_is_told_of_it(void **state)
{
    static struct printed printed;
    const struct yaml_key *key;
    (void)state;
    print("x.yaml", "/", slice_of_text("data: d"), &printed);
    for (size_t i = 0; (key = yaml_config_key_at(i)) != NULL; i++) {
        const char *name = strrchr(key->path, '.');
        const char *help = strstr(printed.text, key->help);
        char line[64];
        assert_non_null(help);
        if (strstr(key->path, "[]") != NULL)
            continue;
        (void)snprintf(line, sizeof line, "\n%s%s:", name == NULL ? "" : "  ",
            name == NULL ? key->path : name + 1);
        assert_non_null(strstr(help, line));
    }
    assert_non_null(strstr(printed.text, "\ndata: /d\n"));
    assert_non_null(strstr(printed.text, "\nkeys: /d/keys\n"));
    assert_non_null(strstr(printed.text, "\nmetrics: \"\"\n"));
    assert_non_null(strstr(printed.text, "\nclients: []\n"));
    arena_release(&printed.arena);
}

static void too_little_room_is_an_error(void **state)
{
    static struct printed printed;
    size_t size;
    (void)state;
    print("x.yaml", "/", slice_of_text("data: d"), &printed);
    assert_int_equal(yaml_config_print(&printed.config, "/", printed.text,
                         printed.size + 1, &size),
        ERR_NONE);
    for (size_t room = 1; room <= printed.size; room += 7)
        assert_int_equal(
            yaml_config_print(&printed.config, "/", printed.text, room, &size),
            ERR_LIMIT);
    arena_release(&printed.arena);
}

/* ---- Differences -------------------------------------------------------- */

static void every_key_has_a_place_and_tells_its_own_differences(void **state)
{
    static const struct {
        const char *path;
        const char *text;
    } rows[] = {
        { "data", "data: e\nkeys: /k\nsocket: /s\n" },
        { "keys", "data: d\nkeys: /l\nsocket: /s\n" },
        { "socket", "data: d\nkeys: /k\nsocket: /t\n" },
        { "metrics", "metrics: m" },
        { "listen", "listen: [\"tls+tcp://0.0.0.0:1\"]" },
        { "map_size_mib", "map_size_mib: 99" },
        { "store_check_days", "store_check_days: 9" },
        { "store_token", "store_token: \"pkcs11:token=a b\"" },
        { "clients", "clients: [{user: x, rights: [read]}]" },
        { "log.level", "log: {level: debug}" },
        { "panic", "panic: forbidden" },
        { "limits.connections", "limits: {connections: 99}" },
        { "limits.dialed", "limits: {dialed: 99}" },
        { "limits.half_open", "limits: {half_open: 99}" },
        { "limits.half_open_per_address",
            "limits: {half_open_per_address: 9}" },
        { "limits.connections_per_peer", "limits: {connections_per_peer: 9}" },
        { "limits.handshake_ms", "limits: {handshake_ms: 999}" },
        { "limits.idle_ms", "limits: {idle_ms: 9999}" },
        { "limits.reply_ms", "limits: {reply_ms: 9999}" },
        { "retry.delay_ms_min", "retry: {delay_ms_min: 999}" },
        { "retry.delay_ms_max", "retry: {delay_ms_max: 9999}" },
        { "rotation.key_days", "rotation: {key_days: 60}" },
        { "rotation.overlap_days", "rotation: {overlap_days: 30}" },
        { "rotation.card_days", "rotation: {card_days: 365}" },
        { "erasure_notices", "erasure_notices: ask" },
        { "hold_days", "hold_days: 60" },
    };
    static struct printed plain;
    static struct printed other;
    size_t leaf_count = 0;
    const struct yaml_key *key;
    (void)state;
    for (size_t i = 0; (key = yaml_config_key_at(i)) != NULL; i++) {
        const struct config_field *field = yaml_config_field_of(key->path);
        assert_int_equal(field == NULL, strstr(key->path, "[]") != NULL);
        leaf_count += field != NULL && field->kind != CONFIG_KIND_SECTION;
    }
    assert_int_equal(leaf_count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        print(
            "x", "/", slice_of_text("data: d\nkeys: /k\nsocket: /s\n"), &plain);
        (void)snprintf(text, sizeof text, "%s%s",
            i < 3 ? "" : "data: d\nkeys: /k\nsocket: /s\n", rows[i].text);
        print("x", "/", slice_of_text(text), &other);
        for (size_t j = 0; (key = yaml_config_key_at(j)) != NULL; j++)
            assert_int_equal(
                yaml_config_differs(key, &plain.config, &other.config),
                strcmp(key->path, rows[i].path) == 0);
        arena_release(&plain.arena);
        arena_release(&other.arena);
    }
}

static void lists_differ_in_any_entry(void **state)
{
    static const char *const lists[] = {
        "data: d\nclients: [{user: x, rights: [read]}]\n"
        "listen: [\"tls+tcp://a:1\"]",
        "data: d\nclients: [{user: y, rights: [read]}]\n"
        "listen: [\"tls+tcp://b:1\"]",
        "data: d\nclients: [{user: x, rights: [act]}]\n"
        "listen: [\"tls+tcp://a:2\"]",
    };
    static struct printed first;
    static struct printed other;
    static const struct yaml_key clients = { .path = "clients" };
    static const struct yaml_key listen = { .path = "listen" };
    (void)state;
    print("x", "/", slice_of_text(lists[0]), &first);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        print("x", "/", slice_of_text(lists[i]), &other);
        assert_int_equal(
            yaml_config_differs(&clients, &first.config, &other.config),
            i != 0);
        assert_int_equal(
            yaml_config_differs(&listen, &first.config, &other.config), i != 0);
        arena_release(&other.arena);
    }
    arena_release(&first.arena);
}

static void log_levels_are_those_of_the_log(void **state)
{
    (void)state;
    assert_int_equal(CONFIG_LOG_ERROR, LOG_ERROR);
    assert_int_equal(CONFIG_LOG_WARNING, LOG_WARNING);
    assert_int_equal(CONFIG_LOG_INFO, LOG_INFO);
    assert_int_equal(CONFIG_LOG_DEBUG, LOG_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_loads_as_the_same),
        cmocka_unit_test(the_example_too),
        cmocka_unit_test(the_largest_file_fits),
        cmocka_unit_test(a_path_too_long_to_be_read_again_is_not_printed),
        cmocka_unit_test(every_key_is_printed_after_what_is_told_of_it),
        cmocka_unit_test(too_little_room_is_an_error),
        cmocka_unit_test(every_key_has_a_place_and_tells_its_own_differences),
        cmocka_unit_test(lists_differ_in_any_entry),
        cmocka_unit_test(log_levels_are_those_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
