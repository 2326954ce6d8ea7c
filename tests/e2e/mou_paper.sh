#!/bin/bash
# An agreement is signed where the root key is, which is not the gateway: from
# files alone, there and back. TAP.
# Usage: mou_paper.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

agency_init opendoor
agency_init tbhosp
for agency in opendoor tbhosp; do
    gateway_launch "$agency"
done
for agency in opendoor tbhosp; do
    wait_until "$READY_MS_MAX" "$agency is ready" is_healthy "$agency"
done
befriend opendoor tbhosp
mou_write
mou_id=$(ctl opendoor mou offer mou.yaml \
    --party "opendoor=${agency_id[opendoor]}" \
    --party "tbhosp=${agency_id[tbhosp]}" \
    | awk -F '\t' '$1 == "MOU" { print $2 }')
wait_until "$READY_MS_MAX" "the agreement is there" has_mou tbhosp

# ---- The root keys go away; what is left there is not enough

mkdir -m 700 stick stick2
printf 'a long passphrase\n' >word
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout file:word \
    -in opendoor/keys/root.pem -out stick/root.pem
chmod 600 stick/root.pem
mv tbhosp/keys/root.pem stick2/
rm opendoor/keys/root.pem
try "it cannot be signed at the gateway" 5 'root.pem' \
    ctl opendoor mou sign "$mou_id" --yes

# ---- There

away() { # as on a machine with neither gateway, configuration nor network
    if unshare -n true 2>/dev/null; then
        unshare -n env -i "$referctl" "$@"
    else
        env -i "$referctl" "$@"
    fi
}
signed_count() { # AGENCY
    ctl "$1" --json mou list | awk '$1 == "\"signed\":" { print $2 + 0 }'
}

try "it is written to be carried away" 0 '^signed	0$' \
    ctl opendoor mou export "$mou_id" -o offered.mou
try "which needs a place" 1 'where to write' ctl opendoor mou export "$mou_id"
expect "as text" grep -q '^-----BEGIN REFER AGREEMENT-----$' offered.mou
try "nobody has signed it: nothing to hand over" 3 'nobody has signed' \
    ctl opendoor mou import offered.mou
try "it is not signed without the passphrase" 5 'passphrase' \
    away mou sign offered.mou --keys stick -o signed.mou
expect "and then nothing is written" test ! -e signed.mou
try "nor without a key" 1 'root.pem' away mou sign offered.mou -o signed.mou
mkdir -m 700 stranger
openssl genpkey -algorithm ed25519 -out stranger/root.pem 2>/dev/null
chmod 600 stranger/root.pem
try "nor by a stranger" 3 'no party of this agreement' \
    away mou sign offered.mou --keys stranger -o signed.mou
try "all of it is shown, and it is signed" 0 'never: arrest_history' \
    away mou sign offered.mou --keys stick --passphrase-file word -o signed.mou
try "the other party signs the same paper" 0 '^signed	2$' \
    away mou sign signed.mou --keys stick2 -o both.mou
try "as JSON" 0 '"signed": 2' \
    away --json mou sign both.mou --keys stick2 -o both.mou

# ---- Every byte counts

size=$(stat -c %s both.mou)
changed_are_refused() {
    local at byte status
    for ((at = 40; at < size; at += size / 24)); do
        byte=$(tail -c "+$((at + 1))" both.mou | head -c 1)
        [[ $byte == A ]] && byte=B || byte=A
        { head -c "$at" both.mou; printf '%s' "$byte"
            tail -c "+$((at + 2))" both.mou; } >changed.mou
        cmp -s both.mou changed.mou && return 1
        status=0
        ctl opendoor mou import changed.mou >changed.out 2>&1 || status=$?
        ((status == 3)) || { cat changed.out; echo "at $at: $status"; return 1; }
    done
}
expect "what was changed on the way is refused" changed_are_refused
expect "and nothing of it was taken" test "$(signed_count opendoor)" = 0

# ---- And back

try "one signature" 0 '' ctl opendoor mou import signed.mou
expect "is there" test "$(signed_count opendoor)" = 1
referral_write referral.yaml
try "which is no agreement: one operator alone sends nothing by it" 3 \
    'wait until the agreement is in force' ctl opendoor referral send referral.yaml --key alone
expect "and nothing is there" test -z "$(ctl opendoor referral list)"
try "both" 0 '' ctl opendoor mou import both.mou
expect "are there" test "$(signed_count opendoor)" = 2
try "again changes nothing" 0 '' ctl tbhosp mou import both.mou
for agency in opendoor tbhosp; do
    arrives "$READY_MS_MAX" "the agreement is in force at $agency" \
        is_in_force "$agency"
done
referral_write referral.yaml
referral_send referral.yaml first
arrives 20000 "and a referral goes" is_state tbhosp "$referral_id" delivered
agency_init social
gateway_start social
try "a gateway that was not offered it has no use for it" 4 'remedy' \
    ctl social mou import both.mou

federation_end
