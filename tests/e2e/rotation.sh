#!/bin/bash
# Keys are followed by others while referrals go on, with the root key at hand
# and with it elsewhere. TAP.
# Usage: rotation.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

logged() { grep -Eq "$2" "$1.log"; }
own_serial() {
    ctl "$1" card show | awk -F '\t' '$1 == "serial" { print $2 }'
}
held_serial() {
    ctl "$1" card show "${agency_id[$2]}" \
        | awk -F '\t' '$1 == "serial" { print $2 }'
}
holds() { [[ $(held_serial "$1" "$2") == "$3" ]]; }
key_count() { ctl "$1" card show | grep -c "^$2"$'\t'; }
goes() {
    referral_send referral.yaml "$2"
    arrives 20000 "$1" is_state tbhosp "$referral_id" delivered
    arrives 20000 "$1, and its sender knows" \
        is_state opendoor "$referral_id" delivered
}
verifies() {
    local agency
    for agency in opendoor tbhosp; do
        [[ $(ctl "$agency" ledger verify | cut -f 4 | sort -u) == yes ]] \
            || return 1
    done
}

federation_pair
referral_write referral.yaml
goes "a referral under the first keys" before

# ---- The root key is at hand

expect "new keys, to be used in a week" ctl opendoor key rotate all
expect "are on the card that the gateway has" \
    test "$(own_serial opendoor)" = 2
arrives 10000 "and on the one that the other holds" holds tbhosp opendoor 2
expect "beside those that they follow" test "$(key_count opendoor log)" = 2
goes "a referral meanwhile" announced
expect "nothing else signs yet" \
    test "$(grep -c keys.used opendoor.log)" = 0

expect "new keys, to be used now" ctl opendoor key rotate all --after 0
expect "are used" logged opendoor 'keys.used serial=3'
goes "a referral under the new ones" followed
expect "the other side as well" ctl tbhosp key rotate all --after 0
goes "a referral under new ones at both ends" both
arrives 10000 "which it hears of" holds opendoor tbhosp 2

expect "stolen ones go at once" ctl opendoor key rotate operation log --at-once
expect "from the card" test "$(key_count opendoor operation)" = 1
arrives 20000 "as the other learns" holds tbhosp opendoor 4
goes "a referral all the same" stolen
expect "what was signed under any of them is believed" verifies

gateway_stop opendoor || fail "opendoor ends" "$output"
gateway_kill tbhosp
gateway_start opendoor
gateway_start tbhosp
goes "a referral after a restart" restarted
expect "and is believed then, too" verifies

# ---- The root key is elsewhere

mkdir -m 700 stick
printf 'a long passphrase\n' >word
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout file:word \
    -in opendoor/keys/root.pem -out stick/root.pem
chmod 600 stick/root.pem
rm opendoor/keys/root.pem
try "no card without it" 5 'root.pem' ctl opendoor key rotate tls
expect "a request is made" ctl opendoor card request all --after 0 \
    -o next.request
expect "which changes nothing yet" test "$(own_serial opendoor)" = 4
try "it is not signed without the passphrase" 5 'passphrase' \
    "$referctl" card sign next.request --keys stick -o next.card
try "nor with another root key" 3 'another agency' \
    "$referctl" card sign next.request --keys tbhosp/keys -o next.card
sed '3s/^..../AAAA/' next.request >changed.request
try "nor after a change" 3 'is no request' "$referctl" card sign \
    changed.request --keys stick --passphrase-file word -o next.card
try "what changes is shown" 0 '^\+ tls ' "$referctl" card sign next.request \
    --keys stick --passphrase-file word -o next.card
try "it belongs where it was asked for" 3 'does not follow' \
    ctl tbhosp card install next.card
expect "there it is installed" ctl opendoor card install next.card
try "once" 3 'does not follow' ctl opendoor card install next.card
expect "and used" test "$(own_serial opendoor)" = 5
goes "a referral under it" elsewhere
try "a stale request is no use" 3 'does not follow' bash -c "
    '$referctl' card sign next.request --keys stick --passphrase-file word \
        -o again.card &&
    '$referctl' -c opendoor/referd.yaml card install again.card"

# ---- Installed while it is off

gateway_stop opendoor || fail "opendoor ends" "$output"
expect "a request needs no gateway" ctl opendoor card request log --after 0 \
    -o next.request
"$referctl" card sign next.request --keys stick --passphrase-file word \
    -o next.card >/dev/null || bail "the card is not signed"
expect "nor does the card" ctl opendoor card install next.card
gateway_start opendoor
expect "it starts with it" test "$(own_serial opendoor)" = 6
arrives 20000 "and the other learns" holds tbhosp opendoor 6
goes "a referral at the end" end
expect "and all is believed" verifies
expect "cards before are kept" test -s opendoor/card-1 -a -s opendoor/card-5

federation_end
