#!/bin/bash
# Gateways are killed at random moments while a program hands referrals over.
# What it was told OK is at both ends, once; nothing else is. TAP.
# Usage: kill.sh BUILD SOURCE [COUNT [dials_out]]
# SEED=n repeats a run's choices. dials_out: nobody can reach who sends.
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

kill_count=${3:-50}
life_ms_max=500  # between two deaths
youth_ms_max=250 # a gateway takes about half of it to be ready
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
note "seed $seed"
RANDOM=$seed

federation_pair "${@:4}"
follow() { # AGENCY
    "$outside_client" follow -s "$(socket_of "$1")" -c follower \
        -o "seen.$1" 2>>"follow-$1.log" &
    helper_pid[follow-$1]=$!
}
follow opendoor
follow tbhosp
"$outside_client" submit -s "$(socket_of opendoor)" -o confirmed \
    -t "${agency_id[tbhosp]}" -p k >submit.out 2>submit.log &
helper_pid[submit]=$!
is_begun() { [[ -s confirmed ]]; }
wait_until 10000 "the first referral is confirmed" is_begun

# ---- Deaths

# A moment, not a wait: nothing is expected of it.
moment() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

since=$(now_ms)
young_count=0
victim=opendoor
for ((i = 0; i < kill_count; i++)); do
    if ((RANDOM % 4 == 0)); then
        # again, before it is ready or just after
        moment "$youth_ms_max"
        is_healthy "$victim" || young_count=$((young_count + 1))
    else
        for agency in opendoor tbhosp; do
            wait_until "$READY_MS_MAX" "$agency is ready" \
                is_up_or_gone "$agency"
        done
        moment "$life_ms_max"
        victims=(opendoor tbhosp)
        victim=${victims[RANDOM % 2]}
    fi
    gateway_kill "$victim"
    gateway_launch "$victim"
    if ((i % 10 == 5)); then
        # programs die too, and go on where they were
        helper_end "follow-$victim" KILL
        ((helper_status == 137)) || fail "the follower at $victim lived" \
            "it ended with $helper_status"
        follow "$victim"
    fi
done
pass "$kill_count deaths"
note "in $(($(now_ms) - since)) ms, $young_count of them before it was ready"
for program in submit follow-opendoor follow-tbhosp; do
    expect "$program is still there" kill -0 "${helper_pid[$program]}"
done

# ---- Healing

before=$(wc -l <confirmed)
is_going_on() { (($(wc -l <confirmed) > before + 5)); }
for agency in opendoor tbhosp; do
    arrives "$READY_MS_MAX" "$agency is ready again" is_healthy "$agency"
done
arrives 10000 "referrals are taken again" is_going_on
helper_end submit KILL # with one referral in hand at most
for agency in opendoor tbhosp; do
    other=tbhosp
    [[ $agency == opendoor ]] || other=opendoor
    arrives 30000 "what $agency had to say is said and answered" \
        is_all_answered "$agency" "$other"
done
note "$(wc -l <confirmed) referrals confirmed"

# ---- The account

awk '{ print $2, $1 }' confirmed | sort >confirmed.names
# what was in hand when the program died may be there, and no other
in_hand=k-$(($(wc -l <confirmed) + 1))
for agency in opendoor tbhosp; do
    expect "everything at $agency can be read" account "$agency" || continue
    awk '{ print $1 }' "names.$agency" >"ids.$agency"
    awk '{ print $2 }' "names.$agency" | sort >"keys.$agency"
    awk -v key="$in_hand" '$2 != key' "names.$agency" >"told.$agency"
    expect_nothing "no referral is twice at $agency" uniq -d "ids.$agency"
    expect_nothing "no intention became two at $agency" \
        uniq -d "keys.$agency"
    expect_nothing "whatever was confirmed is at $agency" \
        comm -23 confirmed.names "told.$agency"
    expect_nothing "nothing else is at $agency" \
        comm -13 confirmed.names "told.$agency"
    expect_nothing "and all of it is delivered" \
        awk '$3 != "delivered"' "held.$agency"
done
expect "both ends hold the same" cmp held.opendoor held.tbhosp

# ---- The followers, the ledgers

has_seen_all() { # AGENCY
    awk '$1 != "acknowledged" { print $2 }' "seen.$1" | sort -u >"saw.$1" \
        && [[ -z $(comm -23 ids.tbhosp "saw.$1") ]]
}
for agency in opendoor tbhosp; do
    arrives 20000 "the follower at $agency saw each of them" \
        has_seen_all "$agency"
    helper_end "follow-$agency" TERM
    expect "and nothing again that it had acknowledged" \
        test "$helper_status" = 0
    note "$(grep -vc acknowledged "seen.$agency") events for \
$(sort -u "seen.$agency" | grep -vc acknowledged)"
    try "the ledgers of $agency are intact" 0 $'\tyes\t' \
        ctl "$agency" ledger verify
done
federation_end
