#!/bin/bash
# The key of the store, opened by a token alone: SoftHSM stands for it, as a
# module that is loaded, has its own files, and takes a PIN. TAP.
# Usage: token.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"
READY_MS_MAX=60000

module=
for path in /usr/lib/softhsm /usr/lib/x86_64-linux-gnu/softhsm; do
    [[ -e $path/libsofthsm2.so ]] && module=$path/libsofthsm2.so
done
if [[ -z $module ]] || ! command -v softhsm2-util pkcs11-tool >/dev/null; then
    skip "a token opens the store" "softhsm2 and opensc are not installed"
    federation_end
fi
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' \
    "$folder" >softhsm2.conf
export SOFTHSM2_CONF=$folder/softhsm2.conf
pin=47$RANDOM$RANDOM
wrong_pin=99$RANDOM$RANDOM
is_not() { ! "$@"; }
starts() { "$referd" -c opendoor/referd.yaml "$@"; }
tells() { [[ $(ctl opendoor status) == *$'key of the store\t'"$1"* ]]; }
tool() { pkcs11-tool --module "$module" --token-label gateway "$@"; }
key_make() { # LABEL ID [OPTION]...
    tool --login --pin "$pin" --keypairgen --key-type "${4:-rsa:2048}" \
        --label "$1" --id "$2" ${3:+"$3"} >/dev/null 2>&1
}
# token_set OBJECT [QUERY]: of the configuration
token_set() {
    config_set opendoor store_token \
        "\"pkcs11:token=gateway;object=$1?module-path=$module${2:-}\""
}
softhsm2-util --init-token --free --label gateway --pin "$pin" \
    --so-pin 12345678 >/dev/null 2>&1 || bail "a token"
key_make store 01 --usage-decrypt || bail "a key of it"
printf '%s\n' "$pin" >pin
printf '%s\n' "$wrong_pin" >wrong
chmod 600 pin wrong

federation_pair
submit 5 first
arrives 120000 "the first are there" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"

# ---- Into the token

try "without a token there is none to use" 1 'store_token' \
    ctl opendoor key slot token
token_set store "&pin-source=$folder/pin"
try "the configuration is sound" 0 'all is well' starts -t
try "the key is in a file yet, which doctor tells" '' \
    'warning.*store key.*though store_token' ctl opendoor doctor
expect "the gateway says so, too" tells file
try "the key goes to the token, at work" 0 $'slot|token' \
    ctl opendoor key slot token
expect "and from its file" is_not test -e opendoor/keys/store-1.pem
expect "into one for the owner alone" \
    test "$(stat -c %a opendoor/keys/store-1.token)" = 600
try "a copy elsewhere is advised" 0 'keep a copy' ctl opendoor key slot token
down opendoor
up opendoor
expect "the gateway starts with it" account opendoor
expect "and has all that it had" cmp -s held.before held.opendoor
expect "and says where its key was" tells token
try "doctor finds the token" '' 'ok.*store key.*token gateway is there' \
    ctl opendoor doctor

# ---- Pulled out

mv tokens pulled && mkdir tokens
submit 3 second
arrives 120000 "without the token a running gateway goes on" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account then"
try "doctor misses it" '' 'problem.*store key.*token is not there' \
    ctl opendoor doctor
down opendoor
try "without it none starts, and says so" 78 'token is not there' starts
rmdir tokens && mv pulled tokens
up opendoor
expect "with it, it does" account opendoor
expect "and has all that came meanwhile" cmp -s held.before held.opendoor
down opendoor

# ---- What can be wrong

token_set store "&pin-source=$folder/wrong"
try "a wrong PIN" 78 'PIN is wrong; it was tried once' starts
try "and it is not shown" 78 '' starts
expect "nowhere" is_not grep -qF "$wrong_pin" <<<"$output"
chmod 640 pin
token_set store "&pin-source=$folder/pin"
try "a PIN that others may read" 78 'chmod 600' starts
chmod 600 pin
token_set store
try "no PIN" 78 'wants a PIN.*pin-source' starts
printf '1\n' >short && chmod 600 short
try "what is no PIN of it" 78 'no PIN of it has that length' \
    starts --passphrase-file short
token_set other "&pin-source=$folder/pin"
try "another key's name" 78 'no private RSA key' starts
key_make other 02 --usage-decrypt || bail "another key"
try "another key" 78 'key that opens the store.s is not there' starts
try "which cannot be used instead" 5 'is not there' ctl opendoor key slot token
config_set opendoor store_token \
    "\"pkcs11:token=gateway?module-path=$module&pin-source=$folder/pin\""
up opendoor
expect "a URI that means both keys finds the one" account opendoor
try "for a new file it must name one" 5 'means 2 of its keys' \
    ctl opendoor key slot token
down opendoor
config_set opendoor store_token "\"pkcs11:token=gateway\""
try "no module" 78 'names no module-path' starts -t
config_set opendoor store_token \
    "\"pkcs11:token=gateway?module-path=$folder/none.so\""
try "a module that is not there" 78 'none.so: there is no such module' starts
config_set opendoor store_token \
    "\"pkcs11:token=gateway?module-path=$folder/pin\""
try "what is no module" 78 'pin: is no PKCS#11 module' starts
config_set opendoor store_token \
    "\"pkcs11:token=gateway?module-path=$module&pin-value=$pin\""
try "the PIN itself" 78 'holds the PIN itself' starts -t
expect "is not repeated" is_not grep -qF "$pin" <<<"$output"
config_set opendoor store_token '"file:/dev/null"'
try "no URI of a token" 78 'store_token: expected a PKCS#11 URI' starts -t
config_set opendoor store_token '""'
try "the file for a token, and no token" 78 'set store_token' starts

# ---- Where the PIN may be

token_set store
mkdir credentials && chmod 700 credentials && cp pin credentials/store-pin
export CREDENTIALS_DIRECTORY=$PWD/credentials
up opendoor
expect "in a credential" account opendoor
down opendoor
unset CREDENTIALS_DIRECTORY
try "the stopped store is looked at with it" 0 '' \
    ctl opendoor store check --offline --passphrase-file pin
"$referd" -c opendoor/referd.yaml --passphrase-file - <pin >>opendoor.log 2>&1 &
gateway_pid[opendoor]=$!
wait_until "$READY_MS_MAX" "opendoor is up" is_up_or_gone opendoor
expect "on standard input" account opendoor
shows() { tr '\0' ' ' <"/proc/${gateway_pid[opendoor]}/$1" | grep -qF "$pin"; }
expect "it is in no command line" is_not shows cmdline
expect "nor in the environment" is_not shows environ
expect "nor in a log" is_not grep -qF "$pin" opendoor.log
expect "and no module of a token is in the process" \
    is_not grep -q softhsm "/proc/${gateway_pid[opendoor]}/maps"
down opendoor

# ---- Damage, and back

token_set store "&pin-source=$folder/pin"
cp opendoor/keys/store-1.token whole
# in the seal, which is last
size=$(stat -c %s whole)
printf '\377\377\377' \
    | dd of=opendoor/keys/store-1.token bs=1 seek=$((size - 9)) conv=notrunc \
        2>/dev/null
try "a damaged file" 78 'store-1.token: is damaged' starts
printf 'nonsense' >opendoor/keys/store-1.token
try "another file" 78 'store-1.token: is not what a token opens' starts
cp whole opendoor/keys/store-1.token
try "back into a file" 0 $'slot|file' ctl opendoor key slot file
expect "and not for the token any more" \
    is_not test -e opendoor/keys/store-1.token
config_set opendoor store_token '""'
up opendoor
expect "from which it starts" account opendoor
expect "with all that it had" cmp -s held.before held.opendoor

# ---- A key that would not be safe, or not work

if key_make loose 03 --extractable; then
    token_set loose "&pin-source=$folder/pin"
    try "a key that the token would give out" 5 'CKA_EXTRACTABLE' \
        ctl opendoor key slot token
fi
if key_make curve 04 --usage-derive EC:prime256v1; then
    token_set curve "&pin-source=$folder/pin"
    try "a key of another kind" 5 'no private RSA key' \
        ctl opendoor key slot token
fi
expect "the file is as it was" test -e opendoor/keys/store-1.pem

# ---- Panic

token_set store "&pin-source=$folder/pin"
ctl opendoor key slot token >/dev/null 2>&1 || bail "to the token again"
cp opendoor/keys/store-1.token copied
try "panic with the token's key" 0 'nothing that is stored' \
    ctl opendoor panic --yes --token
wait "${gateway_pid[opendoor]}" 2>/dev/null
unset "gateway_pid[opendoor]"
expect "the file is gone" is_not test -e opendoor/keys/store-1.token
has_key() { tool --login --pin "$pin" -O 2>/dev/null | grep -q 'label: *store$'; }
expect "and the key from the token" is_not has_key
try "it does not start, and says why" 78 'referctl key slot new' starts
cp copied opendoor/keys/store-1.token
mv opendoor/panicked panicked
try "a copy of the file opens nothing" 78 'no private RSA key' starts
mv panicked opendoor/panicked
rm opendoor/keys/store-1.token
try "again it does no harm, and tells that the key is gone" 5 \
    'no private RSA key' ctl opendoor panic --yes --token
try "a new key needs one of the token" 5 'no private RSA key' \
    ctl opendoor key slot new
key_make store 06 --usage-decrypt || bail "a new key of the token"
try "and then is for the token, and in no file" 0 $'slot|token' \
    ctl opendoor key slot new
expect "as it is" is_not test -e opendoor/keys/store-1.pem
up opendoor
befriend opendoor tbhosp
arrives 120000 "both ends are at rest" is_at_rest
account opendoor || bail "the account"
expect "all that the hospital held is there again" \
    cmp -s held.before held.opendoor

federation_end
