#!/bin/bash
# Every file of a stopped gateway's folder is cut, emptied, taken away, zeroed,
# overwritten and swapped with another agency's, one at a time: the gateway
# starts and serves what was there, or says which file it is and what to do. It
# never ends by a signal, and never tells anything that was not so. TAP.
# Usage: mutated.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"

federation_pair
submit 5 first
referral_write one.yaml
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
    account opendoor || return 1
    [[ -z $(comm -23 held.opendoor held.before) ]]
}

# Keys of its own that others know are found by number: what names them there.
names() { # FILE: how a refusal may call it
    case $1 in
    store/lock.mdb | store/data.mdb) printf 'store' ;;
    keys/*) printf 'keys|card' ;;
    *) printf '%s' "${1##*/}" ;;
    esac
}

started=0
refused=0
for file in "${files[@]}"; do
    for mutation in cut emptied gone zeroed spoilt swapped; do
        name="$file $mutation"
        rm -rf opendoor && cp -a sound opendoor
        "$mutation" "opendoor/$file"
        : >opendoor.log
        gateway_launch opendoor
        wait_until "$READY_MS_MAX" "$name: up or ended" is_up_or_ended
        if is_running opendoor; then
            started=$((started + 1))
            expect "$name: it starts, and tells nothing else" tells_no_other
            gateway_stop opendoor || fail "$name: it ends cleanly" "$output"
            continue
        fi
        refused=$((refused + 1))
        status=0
        wait "${gateway_pid[opendoor]}" 2>/dev/null || status=$?
        unset "gateway_pid[opendoor]"
        said=$(grep '^referd: ' opendoor.log)
        if ((status != 78)); then
            fail "$name: refused, by its status" "$status; $(<opendoor.log)"
        elif ! grep -Eq "$(names "$file")" <<<"$said"; then
            fail "$name: refused, naming it" "$(<opendoor.log)"
        elif ! grep -Eq '; |remedy: |: use ' opendoor.log; then
            fail "$name: refused, with a remedy" "$(<opendoor.log)"
        else
            pass "$name: refused, with its name and a remedy"
        fi
        note "$said"
    done
done
expect "some were refused, and some are started with" \
    test "$((started > 3 && refused > 3))" = 1
note "$started started, $refused refused"
federation_end
