#!/bin/bash
# Two agencies that are off for 30 days, and for 100; and clocks that jump under
# running gateways, by a day and by ten years. The wall clock of all programs
# here is a file that libfaketime reads; the steady clock is the machine's. TAP.
# Usage: apart.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

faketime=
for candidate in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    [[ -e $candidate ]] && faketime=$candidate
done
if [[ -z $faketime ]]; then
    skip "two agencies apart" "libfaketime is not installed"
    federation_end
fi
# a sanitizer's runtime has to come before anything that is preloaded
sanitizer=$(ldd "$referd" | awk '/libasan/ { print $3 }')

clock_set() { printf '%s\n' "$1" >clock.new && mv clock.new clock; }
clock_set +0d
export FAKETIME_TIMESTAMP_FILE=$folder/clock FAKETIME_NO_CACHE=1
export FAKETIME_DONT_FAKE_MONOTONIC=1
# faked COMMAND...: one of ours, under the clock of this test
faked() { env LD_PRELOAD="$sanitizer${sanitizer:+:}$faketime" "$@"; }
ctl() { faked "$referctl" -c "$1/referd.yaml" "${@:2}"; }
gateway_launch() {
    # not faked(): the process has to be the one whose id is known
    LD_PRELOAD="$sanitizer${sanitizer:+:}$faketime" \
        "$referd" -c "$1/referd.yaml" >>"$1.log" 2>&1 &
    gateway_pid[$1]=$!
}
# Dates in agreements and referrals; waiting goes by the machine's clock.
date() {
    if [[ $1 == -u ]]; then
        env LD_PRELOAD="$faketime" date "$@"
    else
        command date "$@"
    fi
}

# ---- What is looked at

logged() { grep -Eq -- "$2" "$1.log"; }
log_count() { grep -Ec -- "$2" "$1.log"; }
days_of() { ls "$1/keys/day"; }
day_of() { printf '%05d.pem' $(($(date -u +%s) / 86400)); }
has_day() { [[ -e $1/keys/day/$(day_of) ]]; }
field_of_health() { grep -q "\"$2\"" <<<"$(ctl "$1" --json health 2>&1)"; }
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}
both_down() { down opendoor; down tbhosp; }
both_up() {
    gateway_launch opendoor
    gateway_launch tbhosp
    for agency in opendoor tbhosp; do
        wait_until "$READY_MS_MAX" "$agency answers" is_up_or_gone "$agency"
        is_running "$agency" || bail "the gateway of $agency ended at once"
    done
}
both_settled() { is_settled opendoor tbhosp && is_settled tbhosp opendoor; }
goes() { # NAME KEY
    referral_write referral.yaml
    referral_send referral.yaml "$2"
    arrives 30000 "$1" is_state tbhosp "$referral_id" delivered
    arrives 30000 "$1, and its sender knows" \
        is_state opendoor "$referral_id" delivered
}
verifies() {
    local agency
    for agency in opendoor tbhosp; do
        [[ $(ctl "$agency" ledger verify | cut -f 4 | sort -u) == yes ]] \
            || return 1
    done
}
is_the_same() { account opendoor && account tbhosp \
    && cmp held.opendoor held.tbhosp && cmp "$1" held.opendoor; }
remember() { account opendoor && cp held.opendoor "$1" || bail "the account"; }

# ---- 30 days apart

federation_pair
goes "a referral before" before
remember held.before
both_down
days_before=$(days_of tbhosp)
clock_set +30d
both_up
expect "after 30 days a gateway has a key for today" has_day tbhosp
expect "doubts the clock, which it cannot know" \
    field_of_health tbhosp clock_in_doubt
no_day_is_gone() {
    local name
    for name in $days_before; do
        [[ -e tbhosp/keys/day/$name ]] || { echo "$name is gone"; return 1; }
    done
}
expect "and has destroyed no key by it" no_day_is_gone
arrives 60000 "neither holds a key of the other's, and they find each other" \
    both_settled
expect "all that was is as it was" is_the_same held.before
goes "a referral after 30 days" after30
expect "and all is believed" verifies

# ---- The clock jumps while they run

# jump TO: both notice; keys are looked after then, as on every reload.
jump() {
    local agency count
    declare -A told=()
    for agency in opendoor tbhosp; do
        told[$agency]=$(log_count "$agency" config.reloaded)
    done
    clock_set "$1"
    for agency in opendoor tbhosp; do
        kill -HUP "${gateway_pid[$agency]}"
    done
    for agency in opendoor tbhosp; do
        count=${told[$agency]}
        reloaded() { (($(log_count "$agency" config.reloaded) > count)); }
        wait_until 10000 "$agency looks after its keys" reloaded
        # one turn more, so that what the jump led to was done
        wait_until 10000 "$agency answers" is_up "$agency"
    done
}
days_stay() {
    local agency name
    for agency in opendoor tbhosp; do
        for name in $(<"days.$agency"); do
            [[ -e $agency/keys/day/$name ]] \
                || { echo "$agency: $name is gone"; return 1; }
        done
    done
}
keys_stay() {
    local agency
    for agency in opendoor tbhosp; do
        (cd "$agency/keys" && sha256sum -c --quiet "$folder/keys.$agency") \
            || return 1
    done
}
for agency in opendoor tbhosp; do
    days_of "$agency" >"days.$agency"
    (cd "$agency/keys" && sha256sum -- *.pem *.crt) >"keys.$agency"
done
remember held.before
for to in +31d +29d +3680d +30d -3620d +30d; do
    jump "$to"
    expect "to $to: no key of a day is destroyed" days_stay
    expect "to $to: nor another" keys_stay
    expect "to $to: every referral is where it was" is_the_same held.before
done
arrives 60000 "with the clock right they talk on" both_settled
goes "a referral after the jumps" jumped
expect "nothing came twice" test "$(sort -u names.opendoor | wc -l)" \
    = "$(wc -l <names.opendoor)"
expect "and all is believed" verifies

# A day ahead, or back, is no reason to stop.
for to in +31d +29d +30d; do
    jump "$to"
    goes "a referral at $to" "at$to"
done

# ---- 100 days apart: every key on the cards is over

remember held.before
both_down
clock_set +130d
both_up
no_talk() {
    local agency
    for agency in opendoor tbhosp; do
        ! is_settled "$agency" "$([[ $agency == opendoor ]] && echo tbhosp \
            || echo opendoor)" || return 1
    done
}
expect "what is held can be read" is_the_same held.before
try "doctor says what to do" 3 'key rotate|new card' \
    ctl opendoor doctor --offline
arrives 10000 "with keys that are over nobody is believed" no_talk
expect "new keys, with the root key" ctl opendoor key rotate all --after 0
expect "at both ends" ctl tbhosp key rotate all --after 0
arrives 60000 "and they find each other, by the last-resort keys of then" \
    both_settled
expect "all that was is as it was" is_the_same held.before
goes "a referral after 100 days" after100
expect "and all is believed" verifies

federation_end
