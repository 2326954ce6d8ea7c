#!/bin/bash
# Strangers, and peers and programs gone wrong, at both doors of a gateway, while
# two honest agencies go on with their work. TAP.
# Usage: hostile.sh BUILD SOURCE        SEED=n repeats a run's bytes.
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

growth_kib_max=24576
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
note "seed $seed"
hostile() { python3 "$source_dir/tests/e2e/hostile.py" "$@"; }

# What was freed is not kept: the sanitizer's own habit is not the gateway's.
export ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64
agency_init opendoor
agency_init tbhosp
for agency in opendoor tbhosp; do
    config_set "$agency" limits \
        '{handshake_ms: 1000, idle_ms: 1000, half_open_per_address: 32}'
done
pair_launch
port=${gateway_port[tbhosp]}
openssl req -x509 -newkey ed25519 -nodes -keyout stranger.key \
    -out stranger.crt -subj /CN=stranger -days 30 2>/dev/null \
    || bail "openssl makes no certificate"

rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/${gateway_pid[$1]}/status"; }
# grows NAME AGENCY BEFORE
grows_little() {
    local after
    after=$(rss_kib "$2")
    note "$2: $3 KiB before, $after KiB after"
    expect "$1" test "$((after - $3))" -le "$growth_kib_max"
}
refusal_count() { grep -c "connection.refused code=$1" tbhosp.log; }

# ---- Two strangers, one by one

# s_client gets as far as it can; then the gateway says no.
stranger() {
    timeout 300 openssl s_client -connect "127.0.0.1:$port" -tls1_3 \
        -ign_eof "$@" </dev/null 2>&1
}
try "TLS without a certificate is refused" 1 \
    'certificate required|alert' stranger
arrives 3000 "with its code in the log" grep -q \
    'connection.refused code=certificate' tbhosp.log
# it could be an agency that leaves its card; the storm has what else it says
try "an unknown certificate that says nothing is closed" 0 '^closed' \
    stranger -cert stranger.crt -key stranger.key
try "TLS 1.2 is not spoken" 1 'alert|protocol|wrong version' timeout 300 \
    openssl s_client -connect "127.0.0.1:$port" -tls1_2 -cert stranger.crt \
    -key stranger.key

# ---- A storm, with honest work in it

try "a first storm, to see what memory a storm takes" 0 '' \
    hostile network "$port" "$seed" 110 stranger.crt stranger.key
before=$(rss_kib tbhosp)
"$outside_client" submit -s "$(socket_of opendoor)" -o confirmed \
    -t "${agency_id[tbhosp]}" -p honest >submit.out 2>submit.log &
helper_pid[submit]=$!
hostile network "$port" "$((seed + 1))" 330 stranger.crt stranger.key \
    >storm.out 2>&1 &
helper_pid[storm]=$!
is_storm_over() { ! kill -0 "${helper_pid[storm]}" 2>/dev/null; }
has_confirmed() { (($(wc -l <confirmed) >= $1)); }
arrives 10000 "referrals are taken in the storm" has_confirmed 20
first_id=$(awk 'NR == 1 { print $2 }' confirmed)
arrives 10000 "and arrive" is_state tbhosp "$first_id" delivered
# an honest agency comes back in the middle of it
gateway_stop opendoor || fail "Open Door's gateway ends" "$output"
gateway_start opendoor
count=$(wc -l <confirmed)
arrives 10000 "an agency that comes back finds room" \
    has_confirmed $((count + 20))
last_id=$(awk 'END { print $2 }' confirmed)
arrives 10000 "and what it says arrives" is_state tbhosp "$last_id" delivered
wait_until 60000 "the storm is over" is_storm_over
status=0
wait "${helper_pid[storm]}" || status=$?
unset "helper_pid[storm]"
if ((status == 0)); then
    pass "every one of 330 is closed in its time"
else
    fail "every one of 330 is closed in its time" "$(cat storm.out)"
fi
note "$(cat storm.out)"
helper_end submit TERM
expect "the honest program saw nothing of it" test "$helper_status" = 0
arrives 20000 "all is said and answered" is_all_answered opendoor tbhosp
for code in tls certificate oversize handshake_timeout; do
    expect "the log has code=$code" test "$(refusal_count "$code")" -gt 0
done
grows_little "memory does not follow the storm" tbhosp "$before"

# ---- A peer gone wrong

# Its TLS key is known, so it gets as far as frames.
before=$(rss_kib tbhosp)
try "each of 35 broken frames of a known key costs its connection" 0 '' \
    hostile peer "$port" "$seed" 35 opendoor/keys/tls-1.crt \
    opendoor/keys/tls-1.pem
note "$output"
for code in oversize frame_timeout malformed; do
    arrives 3000 "the log has code=$code" grep -q \
        "connection.refused code=$code" tbhosp.log
done
expect "junk that no key opens is refused" grep -q 'peer.refused' tbhosp.log
grows_little "memory does not follow it" tbhosp "$before"
try "the ledgers are intact" 0 $'\tyes\t' ctl tbhosp ledger verify

# ---- Programs of the agency gone wrong

socket=$(socket_of tbhosp)
try "a first storm at the local socket" 0 '' hostile local "$socket" "$seed" 70
before=$(rss_kib tbhosp)
try "each of 210 broken programs is closed or answered" 0 '' \
    hostile local "$socket" "$((seed + 1))" 210
note "$output"
grows_little "memory does not follow them" tbhosp "$before"
try "80 connections of one user at once: 64 stay" 0 '^64$' \
    hostile crowd "$socket" 80
for code in frame_size share; do
    expect "the log has code=$code" grep -q "client.refused .*code=$code" \
        tbhosp.log
done
is_served() { ctl tbhosp status; }
arrives 3000 "an honest program is served" is_served

# ---- After all that

ctl opendoor referral list >/dev/null || fail "the list is there"
referral_write referral.yaml
referral_send referral.yaml after
arrives 10000 "a referral goes through" is_state tbhosp "$referral_id" delivered
federation_end
