#!/bin/bash
# Many referrals at once: in one commit, in few parcels, each with its own
# answer, and nobody twice when it is done again. TAP.
# Usage: many.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

agency_init opendoor
agency_init tbhosp
# what waits leaves when the hospital speaks first, not before
config_set opendoor retry '{delay_ms_min: 3600000, delay_ms_max: 3600000}'
pair_launch
wait_until 10000 "all is answered" is_all_answered opendoor tbhosp
wait_until 10000 "all is answered" is_all_answered tbhosp opendoor

# lines FIRST LAST: referrals, one a line.
lines() {
    local at until
    at=$(date -u +%FT%TZ -d @"$agreed_s")
    until=$(date -u +%F -d "@$((agreed_s + 60 * 86400))")
    seq "$1" "$2" | awk -v to="${agency_id[tbhosp]}" -v at="$at" \
        -v until="$until" '{
        printf "{\"to\": \"%s\", \"service\": \"tb.assess\", " \
            "\"purpose\": \"tb_assessment\", \"urgency\": \"soon\", " \
            "\"choice\": \"chosen\", \"ask_back\": \"outcome_code\", " \
            "\"reason_plain\": \"I was at the screening \\u00e0 la gare.\", " \
            "\"consent\": {\"at\": \"%s\", \"grants\": [{\"to\": \"City TB " \
            "Hospital\", \"purpose\": \"tb_assessment\", \"elements\": " \
            "[\"pairwise_id\", \"call_name\", \"contact_route\"], " \
            "\"until\": \"%s\"}]}, \"elements\": [{\"code\": " \
            "\"pairwise_id\", \"value\": \"p%s\"}, {\"code\": " \
            "\"call_name\", \"value\": \"Sasha %s\"}, {\"code\": " \
            "\"contact_route\", \"value\": \"at the van\"}]}\n", \
            to, at, until, $1, $1
    }'
}
agreed_s=$(date +%s)
send() { ctl opendoor referral send --many "$1" --timeout 60000; }
number() { # AGENCY NAME
    ctl "$1" status | awk -F '\t' -v name="$2" '$1 == name { print $2 }'
}

# ---- While the hospital is down

count=2500
lines 1 "$count" >all.jsonl
lines 1 800 >some.jsonl
note "the hospital's gateway stops"
gateway_stop tbhosp || fail "the hospital's gateway ends cleanly" "$output"
commits=$(number opendoor commits)
parcels=$(number opendoor parcels_sent)
entries=$(number opendoor entries_sent)

try "those of one morning are handed over" 0 \
    '^800 lines: 800 stored, 0 refused, 0 wrong$' send some.jsonl
grep stored$'\t' <<<"$output" >lines
expect "each has its line, in their order" diff \
    <(seq 800 | sed 's/$/ stored/') <(cut -f 1,2 lines | tr '\t' ' ')
cut -f 3,4 lines | sort >first
try "all of them, as after an interruption" 0 \
    "^$count lines: $count stored, 0 refused, 0 wrong\$" send all.jsonl
grep stored$'\t' <<<"$output" | cut -f 3,4 | sort >second
expect "those of before are the same referrals" test \
    "$(comm -12 first second | wc -l)" = 800
expect "nobody is there twice" test "$(cut -f 1 second | uniq | wc -l)" \
    = "$count"
expect "nor in the gateway" test \
    "$(ctl opendoor referral list | grep -c $'\tsent')" = "$count"
commits=$(($(number opendoor commits) - commits))
note "$commits commits for two calls, and those who looked"
# two batches, greetings, what the referral list took page by page
expect "they share commits" test "$commits" -lt 60

# ---- It comes back

gateway_start tbhosp
is_received() { [[ $(number tbhosp referrals_received) == "$count" ]]; }
arrives 60000 "all of them arrive" is_received
wait_until 30000 "all is answered" is_all_answered opendoor tbhosp
parcels=$(($(number opendoor parcels_sent) - parcels))
entries=$(($(number opendoor entries_sent) - entries))
note "$parcels parcels with $entries entries"
# one may have left, with one entry or a thousand, before the hospital ended
expect "they share parcels" test "$parcels" -le $((count / 1024 + 6))
expect "each is an entry once" test "$entries" -le $((count + 20))
account tbhosp
expect "each is there once" test "$(wc -l <names.tbhosp)" = "$count"

# ---- Lines that are no referrals

{
    lines 4001 4001
    echo
    echo '{"to": "City TB Hospital", "service"'
    lines 4002 4002 | sed 's/"soon"/"tomorrow"/'
    lines 4003 4003 | sed 's/tb.assess"/no.such.service"/'
    lines 4004 4004 | sed 's/^{/{"key": "visit-4004", /'
    lines 4005 4005 | sed 's/^{/{"key": "visit-4004", /'
    lines 4001 4001
    lines 4006 4006
} >mixed.jsonl
try "those that are wrong stop none of the others" 3 \
    '^9 lines: 3 stored, 1 refused, 4 wrong$' send mixed.jsonl
said=$output
has() { grep -Eq -- "$1" <<<"$said"; }
expect "what is no JSON is named" has \
    '^referctl: mixed.jsonl:3: character [0-9]+: this is no JSON object'
expect "a value that cannot be" has \
    '^referctl: mixed.jsonl:4: urgency: expected one of immediate, same_day'
expect "what the agreement does not know" has \
    $'^5\trefused\t\tline-[0-9a-f]{56}\tSERVICE_UNKNOWN\tservices\t'
expect "the same key twice" has \
    '^referctl: mixed.jsonl:7: key: line 6 has the same'
expect "the same line twice" has \
    '^referctl: mixed.jsonl:8: line 1 says the very same'
expect "a key of one's own is kept" has $'^6\tstored\turn:uuid:.*\tvisit-4004'
expect "each with a remedy" test \
    "$(grep -c '^remedy: ' <<<"$said")" = 4
try "as JSON, an object a line" 3 '"line":6,"result":"stored"' \
    ctl opendoor --json referral send --many mixed.jsonl
try "a file that is not there" 5 'cannot read no.jsonl' send no.jsonl
try "one key for all is none" 1 'give each line' \
    ctl opendoor referral send --many all.jsonl --key all

federation_end
