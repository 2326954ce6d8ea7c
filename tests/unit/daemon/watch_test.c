#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/watch.h"
#include "support/said.h"

static void a_core_is_vouched_for_while_its_turns_are_young(void **state)
{
    static const struct {
        int64_t turned_ms;
        bool is_alive;
    } rows[] = {
        { 100000, true },
        { 85000, true },
        { 84999, false },
        { 0, false },
    };
    const struct notify notify = { .watchdog_ms = 30000 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(watch_is_alive(&notify, rows[i].turned_ms, 100000),
            rows[i].is_alive);
}

static void an_idle_core_turns_often_enough_to_be_vouched_for(void **state)
{
    (void)state;
    for (uint32_t ms = 0; ms < 100000; ms += 999) {
        const struct notify notify = { .watchdog_ms = ms };
        int64_t turn_ms = watch_turn_ms_max(&notify);
        assert_int_equal(turn_ms == 0, ms < 4);
        /* also when a ping and a turn just miss each other */
        assert_true(watch_is_alive(&notify, 1000000 - turn_ms, 1000000));
    }
}

/* Signals that are there already are taken in the order of their numbers. */
static const char *watch_once(
    int64_t turned_steady_ms, uint32_t watchdog_ms, bool hangs_up)
{
    static char heard[512];
    static struct loop loop;
    char name[64];
    sigset_t signals;
    struct notify notify;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(name, sizeof name, "@refer-watch-test-%ld", (long)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(
        bind(manager, (const struct sockaddr *)&address,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
        0);
    assert_true(notify_open(&notify, name, NULL, NULL));
    notify.watchdog_ms = watchdog_ms;
    loop.turned_steady_ms = turned_steady_ms;
    const struct watch watch = { "/nowhere/referd.yaml", NULL, &loop, &notify };
    watch_signals(&signals);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    if (hangs_up)
        assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGTERM), 0);
    watch_run(&watch, &signals);

    size_t size = 0;
    ssize_t more;
    while ((more = recv(manager, heard + size, sizeof heard - size - 1,
                MSG_DONTWAIT)) > 0) {
        size += (size_t)more;
        heard[size++] = '|';
    }
    heard[size] = '\0';
    assert_int_equal(close(manager), 0);
    notify_close(&notify);
    return heard;
}

static void a_signal_to_end_ends_it(void **state)
{
    (void)state;
    assert_string_equal(watch_once(clock_steady_ms(), 0, false), "");
}

static void a_hang_up_reloads_between_two_words(void **state)
{
    static struct said said;
    (void)state;
    said_begin(&said);
    const char *heard = watch_once(clock_steady_ms(), 0, true);
    const char *text = said_end(&said);
    assert_int_equal(strncmp(heard, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    assert_string_equal(strchr(heard, '|'), "|READY=1|");
    assert_non_null(strstr(text, "/nowhere/referd.yaml"));
    assert_non_null(strstr(text, "config.refused"));
}

/* A reload takes time, after which a ping is due. */
static void only_a_core_that_turns_is_pinged_for(void **state)
{
    static struct said said;
    (void)state;
    said_begin(&said);
    const char *heard = watch_once(clock_steady_ms(), 3600000, true);
    (void)said_end(&said);
    assert_non_null(strstr(heard, "WATCHDOG=1|"));
    said_begin(&said);
    heard = watch_once(clock_steady_ms() - 1800001, 3600000, true);
    (void)said_end(&said);
    assert_null(strstr(heard, "WATCHDOG=1|"));
    assert_non_null(strstr(heard, "READY=1|"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_is_vouched_for_while_its_turns_are_young),
        cmocka_unit_test(an_idle_core_turns_often_enough_to_be_vouched_for),
        cmocka_unit_test(a_signal_to_end_ends_it),
        cmocka_unit_test(a_hang_up_reloads_between_two_words),
        cmocka_unit_test(only_a_core_that_turns_is_pinged_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
