#!/bin/bash
# The ceiling that `referd -p` prints holds while strangers, a peer and programs
# take all the memory that they are given, and honest agencies work. TAP.
# Usage: ceiling.sh BUILD SOURCE
#
# What is measured is the process's own memory (RssAnon) of a daemon without
# sanitizers, whose shadow and quarantine the ceiling does not know: that of
# REFER_CEILING_REFERD, or one that is built in BUILD/plain.
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
build=$1
federation_begin "$@"
ulimit -n 8192 2>/dev/null || bail "not enough open files for 2,000 strangers"

if [[ -n ${REFER_CEILING_REFERD:-} ]]; then
    referd=$REFER_CEILING_REFERD
else
    expect "a daemon without sanitizers is configured" cmake -G Ninja \
        -S "$source_dir" -B "$build/plain" -DCMAKE_BUILD_TYPE=Debug \
        || federation_end
    expect "and built" cmake --build "$build/plain" --target referd \
        || federation_end
    referd=$build/plain/gateway/daemon/referd
fi
is_unsanitized() { ! ldd "$referd" | grep -q libasan; }
expect "a daemon without sanitizers is there" is_unsanitized || federation_end
pressure() { python3 "$source_dir/tests/e2e/pressure.py" "$@"; }

body=180000 # bytes of a referral
agency_init opendoor
agency_init tbhosp
for agency in opendoor tbhosp; do
    config_set "$agency" limits '{connections: 64, dialed: 16, half_open: 256,
        half_open_per_address: 32, connections_per_peer: 64}'
done
pair_launch
port=${gateway_port[tbhosp]}
socket=$(socket_of tbhosp)
"$referd" -c tbhosp/referd.yaml -p >printed || bail "nothing is printed"
part_kib() { # NAME...: of the ceiling, together
    awk -v names=" $* " '/^# memory\./ {
        name = substr($2, 8, length($2) - 8)
        if (index(names, " " name " ")) size += $3 } END {
        printf "%d", size / 1024 }' printed
}
ceiling_kib=$(($(awk '/^# memory:/ { print $3 }' printed) / 1024))
expect "a ceiling is printed" test "$ceiling_kib" -gt 0

anon_kib() { awk '/^RssAnon/ { print $2 }' "/proc/${gateway_pid[$1]}/status"; }
# watched NAME COMMAND...: must succeed; the most memory meanwhile in $most
watched() {
    local name=$1
    shift
    coproc WATCH { pressure watch "${gateway_pid[tbhosp]}"; }
    local out=${WATCH[0]} in=${WATCH[1]} pid=$WATCH_PID
    expect "$name" "$@" && note "$output"
    exec {in}>&-
    read -r most <&"$out"
    wait "$pid" 2>/dev/null
}
goes() { # NAME KEY
    local since
    since=$(now_ms)
    referral_write referral.yaml
    referral_send referral.yaml "$2"
    arrives 20000 "$1" is_state tbhosp "$referral_id" delivered
    note "in $(($(now_ms) - since)) ms"
}

# ---- 2,000 strangers at the door

goes "a referral before" before
before=$(anon_kib tbhosp)
coproc STRANGERS { pressure half_open "$port" 2000; }
strangers_in=${STRANGERS[1]} strangers_pid=$STRANGERS_PID
read -r said <&"${STRANGERS[0]}"
expect "2,000 strangers are half way through a handshake" \
    test "$said" = "held 2000"
goes "a peer's referral goes by them" by_strangers
after=$(anon_kib tbhosp)
expect "they cost less than 64 MiB" test "$((after - before))" -lt 65536
note "$before KiB before, $after KiB with them"
exec {strangers_in}>&-
wait "$strangers_pid"

# ---- Everything at once

"$outside_client" submit -s "$(socket_of opendoor)" -o confirmed.large \
    -t "${agency_id[tbhosp]}" -p large -n 20 -b "$body" >submit.log 2>&1 \
    || bail "$(<submit.log)"
large_id=$(awk 'NR == 1 { print $2 }' confirmed.large)
arrives 20000 "large referrals are there" is_all_answered opendoor tbhosp
pressure record "$socket" "$folder/proxy" recorded >record.out &
helper_pid[record]=$!
stands() { [[ -S $folder/proxy ]]; }
wait_until 5000 "a recorder stands at the door" stands
REFER_SOCKET=$folder/proxy "$referctl" referral show "$large_id" >/dev/null \
    || bail "nothing is shown"
wait "${helper_pid[record]}" || bail "nothing was recorded"
unset "helper_pid[record]"
"$outside_client" submit -s "$(socket_of opendoor)" -o confirmed \
    -t "${agency_id[tbhosp]}" -p load -b "$body" >submit.out 2>>submit.log &
helper_pid[submit]=$!
before=$(anon_kib tbhosp)
watched "all press at once, while an agency works" pressure press "$port" \
    "$socket" recorded opendoor/keys/tls-1.crt opendoor/keys/tls-1.pem
helper_end submit TERM
expect "its program saw nothing of it" test "$helper_status" = 0
pressed_kib=$(part_kib connections frames opening inbox program_requests \
    program_replies)
note "$before KiB before, $most KiB at most, the ceiling is $ceiling_kib KiB;" \
    "what was pressed on may grow by $pressed_kib KiB"
expect "the gateway stayed below its ceiling" test "$most" -le "$ceiling_kib"
expect "what grew stayed within its parts" \
    test "$((most - before))" -le "$pressed_kib"
expect "and was pressed: a quarter of them was used" \
    test "$((most - before))" -ge "$((pressed_kib / 4))"
expect "programs that leave too much lose their connection" \
    grep -q 'client.refused .*code=read_slow' tbhosp.log
arrives 120000 "all that was taken arrives" is_all_answered opendoor tbhosp
goes "a referral after it" after
federation_end
