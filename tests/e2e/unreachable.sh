#!/bin/bash
# What happens while the other agency cannot be reached, and when it is there
# again. TAP. Usage: unreachable.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

agency_init opendoor
agency_init tbhosp
# Once it failed, we shall not try again within this test: what arrives arrives
# because the other side spoke first.
config_set opendoor retry '{delay_ms_min: 3600000, delay_ms_max: 3600000}'
pair_launch
wait_until 10000 "all is answered" is_all_answered opendoor tbhosp
wait_until 10000 "all is answered" is_all_answered tbhosp opendoor

# ---- It is down

note "the hospital's gateway stops"
gateway_stop tbhosp || fail "the hospital's gateway ends cleanly" "$output"
referral_write referral.yaml
referral_send referral.yaml down-1
first=$referral_id
pass "a referral is taken while the peer is down"
expect "it is sent, not delivered" is_state opendoor "$first" sent
referral_send referral.yaml down-1
expect "the same key again is the same referral" test "$referral_id" = "$first"
referral_send referral.yaml down-2
second=$referral_id

is_failing() { [[ $(peer_field opendoor tbhosp state) == failing ]]; }
arrives 5000 "the peer is shown as failing" is_failing
expect "what waits is counted" test \
    "$(peer_field opendoor tbhosp queued)" -ge 2
expect "with the code" test \
    "$(peer_field opendoor tbhosp problem)" = unreachable
expect "failing since when" test \
    "$(peer_field opendoor tbhosp failing_since_ms)" -gt 0
next_ms=$(peer_field opendoor tbhosp next_try_ms)
expect "the next try is told" test "$next_ms" -gt "$(($(now_ms) + 1000000))"
# last heard, failing since, next try
times=$'(\t[0-9-]+T[0-9:]+Z){3}'
try "status shows it to people" 0 \
    $'City TB Hospital\tfailing\tyes\t2\t.*\tunreachable$' \
    ctl opendoor status
try "so does the list of peers" 0 \
    $'City TB Hospital\tfailing\tyes\t2\t0'"$times"$'\tunreachable$' \
    ctl opendoor peer list
expect "the log says it once for each try" test \
    "$(grep -c 'peer.failed .*code=unreachable' opendoor.log)" -le 2
try "the gateway is still ready" 0 '' is_healthy opendoor

# ---- It comes back

since=$(now_ms)
gateway_start tbhosp
arrives 10000 "it arrives without anybody doing anything" \
    is_state opendoor "$first" delivered
note "after $(($(now_ms) - since)) ms"
arrives 5000 "the other one too" is_state opendoor "$second" delivered
expect "the hospital has it" is_state tbhosp "$first" delivered
arrives 5000 "nothing waits any more" is_all_answered opendoor tbhosp
expect "the peer is not failing any more" test \
    "$(peer_field opendoor tbhosp failing_since_ms)" = 0
expect "nor is there a problem" test -z \
    "$(peer_field opendoor tbhosp problem)"
expect "nor a next try" test "$(peer_field opendoor tbhosp next_try_ms)" = 0
expect "the log says it" grep -q 'peer.recovered' opendoor.log

# ---- The cable is pulled with a parcel on its way

# A stopped process takes the bytes and does not answer: the parcel is in
# flight for as long as we like.
is_in_flight() {
    grep -q 'parcel.sent' <(tail -n "+$((sent_before + 1))" opendoor.log)
}
config_set opendoor log '{level: debug}'
gateway_stop opendoor || fail "Open Door's gateway ends cleanly" "$output"
gateway_start opendoor
wait_until 10000 "the line is settled" is_settled opendoor tbhosp
wait_until 10000 "all is answered" is_all_answered opendoor tbhosp
sent_before=$(wc -l <opendoor.log)
kill -STOP "${gateway_pid[tbhosp]}"
referral_send referral.yaml flight-1
third=$referral_id
arrives 5000 "the parcel leaves" is_in_flight
expect "it is not delivered before it is signed for" \
    is_state opendoor "$third" sent
kill -KILL "${gateway_pid[tbhosp]}"
wait "${gateway_pid[tbhosp]}" 2>/dev/null
unset "gateway_pid[tbhosp]"
arrives 5000 "the loss is noticed" is_failing
gateway_start tbhosp
arrives 10000 "the same parcel goes again, and arrives" \
    is_state opendoor "$third" delivered
expect "the hospital has it" is_state tbhosp "$third" delivered
expect "three referrals, none twice" test \
    "$(ctl tbhosp referral list | wc -l)" = 3
for agency in opendoor tbhosp; do
    try "the ledgers of $agency are intact" 0 '' ctl "$agency" ledger verify
done
federation_end
