#!/bin/bash
# A gateway is restored from an old copy, another loses all but its keys: both
# get back what the other holds, nothing is lost, nothing signed twice. TAP.
# Usage: recover.sh BUILD SOURCE [dials_out]
# dials_out: nobody can reach the first. It brings what the other lost.
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"

federation_pair "${@:3}"

act() { # AGENCY REFERRAL STEP...
    output=$(ctl "$1" referral act "${@:2}" 2>&1) \
        || bail "$1: ${*:3}: $output"
}
has_logged() { grep -q -- "$2" "$1.log"; }
# generation_of AGENCY WAY: of its ledger with the other
generation_of() {
    ctl "$1" --json ledger list | awk -v way="$2" '
        $1 == "\"direction\":" { is_it = index($2, way) > 0 }
        is_it && $1 == "\"generation\":" { gsub(/[",]/, "", $2); print $2 }'
}
all_is_here_again() { # NAME
    arrives 60000 "$1: both ends are at rest" is_at_rest
    account opendoor && account tbhosp || bail "the accounts: $1"
    expect "$1: both ends have the same, in the same states" \
        cmp -s held.opendoor held.tbhosp
    expect "$1: and all that was there before" cmp -s held.before held.opendoor
    expect "$1: ledgers hold at one end" ctl opendoor ledger verify
    expect "$1: and at the other" ctl tbhosp ledger verify
}

# ---- An old copy

submit 5 early
arrives 20000 "the first are there" is_at_rest
down opendoor
cp -a opendoor/store old-store || bail "the copy"
up opendoor
submit 200 late
referral_write late.yaml
referral_send late.yaml opened
opened=$referral_id
arrives 30000 "and 200 more" is_at_rest
act tbhosp "$opened" opened --role intake_nurse
arrives 10000 "a step of the hospital" is_state opendoor "$opened" seen
arrives 10000 "all is answered" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"
generation=$(generation_of opendoor out)
down opendoor
rm -r opendoor/store || bail "its store"
cp -a old-store opendoor/store
up opendoor
all_is_here_again "an old copy"
expect "it says so in its log" has_logged opendoor ledger.recovered
differs() { [[ -n $1 && -n $2 && $1 != "$2" ]]; }
expect "its ledger goes on in a new generation" \
    differs "$generation" "$(generation_of opendoor out)"

# ---- An old copy, and nobody to show it

status_says() { [[ $(ctl "$1" status) == *"$2"* ]]; }
down opendoor
rm -rf old-store
cp -a opendoor/store old-store || bail "the copy"
up opendoor
submit 3 more
arrives 20000 "three more are there" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"
generation=$(generation_of opendoor out)
down opendoor
down tbhosp
rm -r opendoor/store || bail "its store"
cp -a old-store opendoor/store
up opendoor
expect "alone, it says that its store is an older copy" \
    status_says opendoor older
doctor_says() { [[ $(ctl "$1" doctor 2>/dev/null) == *"$2"* ]]; }
expect "doctor does" doctor_says opendoor "an older copy of the one"
expect "its log does" has_logged opendoor "store.lost losses=2 code=older"
down opendoor
up opendoor
expect "and after a restart" status_says opendoor older
up tbhosp
all_is_here_again "an old copy, noticed alone"
says_no() { ! status_says "$@"; }
expect "no loss is told any more" says_no opendoor older
expect "its ledger goes on in a new generation" \
    differs "$generation" "$(generation_of opendoor out)"

# ---- The same store, after a crash

generation=$(generation_of opendoor out)
submit 3 last
gateway_kill opendoor
up opendoor
arrives 20000 "after a crash both are at rest" is_at_rest
same() { [[ -n $1 && $1 == "$2" ]]; }
expect "its ledger goes on in the same generation" \
    same "$generation" "$(generation_of opendoor out)"
account opendoor && cp held.opendoor held.before || bail "the account before"

# ---- Nothing but the keys

down tbhosp
rm -r tbhosp/store tbhosp/store.made tbhosp/vault || bail "its store"
up tbhosp
befriend tbhosp opendoor
all_is_here_again "nothing but the keys"
expect "it says so in its log" has_logged tbhosp ledger.recovered
expect "the agreement is in force again" is_in_force tbhosp
referral_write after.yaml
referral_send after.yaml after
arrives 20000 "and a new referral arrives" is_state tbhosp "$referral_id" \
    delivered

federation_end
