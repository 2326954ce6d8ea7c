#!/bin/bash
# Who may do what on the local socket: the kernel's word on the caller's uid,
# and the configuration. TAP. Usage: local_rights.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"

if ((EUID != 0)) || ! command -v setpriv >/dev/null; then
    printf 'ok 1 - rights of other users # SKIP %s\n1..1\n' \
        "needs root and setpriv, to be another user"
    exit 0
fi
federation_begin "$@"

other_uid=65534
agency_init opendoor
gateway_start opendoor
socket=$(socket_of opendoor)
# as PROGRAM ARGUMENTS...: another user of this machine
as() {
    setpriv --reuid "$other_uid" --regid "$other_uid" --clear-groups "$@"
}
if ! as "$referctl" -V >/dev/null 2>&1; then
    gateway_stop opendoor
    printf 'ok 1 - rights of other users # SKIP %s\n1..1\n' \
        "another user cannot reach the build folder"
    exit 0
fi
# grant RIGHTS: to the other user, from a new start on
grant() {
    gateway_stop opendoor || fail "the gateway ends cleanly" "$output"
    local clients='{user: 0, rights: [submit, act, read, admin]}'
    [[ -z $1 ]] || clients+=", {user: $other_uid, rights: [$1]}"
    config_set opendoor clients "[$clients]"
    gateway_start opendoor
}
id=urn:uuid:01a202fa-a179-78af-b029-744e74b661d5
as_submit() {
    as "$outside_client" submit -s "$socket" -o /dev/null \
        -t "${agency_id[opendoor]}" -p x -n 1 -x
}
forbidden() { # NAME RIGHT ARGUMENTS...
    try "$1" 3 "add $2 to the rights of this user under clients in referd.yaml" \
        as "$referctl" -s "$socket" "${@:3}"
}
ctl opendoor card export -o opendoor.card
chmod 644 opendoor.card

# ---- Not in the configuration

try "the gateway's own user is served" 0 '^gateway' ctl opendoor status
try "a user who is not named is not" 2 'does not serve this user' \
    as "$referctl" -s "$socket" status
expect "the remedy names the uid and the key" grep -Eq \
    "^remedy: .*uid $other_uid .*clients" <<<"$output"
try "not even for health" 2 'does not serve this user' \
    as "$referctl" -s "$socket" health
try "a program gets the same answer" 1 'REFER_DISCONNECTED: .*does not serve' \
    as_submit
is_logged() {
    grep -q "client.refused uid=$other_uid code=user" opendoor.log
}
expect "the log says who" is_logged
expect_nothing "and that is all it says" \
    sed -n "/uid=$other_uid/{/client.refused uid=$other_uid code=user\$/!p}" \
    opendoor.log
try "the folder of the agency is closed to it" 1 'denied' \
    as cat opendoor/card
try "and so are the keys" 1 'denied' as cat opendoor/keys/log-1.pem

# ---- Reading only

grant read
try "who may read sees the status" 0 '^gateway' \
    as "$referctl" -s "$socket" status
try "and the ledgers" 0 '' as "$referctl" -s "$socket" ledger list
try "and follows events" 0 '' as "$referctl" -s "$socket" \
    feed follow --once
forbidden "but takes no step" act referral act "$id" opened
forbidden "imports no card" admin card import opendoor.card
try "and submits nothing" 1 'REFER_DENIED: .*' as_submit
expect "the remedy names the right" grep -q \
    'add submit to the rights of this user' <<<"$output"
expect "the log counts it" grep -q \
    "client.refused uid=$other_uid code=ERR_FORBIDDEN" opendoor.log

# ---- Other shares of it

grant submit
try "who may only submit is asked for the right to read" 3 \
    'add read to the rights' as "$referctl" -s "$socket" status
try "but sees that the gateway is there" 0 '' \
    as "$referctl" -s "$socket" health
try "its referral is looked at" 1 'REFER_NOT_FOUND' as_submit
forbidden "no card either" admin card import opendoor.card
grant act
try "who may only act does not submit" 1 'REFER_DENIED' as_submit
try "its step is looked at" 4 'REFERRAL_UNKNOWN' \
    as "$referctl" -s "$socket" referral act "$id" opened
grant admin
try "who may only administer does not read referrals" 3 \
    'add read to the rights' as "$referctl" -s "$socket" referral list
try "it imports cards" 3 'this one is yours' \
    as "$referctl" -s "$socket" card import opendoor.card

# ---- Taken away

grant ''
try "rights that were taken away are gone" 2 'does not serve this user' \
    as "$referctl" -s "$socket" status
federation_end
