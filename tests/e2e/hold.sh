#!/bin/bash
# What an agency said in a referral that has ended is kept until the other's
# programs took it, and 30 days more; then it goes, and what proves it stays.
# Both clocks of all programs here are a file that libfaketime reads: days pass
# for the gateways, as on a machine that sleeps. TAP.
# Usage: hold.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

faketime=
for candidate in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    [[ -e $candidate ]] && faketime=$candidate
done
if [[ -z $faketime ]]; then
    skip "words that are kept, and go" "libfaketime is not installed"
    federation_end
fi
# a sanitizer's runtime has to come before anything that is preloaded
sanitizer=$(ldd "$referd" | awk '/libasan/ { print $3 }')

clock_set() { printf '%s\n' "$1" >clock.new && mv clock.new clock; }
clock_set +0d
export FAKETIME_TIMESTAMP_FILE=$folder/clock FAKETIME_NO_CACHE=1
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

# shown AGENCY FIELD: of the referral, as `referral show --json` has it.
shown() {
    ctl "$1" --json referral show "$first" \
        | sed -n "s/^ *\"$2\": \(.*[^,]\),\{0,1\}\$/\1/p" | head -1
}
# ledger_field AGENCY DIRECTION FIELD
ledger_field() {
    ctl "$1" --json ledger list | python3 -c '
import json, sys
for one in json.load(sys.stdin):
    if one["direction"] == sys.argv[1]:
        print(one[sys.argv[2]])' "$2" "$3"
}
take() { # AGENCY: its program reads what is there
    ctl "$1" feed follow --cursor ward --ack --once >/dev/null
}
has_taken() { # AGENCY: of what the other said
    [[ $(ledger_field "$1" in collected) == \
        "$(ledger_field "$1" in size)" ]]
}
is_known() { # AGENCY SIZE: that the other's programs took more than that
    (($(ledger_field "$1" out collected) > $2))
}
takes() {
    take "$1"
    has_taken "$1"
}
says() { ctl "$1" referral show "$first" 2>&1 | grep -q -- "$2"; }
is_kept() { says "$1" "$2" && [[ -z $(shown "$1" let_go_ms) ]]; }
is_dated() { [[ -n $(shown "$1" kept_until_ms) ]]; }
is_gone() { [[ -n $(shown "$1" let_go_ms) ]] && ! says "$1" "$2"; }
verifies() {
    local agency
    for agency in opendoor tbhosp; do
        [[ $(ctl "$agency" ledger verify | cut -f 4 | sort -u) == yes ]] \
            || return 1
    done
}
both_settled() { is_settled opendoor tbhosp && is_settled tbhosp opendoor; }
# days TO: so many have passed, and both have looked what is to go.
days() {
    clock_set "+$1d"
    for agency in opendoor tbhosp; do
        wait_until 20000 "$agency answers on day $1" is_up "$agency"
    done
    wait_until 60000 "they talk on day $1" both_settled
}

# ---- A referral that ends

federation_pair
take opendoor
take tbhosp
referral_write referral.yaml
referral_send referral.yaml first
first=$referral_id
arrives 20000 "a referral" is_state tbhosp "$first" delivered
ctl tbhosp referral act "$first" opened --role intake_nurse >/dev/null
ctl tbhosp referral act "$first" decline reason=NO_CAPACITY \
    next_option="the clinic next door" >/dev/null
arrives 20000 "is declined" is_state opendoor "$first" declined
before=$(ledger_field tbhosp in collected)
expect "held and signed for is not taken" \
    [ "$before" -lt "$(ledger_field tbhosp in size)" ]
arrives 20000 "the hospital's program takes it" takes tbhosp
arrives 20000 "and Open Door's" takes opendoor
referral_send referral.yaml second
arrives 20000 "another referral" is_state tbhosp "$referral_id" delivered
arrives 20000 "is taken" takes tbhosp

# ---- Days go by

days 2
arrives 60000 "a day later the mark is asked for" is_known opendoor "$before"
days 4
arrives 60000 "it is known until when our words are kept" is_dated opendoor
expect "until then they are there" is_kept opendoor Sasha
expect "and each has the other's" says opendoor "the clinic next door"
take opendoor
days 20
expect "not 30 days later they are kept" is_kept opendoor Sasha
days 36
arrives 60000 "after that they are gone" is_gone opendoor Sasha
expect "the other has them" says tbhosp Sasha
expect "it is no erasure" [ -z "$(shown opendoor erased_ms)" ]
expect "the state stays" is_state opendoor "$first" declined
expect "what goes on is kept" \
    grep -q Sasha <<<"$(ctl opendoor referral show "$referral_id")"
expect "the ledgers verify" verifies
try "evidence is made" 0 "" ctl opendoor evidence export "$first" -o proof
expect "and verifies, by the headers" \
    faked "$referctl" --socket /nowhere evidence verify proof
no_word() { ! grep -rq "Sasha" proof; }
expect "no word of ours in any file of it" no_word

# under a steady clock that jumps, threads that wait for a moment wait for long
gateway_kill opendoor
gateway_kill tbhosp
federation_end
