#!/bin/bash
# A card is ended for good: by its own gateway, and on paper at another. TAP.
# Usage: revocation.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

logged() { grep -Eq "$2" "$1.log"; }
is_revoked() { [[ $(peer_field "$1" "$2" state) == revoked ]]; }
is_waiting() { ! is_nothing_queued opendoor tbhosp; }
verifies() {
    [[ $(ctl "$1" ledger verify | cut -f 4 | sort -u) == yes ]]
}

federation_pair
referral_write referral.yaml
referral_send referral.yaml before
arrives 20000 "a referral before" is_state tbhosp "$referral_id" delivered
wait_until 20000 "all is answered" is_all_answered opendoor tbhosp

# ---- Made while the gateway is still to be believed

try "it needs the root key" 5 '' ctl opendoor revocation make \
    --keys nowhere -o end.revocation
expect "the end is signed" ctl opendoor revocation make \
    --keys opendoor/keys -o end.revocation --reason "the laptop is gone"
expect "which ends nothing" is_settled opendoor tbhosp
sed '2s/^../zz/' end.revocation >changed.revocation
try "a changed one is refused" 5 '' \
    ctl tbhosp revocation import changed.revocation

# ---- On paper, at the other agency

expect "on paper it is enough" \
    ctl tbhosp revocation import end.revocation --yes
expect "and told" logged tbhosp ' warning peer.revoked '
expect "and shown" is_revoked tbhosp opendoor
try "once" 3 'revoked before' ctl tbhosp revocation import end.revocation --yes
referral_send referral.yaml after
arrives 20000 "what its keys sign later" is_waiting
expect "is not there" test -z "$(state_of tbhosp "$referral_id" 2>/dev/null)"
try "its card is not accepted again" 3 'for good' \
    ctl tbhosp card accept "${agency_id[opendoor]}"
expect "what was signed before is believed" verifies tbhosp
gateway_kill tbhosp
gateway_start tbhosp
expect "after a restart as well" is_revoked tbhosp opendoor
expect "and believed as well" verifies tbhosp

# ---- By its own gateway

agency_init social
gateway_start social
befriend tbhosp social
wait_until 20000 "they settle" is_settled tbhosp social
cp social/revocation paper
expect "init's names no ledger, and is enough" \
    ctl social revocation import paper --yes
try "it does nothing more" 3 'card_revoked' ctl social health
arrives 20000 "all that it knew are told" is_revoked tbhosp social
expect "it stays so" ctl tbhosp peer list
gateway_stop social || fail "social ends" "$output"
gateway_start social
try "after a restart" 3 'card_revoked' ctl social health
try "for doctor, too" 3 'card_revoked|ended for good' ctl social doctor

federation_end
