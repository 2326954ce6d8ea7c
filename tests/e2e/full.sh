#!/bin/bash
# A store, or its disk, that is full: intake is refused in time, what was
# accepted is not lost, and what ends things still gets through. TAP.
# Usage: full.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

size=200000 # of one referral
agency_init opendoor
agency_init tbhosp
for agency in opendoor tbhosp; do
    config_set "$agency" map_size_mib 16
done
pair_launch
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}
submit() { # PREFIX COUNT BYTES: ends with 3 at the first refusal
    "$outside_client" submit -s "$(socket_of opendoor)" -o confirmed \
        -t "${agency_id[tbhosp]}" -p "$1" -n "$2" -b "$3" -x
}
store_percent() {
    ctl "$1" status | awk -F '\t' '$1 == "store_percent" { print $2 }'
}

# ---- The map of who sends

note "the hospital's gateway stops"
down tbhosp
try "big referrals fill it until one is refused" 3 'REFER_BUSY' \
    submit big 200 $size
refusal=$output
expect "the refusal is one to try again later" grep -q TRY_LATER <<<"$refusal"
expect "the remedy names the key" grep -q \
    'raise map_size_mib in referd.yaml and restart' <<<"$refusal"
note "$(grep confirmed <<<"$refusal"), $(store_percent opendoor) % full"
try "health says that it takes nothing in" 3 'not ready' ctl opendoor health
expect "a fair share of it was used" test "$(wc -l <confirmed)" -ge 30
expect "the log says it" grep -q 'store.filled percent=8[0-9]' opendoor.log
referral_write referral.yaml
try "people are told the same" 3 'TRY_LATER at map_size_mib' \
    ctl opendoor referral send referral.yaml
count=$(wc -l <confirmed)
waiting_id=$(awk 'END { print $2 }' confirmed)
try "a withdrawal is taken nevertheless" 0 $'state\twithdrawn' \
    ctl opendoor referral act "$waiting_id" withdraw --actor person
sed -i '$d' confirmed
expect "nothing was lost here" test "$(ctl opendoor referral list \
    | grep -c $'\tsent')" = $((count - 1))

# ---- The peer comes; answers get through

gateway_start tbhosp
arrives 30000 "all of it leaves, and the answers come in" \
    is_all_answered opendoor tbhosp
note "Open Door's store is $(store_percent opendoor) % full, the hospital's \
$(store_percent tbhosp) %"
first_id=$(awk 'NR == 1 { print $2 }' confirmed)
expect "delivered" is_state opendoor "$first_id" delivered
try "the hospital takes steps" 0 '' \
    ctl tbhosp referral act "$first_id" opened --role intake
try "and declines" 0 '' ctl tbhosp referral act "$first_id" decline \
    reason=NO_CAPACITY next_option="the day centre"
arrives 10000 "which Open Door hears" is_state opendoor "$first_id" declined
second_id=$(awk 'NR == 2 { print $2 }' confirmed)
try "the person withdraws" 0 '' \
    ctl opendoor referral act "$second_id" withdraw --actor person
arrives 10000 "which the hospital hears" is_state tbhosp "$second_id" withdrawn
# what ended made room for one or two
try "new ones are soon refused again" 3 'REFER_BUSY' submit still 10 $size

# ---- A larger map

down opendoor
config_set opendoor map_size_mib 64
gateway_start opendoor
try "with a larger map intake goes on" 0 '^20 confirmed' \
    submit more 20 $size

# ---- The map of who receives

# The hospital's is full by now: parcels wait, nothing is lost.
is_busy() { [[ $(peer_field opendoor tbhosp problem) == busy ]]; }
arrives 20000 "the hospital is too full to take more" is_busy
note "the hospital's store is $(store_percent tbhosp) % full"
try "what it has it can tell" 0 '' ctl tbhosp referral show "$first_id"
third_id=$(awk 'NR == 3 { print $2 }' confirmed)
try "steps that can wait are refused with the remedy" 3 \
    'TRY_LATER at map_size_mib' ctl tbhosp referral act "$third_id" opened \
    --role intake
try "what must not wait is taken" 0 $'state\twithdrawn' \
    ctl tbhosp referral act "$third_id" withdraw --actor person
down tbhosp
config_set tbhosp map_size_mib 64
gateway_start tbhosp
arrives 30000 "with a larger map the rest arrives" \
    is_all_answered opendoor tbhosp
# the one that was withdrawn while it waited: the hospital never heard of it
forget() { sed -i "/^$waiting_id /d" "$1"; }
for agency in opendoor tbhosp; do
    account "$agency" || fail "everything at $agency can be read"
done
expect_nothing "the hospital has not the one that was withdrawn" \
    awk -v id="$waiting_id" '$1 == id' names.tbhosp
forget names.opendoor
awk '{ print $2, $1 }' confirmed | sort >expected
for agency in opendoor tbhosp; do
    # a referral that ended early keeps no content, so no key
    awk '{ print $1 }' expected >expected.ids
    awk '{ print $1 }' "names.$agency" >"ids.$agency"
    expect "exactly what was confirmed is at $agency" \
        cmp expected.ids "ids.$agency"
done
for agency in opendoor tbhosp; do
    try "the ledgers of $agency are intact" 0 $'\tyes\t' \
        ctl "$agency" ledger verify
    down "$agency"
done

# ---- The disk

disk=$folder/disk
mkdir "$disk"
if ((EUID != 0)) || ! mount -t tmpfs -o size=24m tmpfs "$disk" 2>/dev/null
then
    skip "a full disk" "needs root and the right to mount"
    federation_end
fi
mv opendoor "$disk/opendoor"
ln -s "$disk/opendoor" opendoor
config_set opendoor data "$disk/opendoor"
config_set opendoor map_size_mib 1024
gateway_start opendoor
before=$(wc -l <confirmed)
try "on a small disk intake ends in time, though the map is large" 3 \
    'TRY_LATER map_size_mib' submit disk 200 $size
note "$(store_percent opendoor) % full"
expect "some of it was used" test "$(wc -l <confirmed)" -gt "$before"
is_running opendoor && pass "the gateway goes on" || fail "the gateway goes on"

# Somebody else fills the rest. What can wait is refused; what must not wait
# takes the last pages, and when there is none a commit fails: then nothing is
# believed any more until the gateway has read its store again.
gateway_start tbhosp
arrives 30000 "what was taken leaves" is_all_answered opendoor tbhosp
dd if=/dev/zero of="$disk/rubbish" bs=64k 2>/dev/null
long=$(head -c 60000 /dev/zero | tr '\0' y)
awk '/^disk-/ { print $2 }' confirmed >disk.ids
act() { ctl opendoor referral act "$@" >>acts 2>&1; }
try "a step that can wait is refused" 3 'TRY_LATER at map_size_mib' \
    ctl opendoor referral act "$(head -n 1 disk.ids)" amend \
    -e companion="$long"
try "so is a new referral" 3 'TRY_LATER' submit more-disk 1 $size
while read -r id; do
    is_running opendoor || break
    act "$id" withdraw --actor person || break
    echo "$id" >>withdrawn.ids
done <disk.ids
if is_running opendoor; then
    expect "every withdrawal was taken" cmp disk.ids withdrawn.ids
    down opendoor
else
    status=0
    wait "${gateway_pid[opendoor]}" || status=$?
    unset "gateway_pid[opendoor]"
    expect "without any room it ends with the status for that" \
        test "$status" = 70
    expect "the log says it" grep -Eq 'store.failed code=ERR_(IO|FULL)' \
        opendoor.log
fi
note "$(wc -l <withdrawn.ids) of $(wc -l <disk.ids) withdrawals on a full disk"
account_before=$(wc -l <confirmed)
rm "$disk/rubbish"
gateway_start opendoor
expect "with room again it starts, and has everything" account opendoor
awk '{ print $2 }' confirmed | sort >expected.ids
awk '{ print $1 }' names.opendoor | grep -v "^$waiting_id" >ids.opendoor
expect_nothing "nothing that was confirmed is lost" \
    comm -23 expected.ids ids.opendoor
note "$account_before referrals"
is_withdrawn() { # all that were said to be
    account opendoor && awk '$3 == "withdrawn" { print $1 }' held.opendoor \
        | sort >gone.ids && sort withdrawn.ids | comm -23 - gone.ids
}
expect_nothing "nor a withdrawal that was taken" is_withdrawn
arrives 30000 "and all of it leaves" is_all_answered opendoor tbhosp
try "the ledgers are intact" 0 $'\tyes\t' ctl opendoor ledger verify
federation_end
