#!/bin/bash
# Where the key of a store can be, and what is left when it is destroyed at
# once: nothing that can be read here, and nothing lost that others hold. TAP.
# Usage: panic.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"
READY_MS_MAX=120000 # a passphrase alone takes a second of a processor

federation_pair

is_not() { ! "$@"; }
starts() { "$referd" -c opendoor/referd.yaml "$@"; }

submit 5 first
arrives 120000 "the first are there" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"

# ---- Slots

printf 'several words of one\n' >secret
printf 'others\n' >wrong
chmod 600 secret wrong
try "the key is in a file" 0 $'slot\tfile|file' ctl opendoor key slot
try "it is put under a passphrase, at work" 0 'passphrase' \
    ctl opendoor key slot passphrase --new-passphrase-file secret
expect "and cannot be read in its file" \
    grep -q 'BEGIN ENCRYPTED' opendoor/keys/store-1.pem
down opendoor
try "without the passphrase it does not start" 78 'give the passphrase' starts
try "with another neither" 78 'passphrase is wrong' \
    starts --passphrase-file wrong
mkdir credentials && chmod 700 credentials
cp secret credentials/store-passphrase
export CREDENTIALS_DIRECTORY=$PWD/credentials
up opendoor
expect "with it as a credential it does" account opendoor
expect "and has all that it had" cmp -s held.before held.opendoor
try "the key becomes a credential" 0 'systemd-creds encrypt' \
    ctl opendoor key slot credential -o credentials/store-key
# as the service manager has it, with a host's key of this test's own
if command -v systemd-creds >/dev/null; then
    export SYSTEMD_CREDENTIAL_SECRET=$PWD/host-key
    expect "systemd-creds takes it" systemd-creds encrypt --with-key=host \
        --name=store-key credentials/store-key store-key.cred
    expect "and nothing of it can be read" \
        is_not grep -q PRIVATE store-key.cred
    rm credentials/store-key
    expect "for a service it is decrypted" systemd-creds decrypt \
        --name=store-key store-key.cred credentials/store-key
    chmod 400 credentials/store-key
    expect "under no other name" is_not systemd-creds decrypt \
        --name=other store-key.cred credentials/other
else
    skip "systemd-creds takes it" "systemd-creds is not installed"
fi
try "and goes from its file" 0 'credential' ctl opendoor key slot drop --yes
expect "for good" is_not test -e opendoor/keys/store-1.pem
rm credentials/store-passphrase
down opendoor
up opendoor
expect "with the credential alone it starts" account opendoor
expect "and has all that it had then" cmp -s held.before held.opendoor
try "and back into a file" 0 '' ctl opendoor key slot file
unset CREDENTIALS_DIRECTORY
down opendoor
up opendoor
expect "from which it starts" account opendoor

# ---- Panic

submit 20 second
arrives 120000 "20 more are there" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"
sed -i '$a panic: forbidden' opendoor/referd.yaml
try "it can be forbidden" 3 'forbids it' ctl opendoor panic --yes
sed -i '$d' opendoor/referd.yaml
try "where nobody can be asked it must be said" 1 'panic --yes' \
    ctl opendoor panic
expect "and nothing was done" is_healthy opendoor
down tbhosp
submit 3 uncollected
kill -STOP "${gateway_pid[opendoor]}" || bail "stopping it"
try "a gateway that hangs is no hindrance" 0 'nothing that is stored' \
    ctl opendoor panic --yes
status=0
wait "${gateway_pid[opendoor]}" 2>/dev/null || status=$?
unset "gateway_pid[opendoor]"
expect "the gateway is ended" test "$status" = 137
for file in keys/store-1.pem vault; do
    expect "$file is gone" is_not test -e "opendoor/$file"
done
expect "the keys of days, too" test -z "$(ls opendoor/keys/day)"
try "it does not start, and says why" 78 'referctl key slot new' starts
try "again it does no harm" 0 'nothing that is stored' \
    ctl opendoor panic --yes

# ---- Beginning again with what the other agency holds

try "a new key" 0 'file' ctl opendoor key slot new
expect "the store that nobody can read is gone" \
    is_not test -e opendoor/store
up opendoor
up tbhosp
befriend opendoor tbhosp
arrives 120000 "both ends are at rest" is_at_rest
account opendoor && account tbhosp || bail "the accounts"
expect "all that the hospital held is there again" \
    cmp -s held.before held.opendoor
expect "at both ends alike" cmp -s held.opendoor held.tbhosp
expect "the ledgers hold" ctl opendoor ledger verify
submit 2 after
arrives 120000 "and new referrals go" is_at_rest

federation_end
