#!/bin/bash
# What was said about a person is erased at one agency: it is gone from every
# file of both, or the other says that it keeps; old copies bring nothing back,
# and what is signed stays signed. TAP.
# Usage: erase.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

federation_pair
# no grep -q behind a pipe: it would end the program before it
holds_none() { # AGENCY TEXT: nothing anywhere in its files, nor in its log
    [[ $(find "$1" "$1.log" -type f -exec strings -a {} + |
        grep -cE -- "$2") == 0 ]]
}
tells() { # AGENCY REFERRAL PATTERN
    local text
    text=$(ctl "$1" referral show "$2") && grep -Eq -- "$3" <<<"$text"
}
tells_not() {
    local text
    text=$(ctl "$1" referral show "$2") || return 1
    ! grep -Eq -- "$3" <<<"$text"
}
all_said() {
    is_settled opendoor tbhosp && is_settled tbhosp opendoor \
        && is_all_answered opendoor tbhosp && is_all_answered tbhosp opendoor
}
send() { # KEY CANARY PAIRWISE: the id in $referral_id
    referral_write "$1.yaml" "I have a cough. $2" "$2"
    sed -i "s/k7m2p9x4w8q3/$3/" "$1.yaml"
    referral_send "$1.yaml" "$1"
    rm "$1.yaml"
}
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}
up() {
    gateway_launch "$1"
    wait_until "$READY_MS_MAX" "$1 answers" is_up_or_gone "$1"
    is_running "$1" || bail "the gateway of $1 ended at once"
}
verifies() {
    for agency in opendoor tbhosp; do
        try "$1: the ledgers of $agency are intact" 0 $'\tyes\t' \
            ctl "$agency" ledger verify
    done
}
policy() { # AGENCY POLICY
    config_set "$1" erasure_notices "$2"
    kill -HUP "${gateway_pid[$1]}"
    arrives 5000 "$1 takes erasure_notices: $2" \
        grep -q "config.reloaded" "$1.log"
}

# ---- A referral

send first CanaryFirst pairwisefirst
first=$referral_id
arrives 10000 "a referral is delivered" is_state tbhosp "$first" delivered
arrives 10000 "and answered" all_said
expect "the hospital reads what was said" tells tbhosp "$first" CanaryFirst
try "why has to be said" 1 'no reason was given' \
    ctl opendoor erase "$first"
try "in no words of one's own" 1 'no such reason' \
    ctl opendoor erase "$first" --reason "she asked" --yes
try "a script says yes, or nothing happens" 1 'nothing was erased' \
    ctl opendoor erase "$first" --reason person_asked
try "it can be asked what would go" 0 $'\t1\tno' \
    ctl opendoor erase "$first" --dry-run
expect "then nothing goes" tells opendoor "$first" CanaryFirst
try "it is erased" 0 $'\t1\tno\twaiting$' \
    ctl opendoor erase "$first" --reason person_asked --yes
for agency in opendoor tbhosp; do
    arrives 10000 "it is gone at $agency" \
        tells_not "$agency" "$first" 'CanaryFirst|pairwisefirst|cough'
    expect "its story stays at $agency" tells "$agency" "$first" \
        $'^event\t.*\terasure\t'
done
arrives 10000 "Open Door hears that it is erased there" \
    tells opendoor "$first" $'^there it is\terased$'
expect "the hospital knows by whom" tells tbhosp "$first" \
    $'^erased by\tthem$'
verifies "erased"
for agency in opendoor tbhosp; do
    expect "$agency exports what proves it" \
        ctl "$agency" evidence export "$first" -o "proof.$agency"
    try "it verifies, and says what was erased" 0 \
        '^erased on .* by Open Door \(person_asked\); at City TB Hospital: erased' \
        "$referctl" --socket /nowhere evidence verify "proof.$agency"
    try "as another reader does" 0 $'\tERASURE\t.*\tperson_asked\t\terased$' \
        python3 "$source_dir/tests/independent/evidence_verify.py" \
        "proof.$agency"
done

try "that something was shared still counts" 0 $'\tgiven\t.*\tsend\t\tno\tyes\t' \
    ctl opendoor disclosures "$first"
printf 'pairwisefirst\n' > person
try "and no longer of whom" 4 'nothing that is held names that person' \
    ctl opendoor disclosures --pairwise person

# ---- One element

send second CanarySecond pairwisesecond
second=$referral_id
arrives 10000 "another referral is delivered" \
    is_state tbhosp "$second" delivered
arrives 10000 "and answered" all_said
try "its contact route is erased, at the hospital" 0 $'\t1\tno\twaiting$' \
    ctl tbhosp erase "$second" --element contact_route --reason law --yes
for agency in opendoor tbhosp; do
    arrives 10000 "$agency has the rest" \
        tells_not "$agency" "$second" 'come by myself'
    expect "with its words at $agency" tells "$agency" "$second" CanarySecond
done
verifies "one element"

# ---- All that names a person

send third CanaryThird pairwisesame
third=$referral_id
send fourth CanaryFourth pairwisesame
fourth=$referral_id
arrives 10000 "two more are delivered" is_state tbhosp "$fourth" delivered
arrives 10000 "and answered" all_said
echo pairwisenobody >nobody
echo pairwisesame >same
try "of nobody there is nothing" 4 'nothing that is held names that person' \
    ctl opendoor erase --pairwise nobody --reason person_asked --yes
output=$(ctl opendoor erase --pairwise same --dry-run)
expect "a person has two" test "$(wc -l <<<"$output")" = 2
output=$(ctl opendoor disclosures --pairwise same)
expect "and is told who has got their data" \
    test "$(grep -c $'\tgiven\tCity TB Hospital\tsend\t.*call_name' <<<"$output")" = 2
expect "both are erased" \
    ctl opendoor erase --pairwise same --reason person_asked --yes
rm same nobody
for agency in opendoor tbhosp; do
    for id in "$third" "$fourth"; do
        arrives 10000 "it is gone at $agency" \
            tells_not "$agency" "$id" 'CanaryThird|CanaryFourth|pairwisesame'
    done
    expect "nothing that was erased is in the files of $agency" \
        holds_none "$agency" 'Canary|pairwise(first|same)'
done

# ---- Old copies

send fifth CanaryFifth pairwisefifth
fifth=$referral_id
arrives 10000 "one more is delivered" is_state tbhosp "$fifth" delivered
arrives 10000 "and answered" all_said
for agency in opendoor tbhosp; do
    down "$agency"
    cp -a "$agency/store" "old-$agency" || bail "the copy"
    up "$agency"
done
arrives 20000 "both are at rest" all_said
expect "it is erased" ctl opendoor erase "$fifth" --reason person_asked --yes
arrives 10000 "at both" tells opendoor "$fifth" $'^there it is\terased$'
for agency in opendoor tbhosp; do
    down "$agency"
    rm -r "$agency/store" || bail "its store"
    cp -a "old-$agency" "$agency/store"
    up "$agency"
    arrives 60000 "$agency gets back what it lost" all_said
    expect "but not what was erased" tells_not "$agency" "$fifth" \
        'CanaryFifth|pairwisefifth'
    arrives 10000 "and knows that it was" tells "$agency" "$fifth" \
        $'^because\tperson_asked$'
done
verifies "old copies"

# ---- An agency that keeps

policy tbhosp refuse
send sixth CanarySixth pairwisesixth
sixth=$referral_id
arrives 10000 "a last one is delivered" is_state tbhosp "$sixth" delivered
expect "it is erased" ctl opendoor erase "$sixth" --reason person_asked --yes
arrives 10000 "the hospital keeps it, and says so" \
    tells opendoor "$sixth" $'^there it is\tkept$'
expect "with what to do" tells opendoor "$sixth" \
    $'^refusal\tKEPT\terasure_notices\t'
expect "it is there" tells tbhosp "$sixth" CanarySixth
expect "and gone here" tells_not opendoor "$sixth" CanarySixth

# ---- Whoever may not

config_set opendoor clients \
    "[{user: $(id -u), rights: [submit, act, read, admin]}]"
kill -HUP "${gateway_pid[opendoor]}"
refuses() {
    ! ctl opendoor erase "$second" --reason law --yes >refused 2>&1 \
        && grep -q 'add erase to the rights' refused
}
arrives 5000 "it needs a right of its own" refuses
federation_end
