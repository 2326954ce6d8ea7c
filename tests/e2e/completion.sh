#!/bin/bash
# completion: what bash and zsh offer while a command line is typed. A referctl
# of ours stands in for the program and the gateway behind it. TAP.
#
#   completion.sh REFERCTL
set -uo pipefail

referctl=$(realpath "${1:?path of referctl}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/completion.XXXXXX")
trap 'rm -rf -- "$folder"' EXIT
"$referctl" completion bash >"$folder/bash" || exit 1
"$referctl" completion zsh >"$folder/zsh" || exit 1

# Answers like referctl --json, and writes down how it was asked.
mkdir "$folder/bin" "$folder/here"
cat >"$folder/bin/referctl" <<'END'
#!/bin/bash
echo "$*" >>"$LOG"
case $* in
*hang*) sleep 30 ;;
*'peer list')
    printf '[\n  {\n    "agency": "cg5dyqvok5hwp4nspxe4gxsrr5",\n'
    printf '    "name": "City TB Hospital",\n    "settled": true\n  }\n]\n' ;;
*'referral list')
    printf '[\n  {\n    "id": "urn:uuid:0190b2c4-0000-7000-8000-000000000001",\n'
    printf '    "peer": "cg5dyqvok5hwp4nspxe4gxsrr5"\n  }\n]\n' ;;
*'mou list') printf '[\n  {\n    "id": "48624e50ab",\n    "title": "T"\n  }\n]\n' ;;
*'feed list') printf '[\n  {\n    "name": "backup"\n  }\n]\n' ;;
*'referral show 0190b2c4')
    printf '{\n  "id": "x",\n  "steps": "accept ask decline",\n  "events": []\n}\n' ;;
*) exit 2 ;;
esac
END
chmod +x "$folder/bin/referctl"
export PATH=$folder/bin:$PATH LOG=$folder/log
: >"$LOG"
touch "$folder/here/hospital.card" "$folder/here/my file"
cd "$folder/here" || exit 1

number=0
failed=0
report() { # NAME GOT WANTED
    number=$((number + 1))
    if [[ $2 == "$3" ]]; then
        printf 'ok %d - %s\n' "$number" "$1"
    else
        failed=$((failed + 1))
        printf 'not ok %d - %s\n# got:    %s\n# wanted: %s\n' "$number" "$1" \
            "$2" "$3"
    fi
}

# What is offered for the last word, one blank between.
in_bash() { # WORD...
    bash --norc -c '
        . "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        compopt() { :; } # only readline has options
        _referctl
        printf "%s\n" "${COMPREPLY[@]}"' bash "$folder/bash" referctl "$@" \
        2>&1 | LC_ALL=C sort | paste -sd' '
}

offers() { # NAME WANTED WORD...
    local name=$1 wanted=$2
    shift 2
    report "$name" "$(in_bash "$@")" "$wanted"
}

nouns=$("$referctl" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' \
    | LC_ALL=C sort -u | paste -sd' ')
offers 'every noun' "$nouns" ''
offers 'a noun that was begun' 'referral' 'ref'
offers 'the verbs of a noun' 'accept export import install request show sign' card ''
offers 'a verb that was begun' 'show sign' mou s
offers 'agencies by id and name' \
    'City\ TB\ Hospital cg5dyqvok5hwp4nspxe4gxsrr5' peer show ''
offers 'a name that was begun' 'City\ TB\ Hospital' peer show 'City\ T'
offers 'a file or an agency' \
    'City\ TB\ Hospital cg5dyqvok5hwp4nspxe4gxsrr5 hospital.card my file' \
    card accept ''
offers 'files' 'hospital.card my file' explain ''
offers 'referrals without their urn' '0190b2c4-0000-7000-8000-000000000001' \
    referral show ''
offers 'the steps of this referral' 'accept ask decline' \
    referral act 0190b2c4 ''
offers 'a step that was begun' 'accept ask' referral act 0190b2c4 a
offers 'nothing where it cannot know' '' referral act 0190b2c4 accept ''
offers 'agreements' '48624e50ab' mou show ''
offers 'positions' 'backup' feed delete ''
offers 'a position as an option' 'backup' feed follow --cursor ''
offers 'words that are themselves' 'in out' ledger show cg5 ''
offers 'words of an option' 'companion person staff' \
    referral act 0190b2c4 accept --actor ''
offers 'states' 'accepted arrived' referral list --state a
offers 'shells' 'bash zsh' completion ''
offers 'options of a command' '--reopen' peer close --r
offers 'options of a command and of all' \
    '--config --count --cursor' feed follow --c
offers 'what an option takes is no argument' \
    'City\ TB\ Hospital cg5dyqvok5hwp4nspxe4gxsrr5' \
    ledger show --after 7 ''
offers 'options before the noun' 'accept export import install request show sign' \
    -c x.yaml card ''
offers 'nothing after a noun that is none' '' nonsense ''
offers 'nothing when the gateway does not answer' '' -s /hang peer show ''

: >"$LOG"
in_bash -c 'my file' --socket /run/s peer show '' >/dev/null
report 'it asks the gateway that was named, and not for long' "$(cat "$LOG")" \
    '-c my file --socket /run/s --timeout 500 --json peer list'

# ---- zsh, where there is one

if command -v zsh >/dev/null; then
    in_zsh() {
        zsh -f -c '
            compdef() { : }
            compadd() { shift; print -l -- "$@" }
            _files() { print -l -- *(N) }
            . "$1"
            shift
            words=("$@") CURRENT=$#
            _referctl' zsh "$folder/zsh" referctl "$@" 2>&1 \
            | grep . | LC_ALL=C sort | paste -sd' '
    }
    report 'zsh: every noun' "$(in_zsh '')" "$nouns"
    report 'zsh: verbs' "$(in_zsh card '')" 'accept export import install request show sign'
    report 'zsh: agencies' "$(in_zsh peer show '')" \
        'City TB Hospital cg5dyqvok5hwp4nspxe4gxsrr5'
    report 'zsh: steps' "$(in_zsh referral act 0190b2c4 '')" 'accept ask decline'
    report 'zsh: an option takes' "$(in_zsh feed follow --cursor '')" 'backup'
    report 'zsh: words that are themselves' "$(in_zsh ledger show cg5 '')" \
        'in out'
    report 'zsh: files and agencies' "$(in_zsh card accept '')" \
        'City TB Hospital cg5dyqvok5hwp4nspxe4gxsrr5 hospital.card my file'
else
    echo '# no zsh here: its completion was not tried'
fi

printf '1..%d\n%d passed, %d failed\n' "$number" $((number - failed)) "$failed"
((failed == 0))
