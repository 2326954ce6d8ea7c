# drill.sh - what drills of a loss share: opendoor refers to tbhosp, and either
# gateway ends and comes back. Sourced after federation.sh.

# submit COUNT PREFIX: referrals, to tbhosp; all are confirmed
submit() {
    "$outside_client" submit -s "$(socket_of opendoor)" -o "confirmed.$2" \
        -t "${agency_id[tbhosp]}" -p "$2" -n "$1" >>submit.log 2>&1 \
        || bail "$1 referrals: $(tail -1 submit.log)"
}
is_done_with() {
    [[ $(peer_field "$1" "$2" settled queued unanswered) == "true 0 0" ]]
}
is_at_rest() { is_done_with opendoor tbhosp && is_done_with tbhosp opendoor; }
down() {
    gateway_stop "$1" || fail "the gateway of $1 ends cleanly" "$output"
}
up() {
    gateway_launch "$1"
    wait_until "$READY_MS_MAX" "$1 answers" is_up_or_gone "$1"
    is_running "$1" || bail "the gateway of $1 ended at once"
}
