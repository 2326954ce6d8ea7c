#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/journal.h"
#include "daemon/reload.h"
#include "daemon/settings.h"
#include "support/agency_folder.h"
#include "support/folder.h"
#include "support/said.h"

static struct said said;

/* A gateway with a socket and no core thread. */
struct gateway {
    char folder[FOLDER_PATH_SIZE];
    char config_path[FOLDER_PATH_SIZE + 16];
    char socket_path[FOLDER_PATH_SIZE + 16];
    struct settings started;
    struct loop loop;
    struct local_socket *socket;
};

/* Every request is answered with what it says. */
static bool on_request(void *user, uint64_t client, uint32_t rights, uid_t uid,
    const uint8_t *frame, size_t size)
{
    struct gateway *gateway = user;
    (void)rights;
    (void)uid;
    return local_socket_reply(gateway->socket, client, frame, size) == ERR_NONE;
}

static void on_gone(void *user, uint64_t client)
{
    (void)user;
    (void)client;
}

static void on_refused(void *user, uid_t uid, enum local_socket_refusal refusal)
{
    (void)user;
    (void)uid;
    (void)refusal;
}

static void write_config(struct gateway *gateway, const char *rest)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "data: d\n%s", rest);
    agency_folder_write(gateway->folder, "referd.yaml", text);
}

static void gateway_open(struct gateway *gateway, const char *config)
{
    struct local_problem problem;
    *gateway = (struct gateway){ 0 };
    folder_make(gateway->folder);
    (void)snprintf(gateway->config_path, sizeof gateway->config_path,
        "%s/referd.yaml", gateway->folder);
    (void)snprintf(gateway->socket_path, sizeof gateway->socket_path, "%s/s",
        gateway->folder);
    write_config(gateway, config);
    assert_true(settings_load_again(gateway->config_path, &gateway->started));
    assert_int_equal(inbox_new(&gateway->loop.inbox), ERR_NONE);
    struct local_socket_options options = { .path = gateway->socket_path,
        .users = gateway->started.users,
        .user_count = gateway->started.user_count };
    struct local_socket_events events = { gateway, on_request, on_gone,
        on_refused };
    assert_int_equal(
        local_socket_open(&options, &events, &gateway->socket, &problem),
        ERR_NONE);
}

static void gateway_close(struct gateway *gateway)
{
    local_socket_close(gateway->socket);
    inbox_free(gateway->loop.inbox);
    settings_release(&gateway->started);
    folder_remove(gateway->folder);
    journal_set_level(LOG_INFO);
}

/* Whether this process is answered at the socket. */
static bool is_served(struct gateway *gateway)
{
    static const uint8_t frame[] = { 0, 0, 0, 1, 42 };
    uint8_t reply[sizeof frame];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_true(strlen(gateway->socket_path) < sizeof address.sun_path);
    memcpy(address.sun_path, gateway->socket_path,
        strlen(gateway->socket_path) + 1);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)send(fd, frame, sizeof frame, MSG_NOSIGNAL);
    ssize_t size = recv(fd, reply, sizeof reply, MSG_WAITALL);
    assert_int_equal(close(fd), 0);
    return size == (ssize_t)sizeof reply &&
           memcmp(reply, frame, sizeof frame) == 0;
}

/* True: it was taken. What was said is in `said`. */
static bool take(struct gateway *gateway, const char *config)
{
    write_config(gateway, config);
    said_begin(&said);
    bool is_taken = reload(gateway->config_path, &gateway->started.config,
        gateway->socket, &gateway->loop);
    (void)said_end(&said);
    return is_taken;
}

static bool is_debug_shown(void)
{
    static struct said other;
    said_begin(&other);
    JOURNAL(LOG_PARCEL_COSIGNED, log_number("size", 1));
    return said_end(&other)[0] != '\0';
}

static void clients_level_and_retry_are_taken(void **state)
{
    struct gateway gateway;
    char config[256];
    (void)state;
    gateway_open(&gateway, "");
    assert_false(is_served(&gateway));
    assert_false(is_debug_shown());
    (void)snprintf(config, sizeof config,
        "clients: [{user: %lu, rights: [read]}]\nlog: {level: debug}\n"
        "retry: {delay_ms_min: 100, delay_ms_max: 86400000}\n",
        (unsigned long)getuid());
    assert_true(take(&gateway, config));
    assert_non_null(
        strstr(said.text, " info config.reloaded clients=1 ignored=0\n"));
    assert_true(is_served(&gateway));
    assert_true(is_debug_shown());
    assert_int_equal(
        gateway.loop.retry_wanted, (UINT64_C(100) << 32) + 86400000);
    /* and back: what the file no longer says has its default */
    assert_true(take(&gateway, ""));
    assert_false(is_served(&gateway));
    assert_false(is_debug_shown());
    assert_int_equal(
        gateway.loop.retry_wanted, (UINT64_C(1000) << 32) + 300000);
    gateway_close(&gateway);
}

static void a_file_with_a_mistake_changes_nothing(void **state)
{
    static const struct {
        const char *config;
        const char *said;
    } rows[] = {
        { "log: {level: loud}\n",
            "referd.yaml:2:7: log.level: expected one of" },
        { "log: {level: debug}\nretry: {delay_ms_min: 5}\n",
            "retry.delay_ms_min: expected" },
        { "log: {level: debug}\nclients: [{user: nobody-has-this-name, "
          "rights: [read]}]\n",
            "nobody-has-this-name: there is no such user" },
        { "nonsense", "is not YAML" },
    };
    struct gateway gateway;
    char config[256];
    (void)state;
    (void)snprintf(config, sizeof config,
        "clients: [{user: %lu, rights: [read]}]\n", (unsigned long)getuid());
    gateway_open(&gateway, config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(take(&gateway, rows[i].config));
        assert_non_null(strstr(said.text, rows[i].said));
        assert_non_null(strstr(said.text, " error config.refused "));
        assert_true(is_served(&gateway));
        assert_false(is_debug_shown());
        assert_int_equal(gateway.loop.retry_wanted, 0);
    }
    gateway_close(&gateway);
}

static void what_only_a_restart_takes_is_told_and_left(void **state)
{
    static const struct {
        const char *config;
        const char *keys[4];
    } rows[] = {
        { "", { NULL } },
        { "socket: /elsewhere\n", { "socket" } },
        { "keys: k\nmetrics: m\nlisten: [\"tls+tcp://a:1\"]\n",
            { "keys", "metrics", "listen" } },
        { "map_size_mib: 77\nlimits: {idle_ms: 7000, reply_ms: 7000}\n",
            { "map_size_mib", "limits.idle_ms", "limits.reply_ms" } },
    };
    struct gateway gateway;
    (void)state;
    gateway_open(&gateway, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = 0;
        char line[128];
        assert_true(take(&gateway, rows[i].config));
        for (; rows[i].keys[count] != NULL; count++) {
            (void)snprintf(line, sizeof line,
                " warning config.ignored key=%s\n", rows[i].keys[count]);
            assert_non_null(strstr(said.text, line));
        }
        (void)snprintf(line, sizeof line, " ignored=%zu\n", count);
        assert_non_null(strstr(said.text, line));
    }
    gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_level_and_retry_are_taken),
        cmocka_unit_test(a_file_with_a_mistake_changes_nothing),
        cmocka_unit_test(what_only_a_restart_takes_is_told_and_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
