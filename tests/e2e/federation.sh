# federation.sh - real gateways on loopback, for the tests beside it. Sourced:
#
#     source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
#     federation_begin BUILD SOURCE
#     ...
#     federation_end
#
# What a test gets: a temporary folder that is the working directory, gateways
# by the names of agencies (folder NAME, log NAME.log), and TAP. Nothing waits
# for a fixed time; wait_until has a bound. Whatever happens, the processes
# that were started here are ended by their ids, and the folder goes away.
#
# A test fails as well when a gateway's log holds a sanitizer's report, or when
# one ended in a way that the test did not ask for.
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C.UTF-8
unset REFER_SOCKET NO_COLOR

POLL_MS=20
POLL_S=0.02
STOP_MS_MAX=5000 # of a clean end
READY_MS_MAX=20000
TODAY=$(date -u +%F)

declare -A gateway_pid=() # running, by agency
declare -A gateway_port=()
declare -A agency_id=()
declare -A agency_name=(
    [opendoor]="Open Door"
    [tbhosp]="City TB Hospital"
    [social]="Centre for Social Assistance"
)
declare -A helper_pid=() # other programs that a test started, by name
test_count=0
test_failed=0
folder=
mou_id=
output= # what the last command of `try` printed, both streams

now_ms() { date +%s%3N; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# ---- TAP

pass() {
    test_count=$((test_count + 1))
    printf 'ok %d - %s\n' "$test_count" "$1"
}

# fail NAME WHY...
fail() {
    test_count=$((test_count + 1))
    test_failed=$((test_failed + 1))
    printf 'not ok %d - %s\n' "$test_count" "$1"
    shift
    (($# == 0)) || note "$*"
}

# expect NAME COMMAND...: must succeed; what it printed is told when not.
expect() {
    local name=$1
    shift
    if output=$("$@" 2>&1); then
        pass "$name"
    else
        fail "$name" "failed: $*"$'\n'"$output"
        return 1
    fi
}

# expect_nothing NAME COMMAND...: must succeed and print nothing.
expect_nothing() {
    local name=$1 status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if ((status == 0)) && [[ -z $output ]]; then
        pass "$name"
    else
        fail "$name" "status $status of: $*"$'\n'"$(head -n 10 <<<"$output")"
        return 1
    fi
}

# try NAME STATUS PATTERN COMMAND...: its end ("" for any) and what it says, on
# either stream, as an extended regular expression ("" for any).
try() {
    local name=$1 expected=$2 pattern=$3 status=0 problem=
    shift 3
    output=$("$@" 2>&1 </dev/null) || status=$?
    [[ -z $expected ]] || ((status == expected)) \
        || problem="status $status instead of $expected; "
    [[ -z $pattern ]] || grep -Eq -- "$pattern" <<<"$output" \
        || problem+="nothing like: $pattern"
    if [[ -z $problem ]]; then
        pass "$name"
    else
        fail "$name" "$problem"$'\n'"\$ $*"$'\n'"$output"
        return 1
    fi
}

# skip NAME WHY
skip() {
    test_count=$((test_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$test_count" "$1" "$2"
}

# bail WHY...: nothing that follows makes sense.
bail() {
    printf 'Bail out! %s\n' "$*"
    logs_tell
    exit 1
}

logs_tell() {
    local log
    for log in "$folder"/*.log; do
        [[ -s $log ]] || continue
        note "the end of ${log##*/}:"
        note "$(tail -n 25 "$log")"
    done
}

# ---- Begin and end

federation_begin() {
    local build=$1
    source_dir=$2
    referctl=$build/tools/referctl
    referd=$build/gateway/daemon/referd
    referd_unchecked=$build/gateway/daemon/referd-unchecked
    outside_client=$build/tests/e2e/outside_client
    folder=$(mktemp -d "${TMPDIR:-/tmp}/refer.XXXXXX") || exit 1
    # others of this machine have to get as far as the sockets
    chmod 711 "$folder"
    trap 'federation_cleanup' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cd "$folder" || exit 1
}

federation_cleanup() {
    local status=$? pid
    trap - EXIT
    for pid in "${helper_pid[@]}" "${gateway_pid[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    cd / && umount -l "$folder/disk" 2>/dev/null
    rm -rf --one-file-system -- "$folder"
    exit "$status"
}

# Stops what still runs, reads the logs, prints the plan and exits.
federation_end() {
    local agency log
    for agency in "${!gateway_pid[@]}"; do
        gateway_stop "$agency" || fail "$agency ends cleanly" "$output"
    done
    for log in "$folder"/*.log; do
        [[ -e $log ]] || continue
        if grep -Eq 'ERROR: [A-Za-z]+Sanitizer|runtime error|Assertion' "$log"
        then
            fail "nothing in ${log##*/} is a programmer's mistake" \
                "$(grep -E -A 15 'Sanitizer|runtime error|Assertion' "$log")"
        fi
    done
    ((test_failed == 0)) || logs_tell
    printf '1..%d\n' "$test_count"
    ((test_failed == 0)) || exit 1
    exit 0
}

# ---- Waiting

# is_until MS COMMAND...: polls; 1 when the time is over. Only what was slept
# here counts: while the machine stands still, nobody else got on either.
is_until() {
    local left=$(($1 / POLL_MS))
    shift
    until "$@" >/dev/null 2>&1; do
        ((left-- > 0)) || return 1
        sleep "$POLL_S"
    done
}

# wait_until MS WHAT COMMAND...: or the test ends here.
wait_until() {
    local ms=$1 what=$2
    shift 2
    is_until "$ms" "$@" || bail "waited $ms ms in vain: $what"
}

# arrives MS NAME COMMAND...: a test that a thing comes about by itself.
arrives() {
    local ms=$1 name=$2
    shift 2
    if is_until "$ms" "$@"; then
        pass "$name"
    else
        fail "$name" "not within $ms ms: $*"
        return 1
    fi
}

# ---- Gateways

is_port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A loopback port nobody listens on, below those the kernel gives out.
port_pick() {
    local candidate taken try
    for ((try = 0; try < 200; try++)); do
        candidate=$((20000 + RANDOM % 12000))
        for taken in "${gateway_port[@]}"; do
            [[ $taken != "$candidate" ]] || continue 2
        done
        if is_port_free "$candidate"; then
            gateway_port[$1]=$candidate
            return 0
        fi
    done
    bail "no free port on 127.0.0.1"
}

# agency_init NAME [dials_out]: its folder, keys, card and configuration; with
# dials_out nobody can reach it. The socket is in a folder that other users may
# enter; what they may do is for the gateway to say.
agency_init() {
    local agency=$1 listen=()
    if [[ ${2:-} != dials_out ]]; then
        port_pick "$agency"
        listen=(--listen "tls+tcp://127.0.0.1:${gateway_port[$agency]}")
    fi
    output=$("$referctl" init "$agency" --name "${agency_name[$agency]}" \
        "${listen[@]}" \
        --contact "referral_lead;Front desk;+000 555 0100;Mo-Sa" 2>&1) \
        || bail "init of $agency: $output"
    agency_id[$agency]=$(awk -F '\t' '$1 == "agency" { print $2 }' \
        <<<"$output")
    mkdir -m 755 "$agency.run"
    config_set "$agency" socket "$folder/$agency.run/sock"
}

# config_set AGENCY KEY VALUE: a top-level key of its configuration, as one
# line, in place of all its lines.
config_set() {
    awk -v key="$2:" '
        /^[^ #-]/ { is_in = $1 == key }
        !is_in
    ' "$1/referd.yaml" >"$1/referd.yaml.new"
    printf '%s: %s\n' "$2" "$3" >>"$1/referd.yaml.new"
    mv "$1/referd.yaml.new" "$1/referd.yaml"
}

socket_of() { printf '%s/%s.run/sock' "$folder" "$1"; }
ctl() { "$referctl" -c "$1/referd.yaml" "${@:2}"; }
# Asked before any program that would find nobody, as that takes its time.
is_listening() { [[ $(</proc/net/unix) == *" $(socket_of "$1")"* ]]; }
is_healthy() { is_listening "$1" && ctl "$1" health >/dev/null 2>&1; }
# It answers, whether or not it takes new referrals.
is_up() { is_listening "$1" && ctl "$1" status >/dev/null 2>&1; }
is_running() { kill -0 "${gateway_pid[$1]}" 2>/dev/null; }

# gateway_launch NAME [PROGRAM]: does not wait for it to be ready.
gateway_launch() {
    local agency=$1 program=${2:-$referd}
    "$program" -c "$agency/referd.yaml" >>"$agency.log" 2>&1 &
    gateway_pid[$agency]=$!
}

is_up_or_gone() { is_up "$1" || ! is_running "$1"; }

gateway_start() {
    gateway_launch "$@"
    wait_until "$READY_MS_MAX" "$1 is up" is_up_or_gone "$1"
    is_running "$1" || bail "the gateway of $1 ended at once"
}

is_gone() { ! is_running "$1"; }

# gateway_stop NAME: SIGTERM; fails, and says why in $output, unless it ends
# with 0 within STOP_MS_MAX.
gateway_stop() {
    local agency=$1 status=0 pid=${gateway_pid[$1]} since
    since=$(now_ms)
    output=
    kill -TERM "$pid" 2>/dev/null || output="it had ended by itself; "
    if ! is_until "$STOP_MS_MAX" is_gone "$agency"; then
        output+="not within $STOP_MS_MAX ms; "
        kill -KILL "$pid" 2>/dev/null
    fi
    wait "$pid" 2>/dev/null || status=$?
    unset "gateway_pid[$agency]"
    stop_took_ms=$(($(now_ms) - since))
    ((status == 0)) || output+="status $status"
    [[ -z $output ]]
}

# helper_end NAME SIGNAL: ends another program; its status in $helper_status.
helper_end() {
    helper_status=0
    kill "-$2" "${helper_pid[$1]}" 2>/dev/null
    wait "${helper_pid[$1]}" 2>/dev/null || helper_status=$?
    unset "helper_pid[$1]"
}

# gateway_kill NAME: kill -9, as the power failing would.
gateway_kill() {
    local agency=$1 status=0 pid=${gateway_pid[$1]}
    kill -KILL "$pid" 2>/dev/null \
        || bail "the gateway of $agency had ended by itself"
    wait "$pid" 2>/dev/null || status=$?
    unset "gateway_pid[$agency]"
    ((status == 137)) || bail "$agency ended with $status before it was killed"
}

# ---- Knowing each other

# befriend A B: cards, both ways, safety numbers compared.
befriend() {
    local one=$1 other=$2 number_one number_other
    ctl "$one" card export -o "$one.card" || bail "card of $one"
    ctl "$other" card export -o "$other.card" || bail "card of $other"
    number_one=$(ctl "$one" card import "$other.card" \
        | awk -F '\t' '$1 == "safety number" { print $2 }')
    number_other=$(ctl "$other" card import "$one.card" \
        | awk -F '\t' '$1 == "safety number" { print $2 }')
    [[ -n $number_one && $number_one == "$number_other" ]] \
        || bail "the safety numbers of $one and $other differ"
    ctl "$one" card accept "${agency_id[$other]}" \
        --safety-number "$number_one" >/dev/null || bail "$one accepts $other"
    ctl "$other" card accept "${agency_id[$one]}" \
        --safety-number "$number_one" >/dev/null || bail "$other accepts $one"
}

# peer_field AGENCY PEER FIELD...: of the record that `peer list` has of it,
# one line; each of one word.
peer_field() {
    ctl "$1" --json peer list | awk -v id="${agency_id[$2]}" -v names="${*:3}" '
        $1 == "\"agency\":" { is_it = index($2, id) > 0 }
        is_it { gsub(/[":,]/, ""); value[$1] = $2 }
        END {
            count = split(names, name, " ")
            for (i = 1; i <= count; i++)
                printf "%s%s", value[name[i]], i < count ? " " : "\n"
        }'
}

is_settled() { [[ $(peer_field "$1" "$2" settled) == true ]]; }
is_nothing_queued() { [[ $(peer_field "$1" "$2" queued) == 0 ]]; }
is_all_answered() { [[ $(peer_field "$1" "$2" queued unanswered) == "0 0" ]]; }

mou_write() {
    cat >mou.yaml <<END
mou: 1
id: urn:mou:test:tb-support
title: Referrals between Open Door and City TB Hospital
version: 1
in_force: {from: $TODAY, until: $(date -u -d '+300 days' +%F)}
parties:
  - {id: opendoor, name: Open Door outreach, role: [refers, receives]}
  - {id: tbhosp, name: City TB Hospital, role: [refers, receives]}
services:
  - {id: tb.assess, party: tbhosp, name: TB check, access_mode: [walk_in, booked]}
  - {id: hr.dropin, party: opendoor, name: Drop-in, access_mode: [walk_in]}
pathways:
  - {from: opendoor, to: tb.assess, purpose: tb_assessment, max_hops: 1, forward: with_consent}
  - {from: tbhosp, to: hr.dropin, purpose: harm_reduction, max_hops: 0, forward: never}
data_elements:
  - purpose: tb_assessment
    required: [pairwise_id, call_name, contact_route]
    allowed: [year_of_birth, cough_weeks, previous_tb, companion, language, access_needs, needs]
  - purpose: harm_reduction
    required: [call_name]
    allowed: [contact_route, language]
never_share: [arrest_history, immigration_status, drug_test_result, sex_work, photo]
consent: {max_expiry_days: 365}
signatures_required: [opendoor, tbhosp]
END
}

has_mou() { ctl "$1" mou show "$mou_id"; }
is_in_force() {
    [[ $(ctl "$1" --json mou show "$mou_id" | grep -c '"in_force": true') == 2 ]]
}

# pair_launch: Open Door and the hospital, set up before, run, know each other
# and have an agreement.
pair_launch() {
    local agency
    for agency in opendoor tbhosp; do
        gateway_launch "$agency"
    done
    for agency in opendoor tbhosp; do
        wait_until "$READY_MS_MAX" "$agency is ready" is_healthy "$agency"
    done
    befriend opendoor tbhosp
    agreement_make
}

# federation_pair [dials_out]: Open Door and the hospital, running, with an
# agreement; Open Door may be one that only dials out.
federation_pair() {
    agency_init opendoor "$@"
    agency_init tbhosp
    pair_launch
}

agreement_make() {
    local agency
    mou_write
    mou_id=$(ctl opendoor mou offer mou.yaml \
        --party "opendoor=${agency_id[opendoor]}" \
        --party "tbhosp=${agency_id[tbhosp]}" \
        | awk -F '\t' '$1 == "MOU" { print $2 }')
    [[ -n $mou_id ]] || bail "the agreement was not taken"
    for agency in opendoor tbhosp; do
        wait_until "$READY_MS_MAX" "the agreement is at $agency" \
            has_mou "$agency"
        ctl "$agency" mou sign "$mou_id" --yes >/dev/null 2>&1 \
            || bail "$agency signs"
    done
    for agency in opendoor tbhosp; do
        wait_until "$READY_MS_MAX" "the agreement is in force at $agency" \
            is_in_force "$agency"
    done
}

# ---- Referrals

# referral_write FILE [REASON [NAME]]: the example's, with today's dates.
referral_write() {
    cat >"$1" <<END
to: ${agency_id[tbhosp]}
service: tb.assess
purpose: tb_assessment
urgency: soon
choice: chosen
ask_back: outcome_code
reason_plain: ${2:-I have been coughing for three weeks.}
consent:
  at: $(date -u +%FT%TZ)
  grants:
    - to: ${agency_id[tbhosp]}
      purpose: tb_assessment
      elements: [pairwise_id, call_name, contact_route]
      until: $(date -u -d '+60 days' +%F)
elements:
  - {code: pairwise_id, value: k7m2p9x4w8q3}
  - {code: call_name, value: ${3:-Sasha}}
  - {code: contact_route, value: "no calls; I will come by myself"}
END
}

# referral_send FILE KEY: its id in $referral_id.
referral_send() {
    output=$(ctl opendoor referral send "$1" --key "$2" 2>&1) \
        || bail "referral send: $output"
    referral_id=$(awk -F '\t' '$1 == "referral" { print $2 }' <<<"$output")
    [[ $referral_id == urn:uuid:* ]] || bail "no id in: $output"
}

state_of() {
    ctl "$1" referral show "$2" | awk -F '\t' '$1 == "state" { print $2 }'
}
# account AGENCY: everything it holds, "ID KEY STATE" in held.AGENCY and
# "ID KEY" in names.AGENCY, sorted.
account() {
    "$outside_client" dump -s "$(socket_of "$1")" >"dump.$1" \
        && awk '{ print $1, $2, $3 }' "dump.$1" | sort >"held.$1" \
        && awk '{ print $1, $2 }' "held.$1" >"names.$1"
}
is_state() { [[ $(state_of "$1" "$2") == "$3" ]]; }
