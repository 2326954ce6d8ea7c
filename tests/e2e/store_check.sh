#!/bin/bash
# A store is looked at while the gateway works and while it is stopped; what is
# damaged is named, taken out, and taken back from who holds it. TAP.
# Usage: store_check.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"
damage="$source_dir/tests/e2e/store_check.py"

is_at_rest() {
    is_settled opendoor tbhosp && is_settled tbhosp opendoor \
        && is_all_answered opendoor tbhosp && is_all_answered tbhosp opendoor
}
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}
findings() { # AGENCY FIELD: its values, each once
    ctl "$1" --json store check --offline 2>/dev/null \
        | awk -v field="\"$2\":" '$1 == field { gsub(/[",]/, "", $2)
            print $2 }' | sort -u | tr '\n' ' '
}

eval "plain_$(declare -f mou_write)"
mou_write() { # with dates at which something goes
    plain_mou_write
    printf 'retention: {referral_content_days: 60, identifiers_days: 30}\n' \
        >>mou.yaml
}
federation_pair
for i in 1 2 3 4 5 6; do
    referral_write "$i.yaml" "reason $i" "Person $i"
    referral_send "$i.yaml" "key$i"
done
arrives 20000 "the referrals are there" is_at_rest
ctl tbhosp referral act "$referral_id" opened --role intake_nurse >/dev/null
ctl opendoor referral act "$referral_id" withdraw --actor person >/dev/null
ctl opendoor feed follow --once --ack >/dev/null
arrives 20000 "steps, too" is_at_rest

# ---- Sound

for agency in opendoor tbhosp; do
    try "it works, and all of $agency is whole" 0 'all is whole' \
        ctl "$agency" store check
    try "as JSON" 0 '"whole": true' ctl "$agency" --json store check
done
try "nobody else looks at its files" 5 'another process' \
    ctl opendoor store check --offline
try "nothing is repaired under it" 1 'while nobody uses it' \
    ctl opendoor store check --repair
account opendoor && cp held.opendoor held.before || bail "the account"
down opendoor
try "stopped, all is whole" 0 'all is whole' \
    ctl opendoor store check --offline
expect "and nothing was changed by looking" \
    test "$(ctl opendoor --json store check --offline | grep -c damage)" = 0
try "it needs to be told where" 1 'which gateway' \
    "$referctl" store check --offline
cp -a opendoor opendoor.sound
down tbhosp
cp -a tbhosp tbhosp.sound
gateway_start tbhosp

# ---- Damaged: each kind of row is named by its table

again() { # the sound files, in place of the others
    rm -r opendoor && cp -a opendoor.sound opendoor
}
declare -A table=([e]=entries [c]=contents [r]=referrals [f]=events
    [l]=ledgers [p]=peers [m]=agreements [h]=cards [u]=cursors
    [k]="keys of programs")
for letter in e c r f l p m h u k; do
    again
    python3 "$damage" opendoor/store/data.mdb "$letter" \
        || bail "no row of $letter"
    try "a bit of ${table[$letter]} is found" 3 "damaged.*${table[$letter]}" \
        ctl opendoor store check --offline
done

# ---- A content comes back in place, while the gateway works

again
expect "a content is damaged" \
    python3 "$damage" opendoor/store/data.mdb c 3
gateway_start opendoor
wait_until 20000 "both ends are at rest" is_at_rest
ctl opendoor store check >found 2>&1
expect "the gateway finds it" grep -Eq 'damaged.*contents' found
has_mended() { grep -q 'store.mended' opendoor.log; }
arrives 20000 "and takes it back from the other agency" has_mended
is_whole() { ctl opendoor store check; }
arrives 20000 "then all is whole" is_whole
account opendoor && account tbhosp || bail "the accounts"
expect "with every referral as it was" cmp -s held.before held.opendoor
expect "the ledgers hold, and go on as they were" ctl opendoor ledger verify
expect "nothing was lost or renewed" \
    test "$(grep -Ec 'ledger.(renewed|recovering)' opendoor.log)" = 0
down opendoor
try "the files are whole, too" 0 'all is whole' \
    ctl opendoor store check --offline

# ---- Words that nobody else has

down tbhosp
gateway_start opendoor
referral_write damaged.yaml
referral_send damaged.yaml damaged
damaged_id=$referral_id
down opendoor
expect "words that wait are damaged" \
    python3 "$damage" opendoor/store/data.mdb c -1
gateway_start opendoor
referral_write behind.yaml
referral_send behind.yaml behind
gateway_start tbhosp
stands_still() { ctl opendoor peer list | grep -q damaged_here; }
arrives 20000 "and hold up what was said after them" stands_still
try "it is named of whom they are" 3 "content.*referrals.*$damaged_id" \
    ctl opendoor store check
try "and what to do" 3 'referctl erase' ctl opendoor store check
try "which a doctor says, too" '' 'damaged_here.*referctl erase' \
    ctl opendoor doctor
expect "that is done" ctl opendoor erase "$damaged_id" --reason person_asked \
    --yes
arrives 5000 "and the rest goes at once" \
    is_state tbhosp "$referral_id" delivered
arrives 20000 "then all is whole here" is_whole
down opendoor
down tbhosp
rm -r tbhosp && cp -a tbhosp.sound tbhosp
gateway_start tbhosp

# ---- What can be forgotten is taken out, and nothing else

again
for letter in u k; do
    python3 "$damage" opendoor/store/data.mdb "$letter"
done
try "a program's key and position are taken out" 0 'damaged rows are out' \
    ctl opendoor store check --offline --repair
try "then all is whole" 0 'all is whole' ctl opendoor store check --offline
gateway_start opendoor
account opendoor || bail "the account"
expect "with every referral" cmp -s held.before held.opendoor
down opendoor

# ---- What follows from other rows is written again

for letter in x w; do
    again
    python3 "$damage" opendoor/store/data.mdb "$letter" \
        || bail "no row of $letter"
    try "a row that follows from others is written again ($letter)" 0 \
        'written again' ctl opendoor store check --offline --repair
    try "and all is whole" 0 'all is whole' \
        ctl opendoor store check --offline
    gateway_start opendoor
    account opendoor || bail "the account"
    expect "with every referral" cmp -s held.before held.opendoor
    down opendoor
done
again
python3 "$damage" opendoor/store/data.mdb x
python3 "$damage" opendoor/store/data.mdb u
try "beside what is taken out" 0 'damaged rows are out' \
    ctl opendoor store check --offline --repair
try "and then all is whole" 0 'all is whole' \
    ctl opendoor store check --offline

# ---- Who it is cannot be taken out

again
python3 "$damage" opendoor/store/data.mdb p
try "an agency's row is not guessed" 3 'cannot be taken out alone' \
    ctl opendoor store check --offline --repair --yes

# ---- What others hold comes back

again
python3 "$damage" opendoor/store/data.mdb e 2
python3 "$damage" opendoor/store/data.mdb c 3
try "a gateway does not serve what is damaged" 3 'damaged' \
    ctl opendoor store check --offline
try "without a word nothing is taken out" 3 'nothing was changed' \
    ctl opendoor store check --offline --repair
try "with it, all that others hold is" 0 'takes back' \
    ctl opendoor store check --offline --repair --yes
try "what is left waits for them" 3 'keys of programs' \
    ctl opendoor store check --offline
gateway_start opendoor
arrives 60000 "it takes back what the other holds" is_at_rest
same() { account opendoor && account tbhosp \
    && cmp held.opendoor held.tbhosp && cmp held.before held.opendoor; }
arrives 20000 "every referral is as it was, at both ends" same
expect "ledgers hold" ctl opendoor ledger verify
try "and all is whole again" 0 'all is whole' ctl opendoor store check
referral_write new.yaml
referral_send new.yaml new
arrives 20000 "and a new referral goes" is_state tbhosp "$referral_id" delivered

# ---- A vault of before

down opendoor
cp opendoor/vault vault.before
gateway_start opendoor
expect "what is erased changes the vault" ctl opendoor erase "$referral_id" \
    --reason person_asked --yes
referral_write last.yaml
referral_send last.yaml last
arrives 20000 "and more follows" is_state tbhosp "$referral_id" delivered
down opendoor
cp vault.before opendoor/vault
try "an older vault is named as what it is" 3 \
    'vault: is older than the store' ctl opendoor store check --offline

federation_end
