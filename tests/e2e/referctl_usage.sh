#!/bin/bash
# referctl without a gateway: help, exit statuses, errors, and the commands
# that need none. TAP. Usage: referctl_usage.sh REFERCTL SOURCE_DIR
set -uo pipefail

referctl=${1:?path of referctl}
source_dir=${2:?path of the source}
folder=$(mktemp -d "${TMPDIR:-/tmp}/referctl.XXXXXX")
trap 'rm -rf -- "$folder"' EXIT
unset REFER_SOCKET NO_COLOR

number=0
failed=0

# try NAME STATUS OUT ERR ARGUMENTS...: runs referctl; its output and errors
# must hold those extended regular expressions ("" for any, "^$" for none).
try() {
    local name=$1 status=$2 out=$3 err=$4 got=0 problem=
    shift 4
    "$referctl" "$@" >"$folder/out" 2>"$folder/err" </dev/null || got=$?
    ((got == status)) || problem="status $got instead of $status"
    check_text "$folder/out" "$out" || problem+=" output without: $out"
    check_text "$folder/err" "$err" || problem+=" errors without: $err"
    report "$name" "$problem"
}

check_text() {
    case $2 in
    '') return 0 ;;
    '^$') [[ ! -s $1 ]] ;;
    *) grep -Eq -- "$2" "$1" ;;
    esac
}

report() {
    number=$((number + 1))
    if [[ -z $2 ]]; then
        printf 'ok %d - %s\n' "$number" "$1"
        return
    fi
    failed=$((failed + 1))
    printf 'not ok %d - %s\n# %s\n' "$number" "$1" "$2"
    sed 's/^/# /' "$folder/out" "$folder/err"
}

# expect NAME COMMAND...: must succeed.
expect() {
    local name=$1 problem=
    shift
    "$@" || problem="failed: $*"
    report "$name" "$problem"
}

is_without() { ! grep -q -- "$1" "$2"; }
is_mode() { [[ $(stat -c %a "$1") == "$2" ]]; }

# ---- Help and usage

try "help lists every command" 0 'ledger verify \[AGENCY\]' '^$' help
try "help of a noun" 0 'card accept FILE' '^$' help card
try "help of a command has an example" 0 '^    referctl explain' '^$' help explain
try "--help after a command is the same" 0 '^Example:' '^$' mou offer --help
try "-h before a command" 0 '^Usage: referctl peer list' '^$' -h peer list
try "version" 0 '^referctl [0-9]+\.[0-9]+\.[0-9]+$' '^$' -V
try "no command is a mistake" 1 '^$' '^remedy: referctl help$'
try "a slip is answered with the nearest" 1 '^$' 'did you mean: referctl peer list' pere list
try "a noun alone" 1 '^$' 'needs a verb' card
try "an unknown option" 1 '^$' '--nonsense is not known here' card show --nonsense
try "an option without its value" 1 '^$' '--key needs a value' referral send x --key
try "too few words" 1 '^$' 'it needs FILE' explain
try "too many words" 1 '^$' 'no place for "b"' peer list b
try "an odd timeout" 1 '^$' '--timeout takes a number' health --timeout 0

while read -r noun verb; do
    # shellcheck disable=SC2086 # verb is empty for commands of one word
    try "help of $noun $verb" 0 "^Usage: referctl $noun ?$verb" '^$' \
        help "$noun" $verb
done < <("$referctl" help | sed -n '/^Commands:/,/^$/p' \
    | sed -En 's/^  ([a-z]+) ?([a-z]*) .*/\1 \2/p')

# ---- No gateway

try "a socket nobody listens on" 2 '^$' '^remedy: start the gateway' -s "$folder/none" health
try "a configuration that is not there" 5 '^$' 'none.yaml' -c "$folder/none.yaml" health
export REFER_SOCKET=$folder/from-environment
try "the socket of the environment" 2 '^$' 'from-environment' health
unset REFER_SOCKET

# ---- init

try "init makes an agency" 0 $'^agency\t[a-z2-7]{26}$' 'Keep .*/revocation elsewhere' \
    init "$folder/a" --name "Open Door" --listen tls+tcp://127.0.0.1:7443 \
    --contact "lead;M. K.;+000 555 0101;Mo-Sa" --user intake:submit,act,read
expect "the folder is its owner's" is_mode "$folder/a" 700
expect "so are the keys" is_mode "$folder/a/keys" 700
expect "and the root key" is_mode "$folder/a/keys/root.pem" 600
expect "the configuration names the user" grep -q 'user: intake' "$folder/a/referd.yaml"
try "the configuration tells the socket" 2 '^$' "$folder/a/referd.sock" -c "$folder/a/referd.yaml" health
try "init never overwrites keys" 5 '^$' 'keys exists already' init "$folder/a" --name "Other"
try "init wants a name" 1 '^$' 'needs --name' init "$folder/b"
try "init checks before it makes anything" 1 '^$' 'does not begin' init "$folder/b" --name B --listen localhost:1
expect "nothing was made" test ! -e "$folder/b"
mkdir -m 755 "$folder/open"
try "a folder others may enter is refused" 5 '^$' 'open' init "$folder/open" --name B
mkdir -m 700 "$folder/kept"
echo 'data: /elsewhere' >"$folder/kept/referd.yaml"
try "init in JSON" 0 '"agency": "[a-z2-7]{26}"' '^$' --json init "$folder/kept" --name B
expect "a configuration that is there stays" grep -qx 'data: /elsewhere' "$folder/kept/referd.yaml"
echo 'correct horse' >"$folder/passphrase"
try "a root key under a passphrase" 0 '' '' init "$folder/c" --name C -p "$folder/passphrase"
expect "is encrypted" grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$folder/c/keys/root.pem"
: >"$folder/empty"
try "an empty passphrase file" 5 '^$' 'holds no passphrase' init "$folder/d" --name D -p "$folder/empty"
expect "made nothing" test ! -e "$folder/d"

# ---- Cards and agreements

try "our card as text" 0 '^-----BEGIN REFER CARD-----$' '^$' card export --dir "$folder/a"
try "into a file" 0 '^$' '^$' card export --dir "$folder/a" -o "$folder/a.card"
expect "the file holds it" grep -q 'END REFER CARD' "$folder/a.card"
try "a card that is no card" 5 '^$' 'no valid agency card' card import "$folder/passphrase"
sed '2s/^../AA/' "$folder/a.card" >"$folder/forged.card"
try "a card that was changed" 5 '^$' '^remedy: ' card import "$folder/forged.card"
try "a sound card needs the gateway" 2 '^$' 'remedy: start the gateway' -s "$folder/none" card import "$folder/a.card"
try "a file that is not there" 5 '^$' 'cannot open' card import "$folder/none"
mou=$source_dir/conf/examples/mou.yaml
try "the example agreement is sound" 0 'opendoor -> tbhosp tb.assess' '^$' mou check "$mou"
try "in JSON" 0 '"sound": true' '^$' --json mou check "$mou"
sed 's/forward: never/forward: sometimes/' "$mou" >"$folder/bad.yaml"
try "a mistake is told with its place" 5 '^$' 'bad.yaml:[0-9]+:[0-9]+: pathways\[1\].forward' mou check "$folder/bad.yaml"
try "signing wants keys" 2 '^$' 'remedy: start the gateway' -s "$folder/none" mou sign 00
try "an odd safety number" 1 '^$' 'not 60 digits' card accept aa --safety-number 123

# ---- Referrals

try "a key that is too long" 1 '^$' '--key takes 1 to 64' referral send x --key \
    12345678901234567890123456789012345678901234567890123456789012345
sed 's/urgency: soon/urgency: now/' "$source_dir/conf/examples/referral-tb-check.yaml" >"$folder/bad-referral.yaml"
try "a mistake in a referral" 5 '^$' 'bad-referral.yaml:[0-9]+:[0-9]+: urgency' explain "$folder/bad-referral.yaml"
try "what a mistake says is not what the person said" 5 '^$' '^remedy: ' explain "$folder/bad-referral.yaml"
expect "no value is printed" is_without Sasha "$folder/err"

printf '1..%d\n%d passed, %d failed\n' "$number" $((number - failed)) "$failed"
((failed == 0))
