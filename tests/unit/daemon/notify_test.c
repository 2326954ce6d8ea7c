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

#include "daemon/notify.h"
#include "support/folder.h"

/* A service manager: listens at `name`, "@" first for an abstract one. */
static int manager_open(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
        0);
    return fd;
}

static void hears(int manager, const char *wanted)
{
    char text[256] = { 0 };
    ssize_t size = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
    assert_int_equal(size, strlen(wanted));
    assert_string_equal(text, wanted);
}

static void tells(const char *name)
{
    struct notify notify;
    int manager = manager_open(name);
    assert_true(notify_open(&notify, name, NULL, NULL));
    assert_true(notify_say(&notify, "READY=1"));
    assert_true(notify_say(&notify, "RELOADING=1\nMONOTONIC_USEC=1"));
    hears(manager, "READY=1");
    hears(manager, "RELOADING=1\nMONOTONIC_USEC=1");
    assert_int_equal(close(manager), 0);
    assert_false(notify_say(&notify, "STOPPING=1"));
    notify_close(&notify);
    notify_close(&notify);
    assert_true(notify_say(&notify, "STOPPING=1"));
}

static void states_reach_the_manager(void **state)
{
    char folder[FOLDER_PATH_SIZE];
    char name[FOLDER_PATH_SIZE + 8];
    (void)state;
    folder_make(folder);
    (void)snprintf(name, sizeof name, "%s/notify", folder);
    tells(name);
    folder_remove(folder);
}

static void a_name_may_be_abstract(void **state)
{
    char name[64];
    (void)state;
    (void)snprintf(name, sizeof name, "@refer-notify-test-%ld", (long)getpid());
    tells(name);
}

static void a_manager_that_does_not_read_holds_nobody_up(void **state)
{
    char name[64];
    struct notify notify;
    bool is_sent = true;
    (void)state;
    (void)snprintf(name, sizeof name, "@refer-notify-full-%ld", (long)getpid());
    int manager = manager_open(name);
    assert_true(notify_open(&notify, name, NULL, NULL));
    for (int i = 0; i < 100000 && is_sent; i++)
        is_sent = notify_say(&notify, "WATCHDOG=1");
    assert_false(is_sent);
    notify_close(&notify);
    assert_int_equal(close(manager), 0);
}

static void nobody_asks_nobody_is_told(void **state)
{
    struct notify notify;
    (void)state;
    assert_true(notify_open(&notify, NULL, "30000000", NULL));
    assert_int_equal(notify.watchdog_ms, 0);
    assert_true(notify_say(&notify, "READY=1"));
    notify_close(&notify);
}

static void what_is_asked_is_read(void **state)
{
    char self[24];
    char long_name[200];
    (void)state;
    (void)snprintf(self, sizeof self, "%ld", (long)getpid());
    memset(long_name, 'x', sizeof long_name);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = '\0';
    const struct {
        const char *socket_name;
        const char *usec;
        const char *pid;
        bool is_sound;
        uint32_t watchdog_ms;
    } rows[] = {
        { "/x", NULL, NULL, true, 0 },
        { "/x", "30000000", NULL, true, 30000 },
        { "/x", "30000000", self, true, 30000 },
        { "/x", "30000000", "1", true, 0 },
        { "/x", "999", NULL, true, 0 },
        { "/x", "0", self, true, 0 },
        { "/x", "30s", NULL, false, 0 },
        { "/x", "-1", NULL, false, 0 },
        { "/x", "", NULL, false, 0 },
        { "/x", "18446744073709551615", NULL, false, 0 },
        { "/x", "30000000", "me", false, 0 },
        { "x", NULL, NULL, false, 0 },
        { "/", NULL, NULL, false, 0 },
        { "", NULL, NULL, false, 0 },
        { long_name, NULL, NULL, false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct notify notify;
        assert_int_equal(notify_open(&notify, rows[i].socket_name, rows[i].usec,
                             rows[i].pid),
            rows[i].is_sound);
        if (rows[i].is_sound)
            assert_int_equal(notify.watchdog_ms, rows[i].watchdog_ms);
        else
            assert_true(notify_say(&notify, "READY=1"));
        notify_close(&notify);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_reach_the_manager),
        cmocka_unit_test(a_name_may_be_abstract),
        cmocka_unit_test(a_manager_that_does_not_read_holds_nobody_up),
        cmocka_unit_test(nobody_asks_nobody_is_told),
        cmocka_unit_test(what_is_asked_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
