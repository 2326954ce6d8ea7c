#!/bin/bash
# tools/quickstart tells its story to the end, and tells it right. TAP.
# Usage: quickstart.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

is_said() { grep -Eq -- "$1" "$folder/story"; }
story_ms_max=300000 # also where the machine stands still for a minute

# its own logs go away with its folder: the reports go elsewhere
export ASAN_OPTIONS=log_path=$folder/sanitizer
export UBSAN_OPTIONS=log_path=$folder/sanitizer

status=0
since=$(now_ms)
"$2/tools/quickstart" --once --build "$1" >"$folder/story" 2>&1 </dev/null \
    || status=$?
took=$(($(now_ms) - since))
if ((status == 0)); then
    pass "the story ends well"
else
    fail "the story ends well" "status $status"
    note "$(tail -n 60 "$folder/story")"
fi
if ((took < story_ms_max)); then
    pass "within its time"
else
    fail "within its time" "$took ms"
fi

while IFS='|' read -r name pattern; do
    expect "it says: $name" is_said "$pattern"
done <<'END'
the gateways are ready|^Three gateways are ready
safety numbers are compared|--safety-number '[0-9]{5} 
the line is up|	connected	yes	0	0	
the agreement is in force|state	in_force
the referral is stored|state	sent
the desk takes it on|accepted
the person is told an offer|offer
the outcome goes back|Open Door sees it: handed_back
the loop is closed here|Open Door sees it: closed
the loop is closed there|City TB Hospital sees it: closed
our gateway refuses|ELEMENT_NOT_ALLOWED
with the clause|never_share
their gateway refuses too|Open Door sees it: refused_by_policy
the ledgers are intact|	out	[0-9]+	yes
the end|^That took [0-9.]+ s\.$
END
expect_nothing "no ledger is broken" \
    awk -F '\t' '$2 ~ /^(out|in)$/ && $4 == "no"' "$folder/story"
expect_nothing "nothing is a programmer's mistake" \
    find "$folder" -name 'sanitizer.*'
federation_end
