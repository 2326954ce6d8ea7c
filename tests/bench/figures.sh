#!/bin/bash
# Measures every figure at two agencies that it makes, in a temporary folder:
#
#   figures.sh BUILD SOURCE FILE [smoke|STORED]
#
# One line of JSON for each goes to FILE. smoke: a moment of each, for their
# checks alone. STORED: start-up, rate and delay with so many stored, too.
# shellcheck source-path=SCRIPTDIR source=measure.sh
source "$(dirname "${BASH_SOURCE[0]}")/measure.sh"
scale=${4:-full}
measure_begin "$1" "$2" "$3"
declare -A many=([idle]=5 [one]=1500 [clients]=20000 [batches]=40000)
many+=([paced]=1000 [disk]=4000 [disk_batches]=16384)
peers=1000
if [[ $scale == smoke ]]; then
    many=([one]=10 [idle]=1 [clients]=100 [batches]=600 [paced]=10 [disk]=0)
    probes=3
    peers=3
fi
many_clients=60 # LOCAL_CLIENT_COUNT_MAX_PER_USER, and some to look on

# started NAME STORED: the gateway of Open Door, anew.
started() {
    gateway_stop opendoor || bail "opendoor ends: $output"
    measure start "$1" -s "$(socket_of opendoor)" -n "$2" -x "$referd" \
        -f opendoor/referd.yaml
    gateway_start opendoor
    wait_until "$READY_MS_MAX" "the ledgers are settled" \
        is_settled opendoor tbhosp
}

# What an agency's gateway asked of the disk, for each of so many referrals of
# 2 KiB, as strace saw it: bytes written into its files, and flushes. LMDB
# writes its two pages of roots with O_DSYNC, a flush each.
disk_account() {
    awk -v count="$2" '
        /fdatasync|fsync|msync/ { syncs++ }
        /pwrite64|writev|write\(/ && /\/(store|vault)/ && $NF ~ /^[0-9]+$/ {
            bytes += $NF
            writes++
            roots += /pwrite64\(.*, (0|16|4096|4112)\)/
        }
        END {
            printf "{\"bytes\": %.0f, \"size_ratio\": %.2f, ", \
                bytes / count, bytes / count / 2048
            printf "\"writes\": %.4f, \"syncs\": %.4f}", \
                writes / count, (syncs + roots) / count
        }' "$1.strace"
}

# disk NAME COUNT OPTION...: strace slows both gateways down: of that run
# nothing else is worth anything.
disk() {
    local name=$1 count=$2 agency each=
    for agency in opendoor tbhosp; do
        strace -f -qq -y -s 0 -o "$agency.strace" \
            -e trace=fdatasync,fsync,msync,pwrite64,pwritev,writev,write \
            -p "${gateway_pid[$agency]}" 2>/dev/null &
        helper_pid[strace_$agency]=$!
    done
    wait_until "$READY_MS_MAX" "strace is there" strace_is_there
    between load "$name" -n "$count" "${@:3}" >/dev/null || bail "$output"
    sed -i '$d' "$lines"
    for agency in opendoor tbhosp; do
        helper_end "strace_$agency" INT
        each+=", \"$agency\": $(disk_account "$agency" "$count")"
    done
    printf '{"figure": "%s"%s}\n' "$name" "$each" \
        | tee -a "$lines" | sed 's/^/# /'
}

strace_is_there() {
    ! grep -L '^TracerPid:[[:space:]]*[1-9]' \
        "/proc/${gateway_pid[opendoor]}/task/"*/status \
        "/proc/${gateway_pid[tbhosp]}/task/"*/status | grep -q .
}

federation_pair
between idle "idle, an agency each" -n "${many[idle]}"
between load "one submitter" -n "${many[one]}"
between load "$many_clients submitters" -n "${many[clients]}" -c "$many_clients"
between load "2 submitters, batches of 256" -n "${many[batches]}" -c 2 -m 256
between pace "100 a second" -n "${many[paced]}" -c 8 -r 100
stored=$((many[one] + many[clients] + many[batches] + many[paced]))
if ((many[disk] > 0)) && command -v strace >/dev/null && ((EUID == 0)); then
    disk "disk, $many_clients submitters" "${many[disk]}" -c "$many_clients"
    disk "disk, batches of 256" "${many[disk_batches]}" -c 2 -m 256
    stored=$((stored + many[disk] + many[disk_batches]))
fi
started "start, with what these left" "$stored"
if [[ $scale =~ ^[0-9]+$ ]] && ((scale > stored)); then
    between load "the way to $scale" -c 2 -m 256 -n $((scale - stored))
    started "start, with $scale stored" "$scale"
    between load "2 submitters, batches, $scale stored" \
        -n "${many[batches]}" -c 2 -m 256
    between pace "100 a second, $scale stored" -n "${many[paced]}" -c 8 -r 100
fi
peers_make "$peers"
between idle "idle, $peers agencies beside it" -n "${many[idle]}"
between load "2 submitters, batches, $peers agencies" -n "${many[batches]}" \
    -c 2 -m 256
federation_end
