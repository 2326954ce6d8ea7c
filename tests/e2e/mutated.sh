#!/bin/bash
# Every file of a stopped gateway's folder is cut, emptied, taken away, zeroed,
# overwritten and swapped with another agency's, one at a time, and its store is
# overwritten in each page: the gateway starts and serves what was there, or says
# which file it is and what to do. It never ends by a signal, and never tells
# anything that was not so. TAP.
# Usage: mutated.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"

federation_pair
submit 5 first
referral_write one.yaml
referral_send one.yaml gone
wait_until 60000 "it is there" is_at_rest
cp opendoor/vault vault.older
ctl opendoor erase "$referral_id" --reason person_asked --yes >/dev/null \
    || bail "erasing"
referral_send one.yaml one
wait_until 60000 "all is there" is_at_rest
ctl tbhosp referral act "$referral_id" opened --role intake >/dev/null
ctl opendoor feed follow --once --ack >/dev/null
wait_until 60000 "all is said" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account"
for agency in opendoor tbhosp; do
    down "$agency"
done
rm -f opendoor/*.sock
cp -a opendoor sound

# Of the keys of days, which are many and alike, the first two.
mapfile -t files < <(cd sound && find . -type f ! -name '*.yaml' \
    | sed 's|^\./||' | sort \
    | awk '/keys\/day\// && ++days > 2 { next } { print }')
note "$(printf '%s ' "${files[@]}")"

cut() { truncate -s "$(($(stat -c %s "$1") / 2))" "$1"; }
emptied() { truncate -s 0 "$1"; }
gone() { rm "$1"; }
zeroed() {
    local size
    size=$(stat -c %s "$1")
    head -c "$size" /dev/zero | dd of="$1" conv=notrunc status=none
}
spoilt() { # in the middle
    printf 'not what was here' | dd of="$1" bs=1 conv=notrunc status=none \
        seek="$(($(stat -c %s "$1") / 2))"
}
swapped() { [[ ! -e tbhosp/${1#opendoor/} ]] || cat "tbhosp/${1#opendoor/}" >"$1"; }

is_up_or_ended() { is_up opendoor || ! is_running opendoor; }
# What it tells is what it told before, or less: nothing else, nothing new.
tells_no_other() {
    [[ -z $(comm -23 <(awk '{ print $1, $2, $3 }' dump.opendoor | sort) \
        held.before) ]]
}
# Keys of its own that others know are found by number: what names them there.
names() { # FILE: how a refusal may call it
    case $1 in
    store/lock.mdb | store/data.mdb) printf 'store' ;;
    keys/*) printf 'keys|card' ;;
    *) printf '%s' "${1##*/}" ;;
    esac
}

# refuses NAME FILE STATUS: it has ended, and says why
refuses() {
    local status=0 said
    wait "${gateway_pid[opendoor]}" 2>/dev/null || status=$?
    unset "gateway_pid[opendoor]"
    said=$(grep '^referd: ' opendoor.log)
    if ((status != $3)); then
        fail "$1, by its status" "$status; $(<opendoor.log)"
    elif ! grep -Eq "$(names "$2")" <<<"$said"; then
        fail "$1, naming it" "$(<opendoor.log)"
    elif ! grep -Eq '; |remedy: |: use ' opendoor.log; then
        fail "$1, with a remedy" "$(<opendoor.log)"
    else
        pass "$1, with its name and a remedy"
    fi
    note "$said"
}

started=0
refused=0
stopped=0
put_off=0
# look NAME FILE: FILE of the folder is damaged now
look() {
    : >opendoor.log
    : >dump.opendoor
    gateway_launch opendoor
    wait_until "$READY_MS_MAX" "$1: up or ended" is_up_or_ended
    if ! is_running opendoor; then
        refused=$((refused + 1))
        refuses "$1: refused" "$2" 78
    elif account opendoor; then
        started=$((started + 1))
        expect "$1: it starts, and tells nothing else" tells_no_other
        gateway_stop opendoor || fail "$1: it ends cleanly" "$output"
    elif [[ $2 == store/data.mdb ]] && is_until "$STOP_MS_MAX" is_gone opendoor
    then
        stopped=$((stopped + 1)) # at the row, which it was asked for
        expect "$1: it tells nothing else before it ends" tells_no_other
        refuses "$1: it ends at what is damaged" "$2" 70
    elif [[ $2 == store/data.mdb ]] && grep -q 'store\.damaged' opendoor.log
    then # words, which a peer may still bring: it puts off who asks
        put_off=$((put_off + 1))
        expect "$1: it says so, and tells nothing else" tells_no_other
        gateway_stop opendoor || fail "$1: it ends cleanly" "$output"
    else
        fail "$1: it tells what it has" "$(<opendoor.log)"
        gateway_stop opendoor || fail "$1: it ends cleanly" "$output"
    fi
}

for file in "${files[@]}"; do
    for mutation in cut emptied gone zeroed spoilt swapped; do
        rm -rf opendoor && cp -a sound opendoor
        "$mutation" "opendoor/$file"
        look "$file $mutation" "$file"
    done
done
rm -rf opendoor && cp -a sound opendoor
cat vault.older >opendoor/vault
before=$refused
look "vault of before an erasure" vault
expect "which would bring it back" test "$refused" -gt "$before"
expect "some were refused, and some are started with" \
    test "$((started > 3 && refused > 3))" = 1
note "$started started, $refused refused, $stopped stopped"

page_size=$(getconf PAGE_SIZE)
size=$(stat -c %s sound/store/data.mdb)
for ((at = page_size / 2; at < size; at += page_size)); do
    rm -rf opendoor && cp -a sound opendoor
    printf 'not what was here' | dd of=opendoor/store/data.mdb bs=1 \
        conv=notrunc status=none seek="$at"
    look "store/data.mdb spoilt at $at" store/data.mdb
done
expect "of damaged rows some were met" test "$((stopped + put_off))" -gt 0
note "$started started, $refused refused, $stopped stopped, $put_off put off"
federation_end
