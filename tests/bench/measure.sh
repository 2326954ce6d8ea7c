# measure.sh - what figures.sh and plot take figures with. Sourced:
#
#     source "$(dirname "${BASH_SOURCE[0]}")/measure.sh"
#     measure_begin BUILD SOURCE FILE
#     federation_pair
#     between FIGURE NAME OPTION...
#     federation_end
#
# One line of JSON for each goes to FILE.
# shellcheck shell=bash source-path=SCRIPTDIR source=../e2e/federation.sh
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/federation.sh"
probes=200
peer_count=0 # beside the two that exchange referrals

measure_begin() {
    lines=$(realpath "$3")
    : >"$lines"
    federation_begin "$1" "$2"
    bench=$1/tests/bench/refer_bench
}

# measure FIGURE NAME OPTION...
measure() {
    expect "$2" "$bench" "$1" -F "$2" -d "$folder" -l "$probes" "${@:3}" \
        && printf '%s\n' "$output" | tee -a "$lines" | sed 's/^/# /'
}

# between FIGURE NAME OPTION...: handed over at the one, followed at the other.
between() {
    measure "$1" "$2" -t "${agency_id[tbhosp]}" \
        -s "$(socket_of opendoor)" -p "${gateway_pid[opendoor]}" \
        -S "$(socket_of tbhosp)" -P "${gateway_pid[tbhosp]}" "${@:3}"
}

# peers_make COUNT: so many agencies whose cards Open Door has accepted, that
# dial out and never come.
peers_make() {
    local id number card
    for ((; peer_count < $1; peer_count++)); do
        card=other.$peer_count/card
        "$referctl" init "other.$peer_count" --name "Agency $peer_count" \
            --contact "referral_lead;Front desk;+000 555 0100;Mo-Sa" \
            >/dev/null 2>&1 || bail "init of agency $peer_count"
        output=$(ctl opendoor card import "$card" 2>&1) || bail "$output"
        id=$(awk -F '\t' '$1 == "agency" { print $2 }' <<<"$output")
        number=$(awk -F '\t' '$1 == "safety number" { print $2 }' \
            <<<"$output")
        ctl opendoor card accept "$id" --safety-number "$number" \
            >/dev/null || bail "agency $peer_count is not accepted"
        rm -rf --one-file-system -- "other.$peer_count"
    done
}
