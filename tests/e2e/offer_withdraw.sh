#!/bin/bash
# The person does not want to go on, takes consent back, or was the wrong one;
# and what happens when that crosses something else. TAP.
# Usage: offer_withdraw.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

federation_pair
# holds_none AGENCY TEXT: nothing anywhere in its files, nor in its log
# (no grep -q behind a pipe: it would end the program before it)
holds_none() {
    [[ $(find "$1" "$1.log" -type f -exec strings -a {} + |
        grep -cE -- "$2") == 0 ]]
}
# tells AGENCY REFERRAL PATTERN
tells() {
    local text
    text=$(ctl "$1" referral show "$2") && grep -Eq -- "$3" <<<"$text"
}
tells_not() {
    local text
    text=$(ctl "$1" referral show "$2") || return 1
    ! grep -Eq -- "$3" <<<"$text"
}
act() { # AGENCY REFERRAL STEP...
    output=$(ctl "$1" referral act "${@:2}" 2>&1) \
        || bail "$1: ${*:3}: $output"
}
both_become() { # NAME REFERRAL STATE
    arrives 10000 "$1: at Open Door" is_state opendoor "$2" "$3"
    arrives 10000 "$1: at the hospital" is_state tbhosp "$2" "$3"
}
all_said() {
    is_all_answered opendoor tbhosp && is_all_answered tbhosp opendoor
}
send() { # KEY CANARY: the id in $referral_id
    referral_write "$1.yaml" "I have a cough. $2" "$2"
    referral_send "$1.yaml" "$1"
}
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}

# ---- Before anyone heard of it

down tbhosp
# The first is numbered, and on its way for as long as it takes; what is after
# it only waits.
send flying CanaryFlying
flying=$referral_id
send early CanaryEarly
early=$referral_id
expect "the referral waits" is_state opendoor "$early" sent
expect "with what the person said" tells opendoor "$early" CanaryEarly
act opendoor "$early" withdraw --actor person
expect "withdrawn while it waits: it is, at once" \
    is_state opendoor "$early" withdrawn
expect "nothing waits for an answer" tells opendoor "$early" $'^pending\t0$'
expect "what the person said is gone" tells_not opendoor "$early" CanaryEarly
act opendoor "$flying" withdraw --actor person
expect "withdrawn on its way: it is, at once" \
    is_state opendoor "$flying" withdrawn
expect "and what the person said is gone" \
    tells_not opendoor "$flying" CanaryFlying
# another one after them, so that there is something to arrive
send later CanaryLater
later=$referral_id
gateway_start tbhosp
both_become "the next one is delivered" "$later" delivered
arrives 10000 "all is said and answered" all_said
for id in "$early" "$flying"; do
    try "the hospital does not know it" 4 'there is no such thing' \
        ctl tbhosp referral show "$id"
    expect "at Open Door it stays withdrawn" \
        is_state opendoor "$id" withdrawn
done
expect "nothing is pending" tells opendoor "$flying" $'^pending\t0$'
expect "the hospital has one referral" test \
    "$(ctl tbhosp referral list | wc -l)" = 1
expect "what the person said can be told" tells tbhosp "$later" CanaryLater
for agency in opendoor tbhosp; do
    expect "and nothing of it can be read in the files of $agency" \
        holds_none "$agency" 'Canary|k7m2p9x4w8q3'
done
# two numbered entries without their content, and the one that arrived
ctl tbhosp ledger show "${agency_name[opendoor]}" in >in.tsv
expect "the ledger has the empty places, and never heard of the other" test \
    "$(awk -F '\t' '$2 == "referral_event" { print $5 }' in.tsv | xargs)" \
    = "no no yes"

# ---- After delivery

act opendoor "$later" withdraw --actor person
expect "withdrawn after delivery: at once here" \
    is_state opendoor "$later" withdrawn
both_become "withdrawn after delivery" "$later" withdrawn
try "the hospital cannot go on" 3 'STATE' \
    ctl tbhosp referral act "$later" accept offer=tomorrow

send there CanaryThere
both_become "a third one is delivered" "$referral_id" delivered
act tbhosp "$referral_id" opened --role intake
act tbhosp "$referral_id" withdraw --actor person
both_become "withdrawn at the hospital's desk" "$referral_id" withdrawn

# ---- Consent taken back

send consent CanaryConsent
consent=$referral_id
both_become "a referral with consent is delivered" "$consent" delivered
for agency in opendoor tbhosp; do
    expect "$agency can tell what was said" tells "$agency" "$consent" \
        CanaryConsent
done
act opendoor "$consent" consent_revoked --actor person
arrives 10000 "all is said and answered" all_said
for agency in opendoor tbhosp; do
    arrives 5000 "consent taken back: it is erased at $agency" \
        tells_not "$agency" "$consent" 'CanaryConsent|k7m2p9x4w8q3|cough'
    expect "its story stays at $agency" tells "$agency" "$consent" \
        $'^event\t.*\tconsent_revoked\t'
done

# ---- The wrong person, or the wrong place

send wrong CanaryWrong
wrong=$referral_id
both_become "a referral about the wrong person is delivered" "$wrong" delivered
act opendoor "$wrong" wrong_person_or_place what=person
both_become "it is void" "$wrong" void
for agency in opendoor tbhosp; do
    arrives 5000 "it is erased at $agency" \
        tells_not "$agency" "$wrong" 'CanaryWrong|k7m2p9x4w8q3|cough'
done
send place CanaryPlace
place=$referral_id
both_become "one for the wrong place is delivered" "$place" delivered
act tbhosp "$place" wrong_person_or_place what=place
both_become "the hospital says so: it is void" "$place" void
for agency in opendoor tbhosp; do
    arrives 5000 "it is erased at $agency" \
        tells_not "$agency" "$place" 'CanaryPlace|k7m2p9x4w8q3|cough'
done

# ---- Steps that cross

# scheduled KEY CANARY: a referral as far as that, at both ends
scheduled() {
    send "$1" "$2"
    arrives 10000 "$1: delivered" is_state tbhosp "$referral_id" delivered
    act tbhosp "$referral_id" opened --role intake
    act tbhosp "$referral_id" accept offer="any morning"
    arrives 10000 "$1: accepted" is_state opendoor "$referral_id" accepted
    act opendoor "$referral_id" choose_time walk_in=yes --actor person
    both_become "$1" "$referral_id" scheduled
    arrives 10000 "$1: all is said" all_said
}
# cross REFERRAL STEP...: the person arrives while Open Door is away, and Open
# Door takes the step while the hospital is; then both are there again.
cross() {
    down opendoor
    act tbhosp "$1" arrive
    expect "the person is at the door" is_state tbhosp "$1" arrived
    down tbhosp
    gateway_start opendoor
    expect "Open Door does not know" is_state opendoor "$1" scheduled
    act opendoor "$@"
    gateway_start tbhosp
}
scheduled cross-cancel CanaryCancel
crossed=$referral_id
cross "$crossed" cancel reason=NEED_CHANGED person_told=yes
both_become "cancel crosses arrived, and loses" "$crossed" arrived
arrives 5000 "the story tells that it was refused" tells opendoor "$crossed" \
    $'^event\t.*\tcancel\t.*\trefused$'
expect "with the reason" tells opendoor "$crossed" \
    $'^refusal\tSTATE\t'
note "$(ctl opendoor referral show "$crossed" | grep -A1 refused)"
arrives 5000 "nothing is pending" tells opendoor "$crossed" $'^pending\t0$'

scheduled cross-withdraw CanaryWithdraw
crossed=$referral_id
cross "$crossed" withdraw --actor person
both_become "withdraw crosses arrived, and wins" "$crossed" withdrawn

arrives 10000 "all is said" all_said
for agency in opendoor tbhosp; do
    try "the ledgers of $agency are intact" 0 $'\tyes\t' \
        ctl "$agency" ledger verify
done
federation_end
