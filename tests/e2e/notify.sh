#!/bin/bash
# What a gateway tells its service manager: ready when it is, reloading,
# stopping, and that it is alive, but only while it is. TAP.
# Usage: notify.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

build=$1
listener=$build/tests/e2e/notify_listener
"$listener" "$folder/manager" >told &
helper_pid[listener]=$!
wait_until 5000 "the listener" test -S "$folder/manager"
export NOTIFY_SOCKET=$folder/manager
was_told() { grep -q "$1" told; }
told_count() { grep -c "$1" told; }
is_told_beyond() { (($(told_count "$1") > $2)); }

# ---- A life

agency_init opendoor
gateway_launch opendoor
wait_until "$READY_MS_MAX" "READY=1" was_told READY=1
expect "who says that it is ready answers at once" is_healthy opendoor
expect "nothing but that was said" test "$(wc -l <told)" = 1
kill -HUP "${gateway_pid[opendoor]}"
wait_until 5000 "READY=1 again" is_told_beyond READY=1 1
expect "between the two it said that it reloads" \
    grep -Eq '^[0-9]+ RELOADING=1\|MONOTONIC_USEC=[0-9]+$' told
expect "without a watchdog there is no ping" \
    test "$(told_count WATCHDOG)" = 0
if gateway_stop opendoor; then
    pass "it ends as asked"
else
    fail "it ends as asked" "$output"
fi
expect "and said so last" grep -q ' STOPPING=1$' <(tail -n 1 told)

# ---- The watchdog

watchdog_ms=1200
: >told
export WATCHDOG_USEC=$((watchdog_ms * 1000))
gateway_launch opendoor
wait_until "$READY_MS_MAX" "READY=1" was_told READY=1
arrives 10000 "an idle gateway pings" is_told_beyond WATCHDOG=1 5
largest_gap() {
    awk '/WATCHDOG=1/ { if (last && $1 - last > max) max = $1 - last; last = $1 }
        END { print max + 0 }' told
}
gap=$(largest_gap)
note "at most $gap ms between two"
expect "never later than the watchdog bites" test "$gap" -lt "$watchdog_ms"

# The core thread alone is held, as by a disk that does not come back.
is_held() { grep -q held holder; }
core_thread() {
    local task
    for task in /proc/"${gateway_pid[opendoor]}"/task/*; do
        [[ $(<"$task/comm") != core ]] || printf '%s' "${task##*/}"
    done
}
"$build/tests/e2e/thread_hold" "$(core_thread)" >holder 2>&1 &
helper_pid[holder]=$!
is_held_or_not() { [[ -s holder ]]; }
wait_until 5000 "the holder" is_held_or_not
if is_held; then
    # the last that may be said for it, and a ping on its way
    sleep "$(printf '%d.%03d' 0 $((watchdog_ms / 2 + 200)))"
    before=$(told_count WATCHDOG=1)
    sleep "$(printf '%d.%03d' $((watchdog_ms * 2 / 1000)) \
        $((watchdog_ms * 2 % 1000)))"
    expect "nobody pings for a core that is stuck" \
        test "$(told_count WATCHDOG=1)" = "$before"
    helper_end holder TERM
    arrives 5000 "once it goes on, pings do" is_told_beyond WATCHDOG=1 "$before"
else
    skip "nobody pings for a core that is stuck" "$(<holder)"
fi
expect "it still answers" is_healthy opendoor
gateway_stop opendoor || fail "it ends" "$output"

# ---- What is not for it

: >told
export WATCHDOG_PID=1
gateway_launch opendoor
wait_until "$READY_MS_MAX" "READY=1" was_told READY=1
expect "a watchdog for another process is not its own" is_healthy opendoor
unset WATCHDOG_PID WATCHDOG_USEC
gateway_stop opendoor || fail "it ends" "$output"
expect "no ping" test "$(told_count WATCHDOG)" = 0

: >opendoor.log
NOTIFY_SOCKET=nowhere gateway_launch opendoor
wait_until "$READY_MS_MAX" "ready" is_healthy opendoor
expect "a manager that cannot be told is logged, and no hindrance" \
    grep -q ' warning notify.failed code=environment' opendoor.log
gateway_stop opendoor || fail "it ends" "$output"
federation_end
