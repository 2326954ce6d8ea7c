#!/bin/bash
# A referral with events that were held, refused and absent, as a folder that
# verifies without a gateway, and in which any damage is found. TAP.
# Usage: evidence.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

unset REFER_SOCKET # nothing below may ask a gateway unawares
federation_pair
verify() { "$referctl" --socket /nowhere evidence verify "$@"; }
by_stranger() {
    python3 "$source_dir/tests/independent/evidence_verify.py" "$@"
}
is_answered() {
    is_all_answered opendoor tbhosp && is_all_answered tbhosp opendoor
}
# told FOLDER VERDICT...: of its events in the order of their times
told() {
    local folder=$1
    shift
    [[ $(verify "$folder" 2>/dev/null | awk -F '\t' '$1 == "event" { print $8 }' \
        | xargs) == "$*" ]]
}
# sums_anew FOLDER: as somebody would who hides what was changed
sums_anew() (
    cd "$1" || exit 1
    LC_ALL=C find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort \
        | xargs sha256sum >SHA256SUMS
)

# ---- Made

gateway_stop opendoor || fail "the gateway of opendoor ends cleanly" "$output"
gateway_launch opendoor "$referd_unchecked"
wait_until "$READY_MS_MAX" "opendoor is up" is_healthy opendoor
referral_write referral.yaml
referral_send referral.yaml first
id=$referral_id
arrives 10000 "it is delivered" is_state tbhosp "$id" delivered
ctl tbhosp referral act "$id" opened --role intake >/dev/null
arrives 10000 "it is seen" is_state opendoor "$id" seen
ctl opendoor referral act "$id" amend --element photo=none >/dev/null \
    || bail "the unchecked gateway lets it out"
arrives 10000 "all is said and answered" is_answered

expect "Open Door exports it" ctl opendoor evidence export "$id" -o whole
expect "the hospital exports it" ctl tbhosp evidence export "$id" -o theirs
expect "for nobody else to read" test \
    "$(find whole -type d ! -perm 700 -o -type f ! -perm 600 | wc -l)" = 0
try "nothing is overwritten" 5 'whole: File exists' \
    ctl opendoor evidence export "$id" -o whole
try "the log says who took it" 0 "evidence.read.*uid=$(id -u)" \
    grep evidence.read opendoor.log
expect "coreutils find the files unchanged" \
    env -C whole sha256sum --quiet -c SHA256SUMS

try "a stranger sees what was held and what was refused" 0 \
    "ELEMENT_NOT_ALLOWED.*never_share.*photo" verify whole
expect "event by event" told whole held held refused
expect "the hospital's folder tells the same" told theirs held held refused
try "ids that were told by the agencies are compared" 0 '' verify whole \
    --agency "${agency_id[opendoor]}" --agency "${agency_id[tbhosp]}"
try "and another id is not among them" 3 'no agency here has the id' \
    verify whole --agency aaaaaaaaaaaaaaaaaaaaaaaaaa
try "another implementation agrees" 0 'refused' by_stranger whole
try "on the hospital's folder too" 0 'refused' by_stranger theirs
expect "what the hospital refused it does not show" test \
    "$(find theirs -name content | wc -l)" \
    -lt "$(find whole -name content | wc -l)"

# ---- Damaged

# each file in turn: a byte changed, seen by the sums; then with sums made
# anew, by what the file is
mapfile -t files < <(cd whole && find . -type f -printf '%P\n' | sort)
found=0 named=0 deep=0 deep_count=0
for file in "${files[@]}"; do
    rm -rf damaged
    cp -r whole damaged
    size=$(stat -c %s "damaged/$file")
    at=$((size / 2))
    byte=$(od -An -tu1 -j "$at" -N 1 "damaged/$file")
    printf "\\x$(printf %x $((byte ^ 1)))" \
        | dd of="damaged/$file" bs=1 seek="$at" conv=notrunc status=none
    said=$(verify damaged 2>&1)
    (($? == 3)) && ((++found))
    [[ $said == *"fails"*"$file"* || $file == SHA256SUMS ]] && ((++named))
    case $file in agreement | cards/* | */content) ;; *) continue ;; esac
    ((++deep_count))
    sums_anew damaged
    verify damaged >/dev/null 2>&1
    (($? == 3)) && ((++deep)) || note "not found: $file"
done
expect "each of ${#files[@]} damaged files is found" \
    test "$found" = "${#files[@]}"
expect "and named" test "$named" = "${#files[@]}"
expect "even with sums made anew" test "$deep" = "$deep_count"
cp -r whole less
rm -r less/cards
sums_anew less
try "without cards nothing is proved" 3 'signed by no log key' verify less

# ---- With less in it

expect "without content" ctl opendoor evidence export "$id" \
    --without-content -o bare
expect_nothing "nothing of what was said is in there" \
    find bare -name salt -o -name content -o -name agreement
try "nor of which referral it is" 1 '^0$' \
    grep -c '"referral"' <(verify --json bare)
try "it proves that events were received" 0 'unanswered' verify bare
try "to another implementation as well" 0 'unanswered' by_stranger bare

# ---- Absent

gateway_stop tbhosp || fail "the gateway of tbhosp ends cleanly" "$output"
ctl opendoor referral act "$id" amend --element cough_weeks=3 >/dev/null
ctl opendoor referral act "$id" consent_revoked --actor person >/dev/null
gateway_start tbhosp
arrives 10000 "all is said and answered" is_answered
expect "exported again" ctl opendoor evidence export "$id" -o erased
expect "one event came without its content" \
    told erased held held refused absent held
try "what was said of the person is in the first" 0 '' \
    grep -rqE 'Sasha|k7m2p9x4w8q3' whole
try "and not in this one" 1 '' grep -rqE 'Sasha|k7m2p9x4w8q3' erased
try "another implementation agrees" 0 'absent' by_stranger erased
expect "the hospital exports it, too" \
    ctl tbhosp evidence export "$id" -o received
expect "what came without its content was about this referral" \
    told received held held refused absent held

# ---- Under other keys

for agency in opendoor tbhosp; do
    expect "$agency takes new keys" ctl "$agency" key rotate all --after 0
done
referral_send referral.yaml second
arrives 20000 "something is signed with them" \
    is_state opendoor "$referral_id" delivered
arrives 10000 "all is said and answered" is_answered
expect "exported under them" ctl opendoor evidence export "$id" -o renewed
expect "with the cards of both before and now" \
    test "$(find renewed/cards -type f | wc -l)" = 4
expect "it tells the same" told renewed held held refused absent held
try "to another implementation, too" 0 'absent' by_stranger renewed

# ---- Compared

expect "the hospital writes its checkpoints" \
    ctl tbhosp ledger export "${agency_name[opendoor]}" -o of-tbhosp
expect "Open Door writes its own" \
    ctl opendoor ledger export "${agency_name[tbhosp]}" -o of-opendoor
try "nothing is overwritten" 5 'File exists' \
    ctl opendoor ledger export "${agency_name[tbhosp]}" -o of-opendoor
# verdicts AGENCY FILE: each once
verdicts() {
    ctl "$1" ledger witness "$2" 2>/dev/null \
        | awk -F '\t' '{ print $5 }' | sort -u | xargs
}
expect "Open Door finds what it told and heard" \
    test "$(verdicts opendoor of-tbhosp)" = agrees
expect "the hospital too" test "$(verdicts tbhosp of-opendoor)" = agrees
contradiction() {
    python3 "$source_dir/tests/independent/contradiction.py" "$@"
}
contradiction show opendoor/keys/log-1.pem of-tbhosp >second-history \
    || bail "a second history"
try "the hospital finds a second history" 3 'contradicts' \
    ctl tbhosp ledger witness second-history -o proof
ctl opendoor card export -o opendoor.card >/dev/null
try "which convicts its author, to another implementation" 0 \
    'shows two histories' contradiction judge proof opendoor.card
sed '2{s/^A/B/;t;s/^./A/}' proof >no-proof
try "and proves nothing when it was changed" 3 'proves nothing' \
    contradiction judge no-proof opendoor.card
cut -c 1-90 second-history >unsigned
try "what is no checkpoint is refused" 5 'something else than checkpoints' \
    ctl tbhosp ledger witness unsigned
sed 's/^\(— [^ ]*\/main\/[^ ]* ......\)./\1A/' second-history >unsigned
try "an unsigned one proves nothing" 3 'not_signed' \
    ctl tbhosp ledger witness unsigned

# ---- A second generation

referral_send referral.yaml third
third=$referral_id
arrives 20000 "a third one is delivered" is_state opendoor "$third" delivered
gateway_stop opendoor || fail "the gateway of opendoor ends cleanly" "$output"
cp -a opendoor/store older
gateway_start opendoor
ctl tbhosp referral act "$third" opened --role intake >/dev/null
arrives 20000 "seen" is_state opendoor "$third" seen
ctl opendoor referral act "$third" amend --element call_name=Alex >/dev/null
arrives 20000 "all is said and answered" is_answered
gateway_stop opendoor || fail "the gateway of opendoor ends cleanly" "$output"
rm -r opendoor/store
mv older opendoor/store
gateway_start opendoor
arrives 30000 "it has back what it lost" is_state opendoor "$third" seen
ctl opendoor referral act "$third" withdraw --actor person >/dev/null
arrives 30000 "and goes on" is_state tbhosp "$third" withdrawn
arrives 20000 "all is said and answered" is_answered
for agency in opendoor tbhosp; do
    expect "$agency exports both generations" \
        ctl "$agency" evidence export "$third" -o "both.$agency"
    expect "of its author" test "$(find "both.$agency/entries" -name header \
        | sed "s/.*${agency_id[opendoor]}-\\(.*\\)-.*/\\1/;t;d" | sort -u \
        | wc -l)" = 2
    expect "in one story" told "both.$agency" held held held held
    try "to another implementation, too" 0 'WITHDRAW' \
        by_stranger "both.$agency"
done
ctl tbhosp ledger export "${agency_name[opendoor]}" -o of-both
expect "checkpoints of both are compared" \
    test "$(verdicts opendoor of-both)" = agrees

# ---- Years later

for agency in opendoor tbhosp; do
    gateway_stop "$agency" || fail "$agency ends cleanly" "$output"
    rm -rf "$agency"
done
expect "the evidence outlives both gateways" \
    told whole held held refused
expect "to a stranger, too" by_stranger whole

federation_end
