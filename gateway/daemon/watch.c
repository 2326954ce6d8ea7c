#include "daemon/watch.h"

#include "daemon/clock.h"
#include "daemon/journal.h"
#include "daemon/reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Shares of the watchdog's time: a turn of an idle core, and how old the last
 * turn may be for a ping. A batch that takes longer than all of it is a dead
 * disk. */
#define TURN_SHARE 4
#define PING_SHARE 2

void watch_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGHUP);
}

int64_t watch_turn_ms_max(const struct notify *notify)
{
    return notify->watchdog_ms / TURN_SHARE;
}

bool watch_is_alive(
    const struct notify *notify, int64_t turned_steady_ms, int64_t steady_ms)
{
    return steady_ms - turned_steady_ms <= notify->watchdog_ms / PING_SHARE;
}

static void say(const struct watch *watch, const char *state)
{
    if (!notify_say(watch->notify, state))
        JOURNAL(LOG_NOTIFY_FAILED, log_code("code", "unsent"));
}

static void ping(const struct watch *watch)
{
    if (watch_is_alive(watch->notify, loop_turned_steady_ms(watch->loop),
            clock_steady_ms()))
        say(watch, "WATCHDOG=1");
}

static void take_anew(const struct watch *watch)
{
    char reloading[64];
    (void)snprintf(reloading, sizeof reloading,
        "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_steady_ms() * 1000);
    say(watch, reloading);
    (void)reload(
        watch->config_path, watch->config, watch->loop->socket, watch->loop);
    say(watch, "READY=1");
}

/* The signal, or 0 when that time has come first. */
static int wait_until(const sigset_t *signals, int64_t until_steady_ms)
{
    int64_t wait_ms = until_steady_ms - clock_steady_ms();
    struct timespec wait = { .tv_sec = wait_ms / 1000,
        .tv_nsec = wait_ms % 1000 * 1000000 };
    if (wait_ms <= 0)
        return 0;
    int signal_number = until_steady_ms == INT64_MAX
                            ? sigwaitinfo(signals, NULL)
                            : sigtimedwait(signals, NULL, &wait);
    return signal_number > 0 ? signal_number : 0;
}

void watch_run(const struct watch *watch, const sigset_t *signals)
{
    int64_t period_ms = watch->notify->watchdog_ms / PING_SHARE;
    int64_t due = period_ms > 0 ? clock_steady_ms() : INT64_MAX;
    for (;;) {
        int signal_number = wait_until(signals, due);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return;
        if (signal_number == SIGHUP)
            take_anew(watch);
        if (clock_steady_ms() >= due) {
            ping(watch);
            due = clock_steady_ms() + period_ms;
        }
    }
}
