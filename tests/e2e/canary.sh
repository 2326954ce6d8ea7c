#!/bin/bash
# A word that nothing else has is put into everything that can be said of a
# person, and then looked for where nobody is to find it: in all files of both
# gateways, their logs, backups and names, in what their processes show, and in
# what is left when they are killed. Before erasing, after it, and with the key
# destroyed. What is no word of a person has none of it: roles of staff stay in
# a story, and names of cursors are keys of rows. TAP.
# Usage: canary.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"
READY_MS_MAX=60000
look="$source_dir/tests/e2e/canary.py"
page="$source_dir/gateway/io/refer-referral.5.scd"
canary=cnry$(od -An -N5 -tx1 /dev/urandom | tr -d ' \n')
note "the word is $canary"
mkdir tmp
export TMPDIR=$folder/tmp # what any program here leaves is looked at, too
is_not() { ! "$@"; }

# ---- A search that finds

python3 "$look" plant "$canary" planted || bail "planting it"
python3 "$look" search "$canary" planted >found || bail "searching"
missed=$(for file in planted/*; do
    grep -qF -- "$file" found || printf '%s; ' "${file#planted/}"
done)
expect_nothing "a file with the word is found, in whatever form" \
    printf '%s' "$missed"
(exec -a "nothing-$canary" sleep 60) &
helper_pid[named]=$!
shows() { [[ $(python3 "$look" process "$canary" "$1") == *cmdline* ]]; }
arrives 5000 "and a process that shows it" shows "${helper_pid[named]}"
helper_end named KILL
rm -r planted found

# ---- Everything that can be said

codes() { sed -n 's/^- \*\([a-z_]*\)\* (\(text\|code\).*/\1/p' "$page"; }
never='arrest_history drug_test_result immigration_status photo sex_work'
allowed=$(codes | grep -vxF "$(tr ' ' '\n' <<<"$never")")
expect "the elements with words are known" test "$(wc -l <<<"$allowed")" -gt 20
eval "plain_$(declare -f mou_write)"
mou_write() {
    plain_mou_write
    sed -i -e "s/^    allowed: .year.*/    allowed: [${allowed//$'\n'/, }]/" \
        -e 's/required: .pairwise.*/required: []/' mou.yaml
}
federation_pair

# send KEY: with the word in each element, reason and key; id in $referral_id
send() {
    {
        referral_write /dev/stdout "I cough. $canary-reason" \
            | sed -e '/^elements:/,$d' -e 's/^ask_back:.*/ask_back: full/' \
                -e "s/elements: .*/elements: [${allowed//$'\n'/, }]/"
        # and what comes back
        printf '    - {to: %s, purpose: tb_assessment, until: %s, elements: [%s]}\n' \
            "${agency_id[opendoor]}" "$(date -u -d '+60 days' +%F)" \
            "${allowed//$'\n'/, }"
        printf 'elements:\n'
        for code in $allowed; do
            printf '  - {code: %s, value: %s-%s}\n' "$code" "$canary" "$code"
        done
    } >"$1.yaml"
    referral_send "$1.yaml" "$canary-key-$1"
    rm "$1.yaml"
    course=$referral_id
}
# step AGENCY STEP [+NAME | ARGUMENT]...: +NAME is said with the word in it
step() {
    local agency=$1 step=$2 state word said=()
    shift 2
    for word; do
        if [[ $word == +* ]]; then
            printf '%s.%s\n' "$step" "${word#+}" >>said
            word="${word#+}=$canary-$step-${word#+} in words"
        fi
        said+=("$word")
    done
    steps=$((steps + 1))
    wait_until 20000 "all is said before $step" is_at_rest
    output=$(ctl "$agency" referral act "$course" "$step" "${said[@]}" \
        --key "$canary-key-$step-$steps" 2>&1) \
        || bail "$agency: $step: $output"
}
delivered() {
    send "$1"
    wait_until 20000 "$1 is there" is_state tbhosp "$course" delivered
}
opened() {
    delivered "$1"
    step tbhosp opened --role intake
}
steps=0
opened course
step tbhosp ask +question
step opendoor answer +answer --element "needs=$canary-answer-needs"
step tbhosp waitlist "expected_date=$TODAY" +interim_support
step tbhosp place_found +offer
step opendoor amend +reason --element "call_name=$canary-amended"
step opendoor choose_time walk_in=yes --actor person
step opendoor move_time +offer
step opendoor choose_time walk_in=yes
step tbhosp did_not_meet +offer
step opendoor choose_time walk_in=yes
step tbhosp arrive
step tbhosp left_before_seen +offer
step opendoor choose_time walk_in=yes
step tbhosp arrive
step opendoor turned_away barrier=PRIVACY +words --actor companion
step opendoor choose_time walk_in=yes
step tbhosp arrive
step tbhosp start
step tbhosp interim_note +note --element "outcome_note=$canary-interim"
step tbhosp pause +continuity_plan
step tbhosp resume
step tbhosp finish outcome=SERVICE_GIVEN +note
step opendoor query_outcome +question --actor person
step tbhosp end_early reason=AGENCY_ENDED agency_reason=NO_CAPACITY \
    +continuity_plan +note --element "tb_results=$canary-results"
opened declined
step tbhosp decline reason=ELIGIBILITY +next_option +rule
opened outside
step tbhosp decline reason=OUTSIDE_AREA +next_option +area
opened other
step tbhosp decline reason=OTHER_SERVICE_FIRST +next_option +service
opened unsafe
step tbhosp decline reason=CANNOT_KEEP_SAFE +next_option +missing
opened narrow
step tbhosp decline reason=CONSENT_TOO_NARROW +next_option \
    elements=companion +why
opened passed
step tbhosp accept +offer
opened redirected
step tbhosp redirect person_agreed=yes +to \
    child=urn:uuid:01a202fa-a179-78af-b029-744e74b661d5
for ended in withdraw consent_revoked; do
    delivered "$ended"
    step opendoor "$ended" --actor person
done
delivered void
step tbhosp wrong_person_or_place what=person
# what each step says in text, by the page; gateways' own say none
awk '/^# STEPS/ { is_in = 1 } /^# CODES/ { is_in = 0 }
    is_in && /^\*[a-z_]+\*$/ { gsub(/\*/, ""); step = $0 }
    is_in && /^\t- \*[a-z_]+\* \([^)]*, text\)/ {
        split($0, part, "*"); print step "." part[2] }' "$page" \
    | sort -u >sayable
sort -u said >said.once
expect "a step's every text was said" test -s sayable
expect_nothing "and none is left out" comm -23 sayable said.once
ctl opendoor feed follow --cursor ward --once --ack >/dev/null \
    || bail "the feed"
ctl tbhosp feed follow --cursor ward --once --ack >/dev/null \
    || bail "the feed"
wait_until 20000 "all is said" is_at_rest

# ---- Before erasing

# what it still tells that it should not, for who reads this test
leaves() { note "$(told opendoor | grep -F "$canary" | head -n 5)"; }
# told AGENCY: all that it tells to who may read
told() {
    local id
    for id in $(ctl "$1" --json referral list \
        | sed -n 's/.*"\(urn:uuid:[^"]*\)".*/\1/p' | sort -u); do
        ctl "$1" --json referral show "$id" || return 1
        ctl "$1" --json ledger list >/dev/null || return 1
    done
    ctl "$1" --json feed follow --once
}
says() { [[ $(told "$1") == *"$canary"* ]]; }
says_not() { # AGENCY: it answers, and has the story without the words
    local text
    text=$(told "$1") && [[ $text == *urn:uuid:* && $text != *"$canary"* ]]
}
hides() { # WHEN
    expect_nothing "$1: in no file of either gateway, nor in their logs" \
        python3 "$look" search "$canary" "$folder"
    for agency in "${!gateway_pid[@]}"; do
        expect_nothing "$1: the process of $agency does not show it" \
            python3 "$look" process "$canary" "${gateway_pid[$agency]}"
    done
}
down tbhosp # what waits for it is stored, too
send waiting
for agency in opendoor tbhosp; do
    mkdir "backup-$agency"
done
ctl opendoor backup backup-opendoor/rows --vault backup-opendoor/vault \
    >/dev/null || bail "a backup"
up tbhosp
ctl tbhosp backup backup-tbhosp/rows --vault backup-tbhosp/vault \
    >/dev/null || bail "a backup"
wait_until 20000 "all is said" is_at_rest
for agency in opendoor tbhosp; do
    expect "$agency tells it to who may read" says "$agency"
done
hides "before erasing"

# ---- Killed so that it leaves a core

down opendoor
if [[ $(</proc/sys/kernel/core_pattern) == [\|/]* ]] \
    || ! (ulimit -Sc unlimited && [[ $(ulimit -c) == unlimited ]]) 2>/dev/null
then
    skip "killed by a signal it leaves no core" \
        "cores of this machine are not files in the working folder"
    gateway_launch opendoor
else
    mkdir cores
    (cd cores && ulimit -Sc unlimited && exec sleep 60) &
    helper_pid[control]=$!
    sleeps() { [[ $(</proc/${helper_pid[control]}/comm) == sleep ]]; }
    wait_until 5000 "another process" sleeps
    helper_end control ABRT
    expect "a process that is killed leaves a core here" test -n "$(ls cores)"
    rm -f cores/*
    (cd cores && ulimit -Sc unlimited \
        && exec "$referd" -c ../opendoor/referd.yaml >>../opendoor.log 2>&1) &
    gateway_pid[opendoor]=$!
    wait_until "$READY_MS_MAX" "opendoor is up" is_up opendoor
    expect "it has the words at hand" says opendoor
    status=0
    kill -ABRT "${gateway_pid[opendoor]}"
    wait "${gateway_pid[opendoor]}" 2>/dev/null || status=$?
    expect "the gateway is killed by the same signal" test "$status" = 134
    expect "and leaves none" test -z "$(ls cores)"
    up opendoor
fi
wait_until "$READY_MS_MAX" "opendoor is up" is_up opendoor

# ---- A debugger of the same user

# Root may look at everything: another user runs a gateway for this.
same_user=()
if ((EUID == 0)); then
    same_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
"${same_user[@]}" sleep 60 &
helper_pid[control]=$!
peek() { # PID: true when a process of this user reads its memory
    "${same_user[@]}" gdb -batch -nx -p "$1" -ex 'info registers' 2>/dev/null \
        </dev/null | grep -q '^rip'
}
if ! command -v gdb setpriv >/dev/null || ! peek "${helper_pid[control]}"; then
    skip "no process of the same user reads its memory" \
        "there is no gdb, or this machine lets nobody trace"
else
    pass "a debugger of the same user reads another process"
    agency_init social dials_out
    if ((EUID == 0)); then
        chown -R 65534:65534 social social.run
    fi
    "${same_user[@]}" "$referd" -c social/referd.yaml >social.log 2>&1 &
    helper_pid[social]=$!
    has_begun() { grep -q 'gateway.started' social.log; }
    wait_until "$READY_MS_MAX" "it has begun" has_begun
    expect "not the gateway" is_not peek "${helper_pid[social]}"
    for file in environ mem maps; do
        expect "nor its $file" is_not "${same_user[@]}" \
            dd "if=/proc/${helper_pid[social]}/$file" of=/dev/null count=1
    done
    helper_end social TERM
    expect "which ends cleanly" test "$helper_status" = 0
fi
helper_end control KILL

# ---- Erased

wait_until "$READY_MS_MAX" "all is said" is_at_rest
for agency in opendoor tbhosp; do
    down "$agency"
    cp -a "$agency/store" "old-$agency" || bail "the copy"
    up "$agency"
done
wait_until "$READY_MS_MAX" "both are at rest" is_at_rest
awk -F '"' '/urn:uuid:/ { print $4 }' \
    <(ctl opendoor --json referral list) | sort -u >all
expect "there are referrals to erase" test -s all
erase_all() {
    local id
    while read -r id; do
        ctl opendoor erase "$id" --reason person_asked --yes || return 1
    done <all
}
expect "all are erased" erase_all
for agency in opendoor tbhosp; do
    arrives 10000 "$agency tells nothing of it any more" says_not "$agency"
done
((test_failed == 0)) || leaves
arrives 30000 "all is said" is_at_rest
hides "erased"
for agency in opendoor tbhosp; do
    ctl "$agency" backup "backup-$agency/rows" --vault "backup-$agency/vault" \
        >/dev/null || bail "a backup"
done

# ---- An old copy with all keys that are left

for agency in opendoor tbhosp; do
    down "$agency"
done
for agency in opendoor tbhosp; do
    mv "$agency/store" "new-$agency"
    cp -a "old-$agency" "$agency/store"
    up "$agency" # alone: nobody tells it what was erased
    expect "an old copy of $agency opens nothing of it" says_not "$agency"
    down "$agency"
    rm -r "$agency/store"
    mv "new-$agency" "$agency/store"
done

# ---- With the key destroyed

send_late() {
    up opendoor
    up tbhosp
    delivered late
}
send_late
ctl tbhosp backup backup-tbhosp/rows --vault backup-tbhosp/vault >/dev/null \
    || bail "a backup"
cp -a tbhosp tbhosp.image || bail "an image of its disk"
rm tbhosp.image/keys/store-1.pem || bail "no key in it"
expect "what is not erased it tells" says tbhosp
try "the key is destroyed" 0 'nothing that is stored' ctl tbhosp panic --yes
wait "${gateway_pid[tbhosp]}" 2>/dev/null
unset "gateway_pid[tbhosp]"
hides "with the key destroyed"
try "it does not start" 78 'key slot new' "$referd" -c tbhosp/referd.yaml
try "nor can it be looked at" 5 '' ctl tbhosp store check --offline
ctl tbhosp key slot new >/dev/null || bail "a new key"
cp -a tbhosp.image/store tbhosp.image/store.made tbhosp.image/vault tbhosp/ \
    || bail "the image"
try "an image of the disk opens with no other key" 78 'another key' \
    "$referd" -c tbhosp/referd.yaml
rm -r tbhosp/store tbhosp/store.made tbhosp/vault
try "nor does a backup" 3 '' ctl tbhosp restore backup-tbhosp/rows \
    --vault backup-tbhosp/vault
note "$output"
hides "at the end"
federation_end
