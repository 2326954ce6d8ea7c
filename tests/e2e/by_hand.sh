#!/bin/bash
# by_hand: a newcomer brings up two agencies on two machines, typing what the
# README says: at most 6 commands a side, and less than 5 minutes. README.md
# must show the same commands and the same screens. As root, and where the
# kernel allows it, the two machines are network namespaces with a cable between
# them; else (and with BY_HAND_LOOPBACK set) two folders on one. TAP.
#
#   by_hand.sh BUILD_DIR SOURCE_DIR
set -uo pipefail

build=$(cd "${1:?the build folder}" && pwd)
source_dir=$(cd "${2:?the source folder}" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/by_hand.XXXXXX")
commands_max=6
seconds_max=300
wait_ms_max=60000 # of one thing that comes about by itself
unset REFER_SOCKET NO_COLOR
export PATH=$build/tools:$build/gateway/daemon:$PATH

sides=(opendoor tbhosp)
declare -A typed=([opendoor]=0 [tbhosp]=0)
declare -A address=()
declare -A readme_address=([opendoor]=192.0.2.1:7443 [tbhosp]=192.0.2.2:7443)
declare -A enter=([opendoor]='' [tbhosp]='') # how to be on that machine
declare -A namespace=()
declare -A pid=()

number=0
failed=0
ok() {
    number=$((number + 1))
    printf 'ok %d - %s\n' "$number" "$1"
}
not_ok() {
    number=$((number + 1))
    failed=$((failed + 1))
    printf 'not ok %d - %s\n' "$number" "$1"
    local side
    for side in "${sides[@]}"; do
        [[ -s $folder/$side/log ]] && sed "s/^/# $side: /" "$folder/$side/log"
        [[ -s $folder/$side/screen ]] \
            && sed "s/^/# $side sees: /" "$folder/$side/screen"
    done
}
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name"; fi
}
quietly() { "$@" >/dev/null; }
now_ms() { date +%s%3N; }

# ---- Two machines

cleanup() {
    local side
    for side in "${sides[@]}"; do
        [[ -z ${pid[$side]:-} ]] || kill -KILL "${pid[$side]}" 2>/dev/null
    done
    wait 2>/dev/null
    for side in "${!namespace[@]}"; do
        ip netns del "${namespace[$side]}" 2>/dev/null
    done
    # the first to make one mounts a folder for them, which else stays
    [[ -z $mounted || -n $(ls -A "$mounted") ]] || umount "$mounted"
    rm -rf -- "$folder"
}
trap cleanup EXIT

mounted=
lay_cable() {
    local a=refer-a-$$ b=refer-b-$$
    [[ -z ${BY_HAND_LOOPBACK:-} ]] || return 1
    ((EUID == 0)) && command -v ip >/dev/null || return 1
    mountpoint -q /run/netns || mounted=/run/netns
    ip netns add "$a" 2>/dev/null || {
        mounted=
        return 1
    }
    namespace[opendoor]=$a
    ip netns add "$b" 2>/dev/null || return 1
    namespace[tbhosp]=$b
    ip link add "ra$$" netns "$a" type veth peer name "rb$$" netns "$b" \
        2>/dev/null || return 1
    ip -n "$a" address add 192.0.2.1/24 dev "ra$$" \
        && ip -n "$b" address add 192.0.2.2/24 dev "rb$$" \
        && ip -n "$a" link set "ra$$" up && ip -n "$b" link set "rb$$" up \
        && ip -n "$a" link set lo up && ip -n "$b" link set lo up
}

if lay_cable 2>/dev/null; then
    echo '# two network namespaces with a cable between them'
    for side in "${sides[@]}"; do
        address[$side]=${readme_address[$side]}
    done
    enter=([opendoor]="ip netns exec ${namespace[opendoor]}"
        [tbhosp]="ip netns exec ${namespace[tbhosp]}")
else
    echo '# one machine: no rights or no way to make network namespaces'
    for side in "${!namespace[@]}"; do
        ip netns del "${namespace[$side]}" 2>/dev/null
    done
    namespace=()
    port=$((20000 + RANDOM % 6000))
    address=([opendoor]=127.0.0.1:$port [tbhosp]=127.0.0.1:$((port + 6000)))
fi

# ---- At the keyboards

for side in "${sides[@]}"; do
    mkdir "$folder/$side"
    : >"$folder/$side/screen"
done

# Adds to the transcript what a side typed and what its screen shows now.
record() { # SIDE LINE
    {
        printf '%s$ %s\n' "$1" "$2"
        sed -e 's/\r$//' -e 's/\x1b\[[0-9;]*m//g' "$folder/$1/screen"
    } | sed -e "s/${address[opendoor]}/${readme_address[opendoor]}/g" \
        -e "s/${address[tbhosp]}/${readme_address[tbhosp]}/g" \
        >>"$folder/transcript"
}

# type SIDE LINE: what stands on that screen then is in its file `screen`.
type_line() {
    local side=$1 line=$2 status=0
    typed[$side]=$((typed[$side] + 1))
    printf '# %s$ %s\n' "$side" "$line"
    # shellcheck disable=SC2086 # no words: this machine
    (cd "$folder/$side" && ${enter[$side]} script -qec "$line" /dev/null) \
        >"$folder/$side/screen" 2>&1 </dev/null || status=$?
    record "$side" "$line"
    return "$status"
}

# The same for a command that asks: it waits for the answer in that fifo.
begin_line() {
    local side=$1 line=$2
    typed[$side]=$((typed[$side] + 1))
    printf '# %s$ %s\n' "$side" "$line"
    asking[$side]=$line
    mkfifo "$folder/$side/keys"
    # shellcheck disable=SC2086
    (cd "$folder/$side" && ${enter[$side]} script -qefc "$line" /dev/null \
        <"$folder/$side/keys" >"$folder/$side/screen" 2>&1) &
    pid[$side-asks]=$!
    exec {keys[$side]}>"$folder/$side/keys"
}
declare -A keys=() asking=()

answer() { # SIDE TEXT
    local side=$1 status=0 fd=${keys[$1]}
    printf '%s\n' "$2" >&"$fd"
    wait "${pid[$side-asks]}" || status=$?
    exec {fd}>&-
    unset "pid[$side-asks]"
    rm -f "$folder/$side/keys"
    record "$side" "${asking[$side]}"
    return "$status"
}

# Someone looks at the screen until it shows that.
wait_screen() { # SIDE TEXT
    local left=$((wait_ms_max / 50))
    until grep -q -- "$2" "$folder/$1/screen"; do
        ((left-- > 0)) || return 1
        sleep 0.05
    done
}
safety_number() { # SIDE
    grep -aoE '([0-9]{5} ){11}[0-9]{5}' "$folder/$1/screen" | head -n 1
}

# What comes about by itself is not typed: nobody is in a hurry.
ctl() { # SIDE ARGUMENTS...
    local side=$1
    shift
    # shellcheck disable=SC2086
    (cd "$folder/$side" && ${enter[$side]} referctl -c referd/referd.yaml "$@") \
        2>/dev/null
}
until_ctl() { # SIDE PATTERN ARGUMENTS...
    local side=$1 pattern=$2 left=$((wait_ms_max / 50))
    shift 2
    until ctl "$side" "$@" | grep -q -- "$pattern"; do
        ((left-- > 0)) || return 1
        sleep 0.05
    done
}

start_gateway() { # SIDE: its log goes to another window
    local side=$1
    typed[$side]=$((typed[$side] + 1))
    printf '# %s$ referd -c referd/referd.yaml &\n' "$side"
    printf '%s$ referd -c referd/referd.yaml &\n' "$side" >>"$folder/transcript"
    cd "$folder/$side" || return 1
    # shellcheck disable=SC2086
    ${enter[$side]} referd -c referd/referd.yaml >log 2>&1 &
    pid[$side]=$!
    cd - >/dev/null || return 1
}

# ---- The story of the README

began_ms=$(now_ms)
contact='referral_lead;Front desk;+000 555 0100;Mo-Sa 10:00-20:00'

check "Open Door makes its gateway" type_line opendoor \
    "referctl init referd --name 'Open Door' --listen tls+tcp://${address[opendoor]} --contact '$contact'"
check "Open Door starts it" start_gateway opendoor
check "Open Door's is ready" until_ctl opendoor '^ready.1$' health
check "Open Door writes an invitation" type_line opendoor \
    'referctl -c referd/referd.yaml peer invite -o opendoor.invitation'
check "the hospital makes its gateway" type_line tbhosp \
    "referctl init referd --name 'City TB Hospital' --listen tls+tcp://${address[tbhosp]} --contact '$contact'"
check "the hospital starts it" start_gateway tbhosp
check "the hospital's is ready" until_ctl tbhosp '^ready.1$' health

# by mail, or on a stick
cp "$folder/opendoor/opendoor.invitation" "$folder/tbhosp/"
cp "$source_dir/conf/examples/mou-two.yaml" "$folder/opendoor/mou.yaml"
cp "$source_dir/conf/examples/mou-two.yaml" "$folder/tbhosp/mou.yaml"

# on the phone: Open Door reads out its agency id, from its own screen
told=$(grep -aoE 'agency id: [a-z2-7]{26}' "$folder/opendoor/screen")
begin_line tbhosp \
    'referctl -c referd/referd.yaml card accept opendoor.invitation'
check "the hospital sees an agency id" wait_screen tbhosp 'Type yes'
heard=$(grep -aoE 'agency id\. Is it [a-z2-7]{26}' "$folder/tbhosp/screen")
check "it is the one that they read out" \
    test -n "$told" -a "${told##* }" = "${heard##* }"
check "and the hospital says yes" answer tbhosp yes
told=$(safety_number tbhosp)
check "its card arrives at Open Door by itself" \
    until_ctl opendoor 'City TB Hospital.invited' peer list
begin_line opendoor \
    "referctl -c referd/referd.yaml card accept 'City TB Hospital'"
check "Open Door sees the safety number" wait_screen opendoor 'Type yes'
heard=$(safety_number opendoor)
check "both have the same before them" test -n "$told" -a "$told" = "$heard"
check "Open Door says yes" answer opendoor yes
check "the two gateways talk" until_ctl opendoor 'connected.yes' peer list

begin_line opendoor 'referctl -c referd/referd.yaml mou offer mou.yaml --sign'
check "Open Door sees what it signs" wait_screen opendoor 'Type yes'
check "and offers it, signed" answer opendoor yes
check "the agreement arrives" until_ctl tbhosp 'offered' mou list
begin_line tbhosp 'referctl -c referd/referd.yaml mou sign mou.yaml'
check "the hospital sees that it is what its file says" \
    wait_screen tbhosp 'What was offered is what mou.yaml says'
check "and what it signs" wait_screen tbhosp 'Type yes'
check "the hospital signs" answer tbhosp yes
for side in "${sides[@]}"; do
    check "it is in force at $side" until_ctl "$side" \
        'in_force_there": true' --json peer show \
        "$([[ $side == opendoor ]] && echo 'City TB Hospital' || echo 'Open Door')"
done
took_ms=$(($(now_ms) - began_ms))

# ---- Nothing is left to be done

for side in "${sides[@]}"; do
    check "the doctor of $side finds no problem" quietly ctl "$side" doctor
    if ctl "$side" --json doctor | grep -q 'and lets us in'; then
        ok "$side reaches the other's endpoint and is let in"
    else
        not_ok "$side reaches the other's endpoint and is let in"
    fi
    check "$side typed at most $commands_max commands: ${typed[$side]}" \
        test "${typed[$side]}" -le "$commands_max"
done
check "it took less than $seconds_max s" \
    test "$took_ms" -lt $((seconds_max * 1000))
printf '# Open Door typed %d commands, the hospital %d; it took %d.%03d s\n' \
    "${typed[opendoor]}" "${typed[tbhosp]}" $((took_ms / 1000)) \
    $((took_ms % 1000))

check "README.md shows what was typed and what came of it" \
    "$(dirname "${BASH_SOURCE[0]}")/transcript.py" "$source_dir/README.md" \
    'by hand' "$folder/transcript"

# ---- The hospital's gateway is gone: the doctor says so, and what to do

kill -TERM "${pid[tbhosp]}"
wait "${pid[tbhosp]}" 2>/dev/null
unset "pid[tbhosp]"
if found=$(ctl opendoor doctor --problems); then
    not_ok "a doctor has status 3 when there is a problem"
else
    check "a doctor has status 3 when there is a problem" test $? -eq 3
fi
if grep -q $'^problem\tendpoint\tCity TB Hospital .*nobody listens there' \
    <<<"$found"; then
    ok "it found the endpoint that does not answer"
else
    not_ok "it found the endpoint that does not answer"
    printf '%s\n' "$found" | sed 's/^/# /'
fi

printf '1..%d\n%d passed, %d failed\n' "$number" $((number - failed)) "$failed"
((failed == 0))
