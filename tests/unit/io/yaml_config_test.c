#include "support/yaml_case.h"

#include "core/limits.h"
#include "core/local.h"
#include "io/yaml_config.h"

/* clang-format off */
static const char document[] =
    "data: state\n"
    "keys: ../keys\n"
    "socket: /run/referd.sock\n"
    "listen: [\"tls+tcp://0.0.0.0:7443\", \"tls+tcp://[::1]:7444\"]\n"
    "map_size_mib: 16\n"
    "clients:\n"
    "  - {user: frontdesk, rights: [submit, act]}\n"
    "  - {user: 1001, rights: [read, admin]}\n"
    "log: {level: warning}\n"
    "limits:\n"
    "  connections: 100\n"
    "  half_open: 50\n"
    "  half_open_per_address: 5\n"
    "  connections_per_peer: 2\n"
    "  handshake_ms: 1000\n"
    "  idle_ms: 20000\n"
    "  reply_ms: 30000\n"
    "retry:\n"
    "  delay_ms_min: 500\n"
    "  delay_ms_max: 600000\n"
    "metrics: run/referd.prom\n"
    "store_token: \"pkcs11:token=a\"\n";

static const struct yaml_case cases[] = {
    { "data: state\n",
      "",
      "x.yaml:1:1: data: is missing: expected a directory, for "
      "example \"data: /var/lib/referd\"" },
    { "data: state",
      "data: \"\"",
      "x.yaml:1:1: data: expected a directory, for example \"data: "
      "/var/lib/referd\"" },
    { "data: state",
      "data: [state]",
      "x.yaml:1:1: data: expected a directory, for example \"data: "
      "/var/lib/referd\"" },
    { "keys: ../keys",
      "keys: ~",
      "x.yaml:2:1: keys: expected a directory, for example \"keys: "
      "/etc/referd/keys\"" },
    { "socket: /run/referd.sock",
      "sockets: /run/referd.sock",
      "x.yaml:3:1: sockets: there is no such key; did you mean "
      "socket?" },
    { "store_token: \"pkcs11:token=a\"",
      "store_token: /usr/lib/module.so",
      "x.yaml:22:1: store_token: expected a PKCS#11 URI, or \"\" for none, for "
      "example \"store_token: \"pkcs11:token=referd;object=store?module-path="
      "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so\"\"" },
    { "/run/referd.sock",
      "/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "x.yaml:3:1: socket: expected a path of at most 107 bytes, "
      "for example \"socket: /run/referd/referd.sock\"" },
    { "listen: [\"tls+tcp://0.0.0.0:7443\", "
      "\"tls+tcp://[::1]:7444\"]",
      "listen: 7443",
      "x.yaml:4:1: listen: expected a list of 0 to 16 entries, for "
      "example \"listen: [\"tls+tcp://0.0.0.0:7443\"]\"" },
    { "tls+tcp://0.0.0.0:7443",
      "tcp://0.0.0.0:7443",
      "x.yaml:4:10: listen[0]: expected tls+tcp://HOST:PORT, for "
      "example \"tls+tcp://0.0.0.0:7443\"" },
    { "0.0.0.0:7443",
      "0.0.0.0:0",
      "x.yaml:4:10: listen[0]: expected tls+tcp://HOST:PORT, for "
      "example \"tls+tcp://0.0.0.0:7443\"" },
    { "tls+tcp://[::1]:7444",
      "tls+tcp://0.0.0.0:7443",
      "x.yaml:4:36: listen[1]: stands twice" },
    { "map_size_mib: 16",
      "map_size_mib: 15",
      "x.yaml:5:1: map_size_mib: expected a whole number of MiB "
      "from 16 to 67108864, for example \"map_size_mib: 16384\"" },
    { "map_size_mib: 16",
      "map_size_mib: 16GiB",
      "x.yaml:5:1: map_size_mib: expected a whole number of MiB "
      "from 16 to 67108864, for example \"map_size_mib: 16384\"" },
    { "map_size_mib: 16",
      "map_size_mib: 16.0",
      "x.yaml:5:1: map_size_mib: expected a whole number of MiB "
      "from 16 to 67108864, for example \"map_size_mib: 16384\"" },
    { "user: frontdesk, ",
      "",
      "x.yaml:7:5: clients[0].user: is missing: expected the name "
      "or the number of a user, for example \"user: frontdesk\"" },
    { "user: frontdesk",
      "user: front desk",
      "x.yaml:7:6: clients[0].user: expected the name or the "
      "number of a user, for example \"user: frontdesk\"" },
    { "user: frontdesk",
      "user: 1001",
      "x.yaml:8:6: clients[1].user: stands twice" },
    { "user: 1001",
      "user: 4294967295",
      "x.yaml:8:6: clients[1].user: expected the name or the "
      "number of a user, for example \"user: frontdesk\"" },
    { "user: 1001",
      "user: 18446744073709551617",
      "x.yaml:8:6: clients[1].user: expected the name or the "
      "number of a user, for example \"user: frontdesk\"" },
    { ", rights: [read, admin]",
      "",
      "x.yaml:8:5: clients[1].rights: is missing: expected a list "
      "with one of submit, act, read, admin, erase, for example \"rights: "
      "[submit, act, read]\"" },
    { "[read, admin]",
      "[read, root]",
      "x.yaml:8:33: clients[1].rights: expected a list with one of "
      "submit, act, read, admin, erase, for example \"rights: [submit, "
      "act, read]\"" },
    { "[read, admin]",
      "[]",
      "x.yaml:8:18: clients[1].rights: expected a list with one of "
      "submit, act, read, admin, erase, for example \"rights: [submit, "
      "act, read]\"" },
    { "[read, admin]}",
      "[read], group: x}",
      "x.yaml:8:34: clients[1].group: there is no such key; the "
      "keys here are user, rights" },
    { "level: warning",
      "level: loud",
      "x.yaml:9:7: log.level: expected one of error, warning, "
      "info, debug, for example \"level: info\"" },
    { "log: {level: warning}",
      "log: {}\nlogs: {}",
      "x.yaml:10:1: logs: there is no such key; did you mean log?" },
    { "connections: 100",
      "connections: 0",
      "x.yaml:11:3: limits.connections: expected a whole number "
      "from 1 to 65536, for example \"connections: 4096\"" },
    { "connections: 100",
      "connections: 65537",
      "x.yaml:11:3: limits.connections: expected a whole number "
      "from 1 to 65536, for example \"connections: 4096\"" },
    { "half_open: 50",
      "half_open: 4",
      "x.yaml:13:3: limits.half_open_per_address: is more than "
      "limits.half_open" },
    { "connections_per_peer: 2",
      "connections_per_peer: 65",
      "x.yaml:14:3: limits.connections_per_peer: expected a whole "
      "number from 1 to 64, for example \"connections_per_peer: 4\"" },
    { "connections: 100",
      "connections: 1",
      "x.yaml:14:3: limits.connections_per_peer: is more than "
      "limits.connections" },
    { "handshake_ms: 1000",
      "handshake_ms: 99",
      "x.yaml:15:3: limits.handshake_ms: expected a whole number "
      "of ms from 100 to 60000, for example \"handshake_ms: 5000\"" },
    { "idle_ms: 20000",
      "idle_ms: 20s",
      "x.yaml:16:3: limits.idle_ms: expected a whole number of ms "
      "from 1000 to 3600000, for example \"idle_ms: 60000\"" },
    { "reply_ms: 30000",
      "reply_ms: 3600001",
      "x.yaml:17:3: limits.reply_ms: expected a whole number of ms "
      "from 1000 to 3600000, for example \"reply_ms: 360000\"" },
    { "delay_ms_min: 500",
      "delay_ms_min: 600001",
      "x.yaml:19:3: retry.delay_ms_min: is more than "
      "retry.delay_ms_max" },
    { "delay_ms_max: 600000",
      "delay_ms_max: 86400001",
      "x.yaml:20:3: retry.delay_ms_max: expected a whole number of "
      "ms from 100 to 86400000, for example \"delay_ms_max: "
      "300000\"" },
    { "delay_ms_max: 600000",
      "delay_ms: 1",
      "x.yaml:20:3: retry.delay_ms: there is no such key; the keys "
      "here are delay_ms_min, delay_ms_max" },
    { "metrics: run/referd.prom",
      "metrics: ~",
      "x.yaml:21:1: metrics: expected a path, or \"\" for none, for example "
      "\"metrics: /run/referd/referd.prom\"" },
};
/* clang-format on */

static enum err parse(
    struct slice bytes, struct arena *arena, struct yaml_problem *problem)
{
    struct config config;
    return yaml_config_parse("x.yaml", bytes, arena, &config, problem);
}

static void every_finding_has_a_line_a_path_and_an_example(void **state)
{
    (void)state;
    yaml_case_check(document, cases, sizeof cases / sizeof *cases, parse);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    yaml_case_check_arena(document, parse);
}

static void load(const char *file, const char *text, struct arena *arena,
    struct config *config)
{
    struct yaml_problem problem;
    assert_int_equal(arena_init(arena, 1 << 16), ERR_NONE);
    assert_int_equal(
        yaml_config_parse(file, slice_of_text(text), arena, config, &problem),
        ERR_NONE);
}

static void every_key_is_loaded(void **state)
{
    struct arena arena;
    struct config config;
    (void)state;
    load("/etc/referd/referd.yaml", document, &arena, &config);
    assert_string_equal(config.data, "/etc/referd/state");
    assert_string_equal(config.keys, "/etc/referd/../keys");
    assert_string_equal(config.socket, "/run/referd.sock");
    assert_string_equal(config.metrics, "/etc/referd/run/referd.prom");
    assert_string_equal(config.store_token, "pkcs11:token=a");
    assert_int_equal(config.listen_count, 2);
    assert_string_equal(config.listen[0], "tls+tcp://0.0.0.0:7443");
    assert_string_equal(config.listen[1], "tls+tcp://[::1]:7444");
    assert_int_equal(config.map_size_mib, 16);
    assert_int_equal(config.client_count, 2);
    assert_string_equal(config.clients[0].user, "frontdesk");
    assert_false(config.clients[0].is_uid);
    assert_int_equal(
        config.clients[0].rights, LOCAL_RIGHT_SUBMIT | LOCAL_RIGHT_ACT);
    assert_string_equal(config.clients[1].user, "1001");
    assert_true(config.clients[1].is_uid);
    assert_int_equal(config.clients[1].uid, 1001);
    assert_int_equal(
        config.clients[1].rights, LOCAL_RIGHT_READ | LOCAL_RIGHT_ADMIN);
    assert_int_equal(config.log_level, CONFIG_LOG_WARNING);
    assert_int_equal(config.limits.connections, 100);
    assert_int_equal(config.limits.half_open, 50);
    assert_int_equal(config.limits.half_open_per_address, 5);
    assert_int_equal(config.limits.connections_per_peer, 2);
    assert_int_equal(config.limits.handshake_ms, 1000);
    assert_int_equal(config.limits.idle_ms, 20000);
    assert_int_equal(config.limits.reply_ms, 30000);
    assert_int_equal(config.retry.delay_ms_min, 500);
    assert_int_equal(config.retry.delay_ms_max, 600000);
    arena_release(&arena);
}

static void what_is_absent_has_its_default(void **state)
{
    struct arena arena;
    struct config config;
    (void)state;
    load("referd.yaml", "data: /var/lib/referd", &arena, &config);
    assert_string_equal(config.data, "/var/lib/referd");
    assert_string_equal(config.keys, "/var/lib/referd/keys");
    assert_string_equal(config.socket, "/var/lib/referd/referd.sock");
    assert_string_equal(config.metrics, "");
    assert_string_equal(config.store_token, "");
    assert_int_equal(config.listen_count, 0);
    assert_int_equal(config.map_size_mib, 16384);
    assert_int_equal(config.client_count, 0);
    assert_int_equal(config.log_level, CONFIG_LOG_INFO);
    assert_int_equal(config.limits.connections, CONNECTION_COUNT_MAX);
    assert_int_equal(config.limits.dialed, DIALED_COUNT_MAX);
    assert_int_equal(config.limits.half_open, 256);
    assert_int_equal(config.limits.half_open_per_address, 32);
    assert_int_equal(config.limits.connections_per_peer, 4);
    assert_int_equal(config.limits.handshake_ms, 5000);
    assert_int_equal(config.limits.idle_ms, 60000);
    assert_int_equal(config.limits.reply_ms, 360000);
    assert_int_equal(config.retry.delay_ms_min, RETRY_DELAY_MS_MIN);
    assert_int_equal(config.retry.delay_ms_max, RETRY_DELAY_MS_MAX);
    arena_release(&arena);
}

static void a_part_of_a_section_leaves_the_rest_at_its_default(void **state)
{
    struct arena arena;
    struct config config;
    (void)state;
    load("x",
        "data: d\nlog: {}\nlimits: {half_open: 40}\nretry: {}\n"
        "listen: []\nclients: []\nmetrics: \"\"\n",
        &arena, &config);
    assert_string_equal(config.metrics, "");
    assert_int_equal(config.log_level, CONFIG_LOG_INFO);
    assert_int_equal(config.limits.half_open, 40);
    assert_int_equal(config.limits.connections, CONNECTION_COUNT_MAX);
    assert_int_equal(config.retry.delay_ms_min, RETRY_DELAY_MS_MIN);
    arena_release(&arena);
}

static void every_log_level_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum config_log_level level;
    } levels[] = {
        { "data: d\nlog: {level: error}", CONFIG_LOG_ERROR },
        { "data: d\nlog: {level: warning}", CONFIG_LOG_WARNING },
        { "data: d\nlog: {level: info}", CONFIG_LOG_INFO },
        { "data: d\nlog: {level: debug}", CONFIG_LOG_DEBUG },
    };
    (void)state;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct arena arena;
        struct config config;
        load("x", levels[i].text, &arena, &config);
        assert_int_equal(config.log_level, levels[i].level);
        arena_release(&arena);
    }
}

static void relative_paths_start_at_the_files_folder(void **state)
{
    static const struct {
        const char *file;
        const char *data;
        const char *path;
    } rows[] = {
        { "referd.yaml", "data: state", "state" },
        { "conf/referd.yaml", "data: state", "conf/state" },
        { "/referd.yaml", "data: state", "/state" },
        { "/etc/referd.yaml", "data: /state", "/state" },
        { "-", "data: state", "state" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct config config;
        load(rows[i].file, rows[i].data, &arena, &config);
        assert_string_equal(config.data, rows[i].path);
        arena_release(&arena);
    }
}

static void the_example_shows_the_defaults(void **state)
{
    struct arena arena;
    struct config config;
    struct yaml_problem problem;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
    assert_int_equal(yaml_config_load(SOURCE_DIR "/conf/examples/referd.yaml",
                         &arena, &config, &problem),
        ERR_NONE);
    assert_string_equal(config.data, "/var/lib/referd");
    assert_int_equal(config.client_count, 3);
    assert_true(config.clients[2].is_uid);
    struct arena other;
    struct config defaults;
    load("x", "data: /var/lib/referd", &other, &defaults);
    assert_string_equal(config.keys, defaults.keys);
    assert_int_equal(config.map_size_mib, defaults.map_size_mib);
    assert_int_equal(config.log_level, defaults.log_level);
    assert_memory_equal(&config.limits, &defaults.limits, sizeof config.limits);
    assert_memory_equal(&config.retry, &defaults.retry, sizeof config.retry);
    arena_release(&other);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_loaded),
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(a_part_of_a_section_leaves_the_rest_at_its_default),
        cmocka_unit_test(every_log_level_is_told_apart),
        cmocka_unit_test(relative_paths_start_at_the_files_folder),
        cmocka_unit_test(every_finding_has_a_line_a_path_and_an_example),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(the_example_shows_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
