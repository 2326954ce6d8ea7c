#!/bin/bash
# tools/quickstart leaves three gateways running; what README.md shows of them
# is typed as it says, and stands on the screen. TAP.
# Usage: readme.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

story_ms_max=60000
export ASAN_OPTIONS=log_path=$folder/sanitizer
export UBSAN_OPTIONS=log_path=$folder/sanitizer

"$2/tools/quickstart" --build "$1" >"$folder/story" 2>&1 </dev/null &
helper_pid[quickstart]=$!
is_told() { grep -q '^Their logs: ' "$folder/story"; }
if ! is_until "$story_ms_max" is_told; then
    helper_end quickstart TERM # and with it its gateways
    bail "the story came to no end: $(tail -n 20 "$folder/story")"
fi

# The lines that it says to type first, then those of README.md.
enter=$(sed -n 's/^    \(\(cd\|PATH=\|export\) .*\|PATH=.*\)$/\1/p' \
    "$folder/story")
expect "it says how to look further" test "$(wc -l <<<"$enter")" -eq 3
# its gateway has just been started again
is_connected() {
    (eval "$enter" && referctl --json peer list) >"$folder/peers" \
        && [[ $(grep -c '"state": "connected"' "$folder/peers") == 2 ]]
}
wait_until "$READY_MS_MAX" "the others are heard again" is_connected
while read -r line; do
    printf '$ %s\n' "$line" >>"$folder/transcript"
    (eval "$enter" && script -qec "$line" /dev/null) </dev/null 2>&1 \
        | sed -e 's/\r$//' -e 's/\x1b\[[0-9;]*m//g' >>"$folder/transcript"
done < <(sed -n 's/^\$ \(referctl .*\)/\1/p' "$2/README.md")
expect "README.md shows what comes of it" \
    "${BASH_SOURCE[0]%/*}/transcript.py" "$2/README.md" quickstart \
    "$folder/transcript" || note "$(cat "$folder/transcript")"

helper_end quickstart TERM
expect "it ends when it is told to" test "$helper_status" -eq 143
expect "and takes its folder away" test ! -e "$(
    sed -n 's/^Everything is in \(.*\) and goes.*/\1/p' "$folder/story")"
expect_nothing "nothing is a programmer's mistake" \
    find "$folder" -name 'sanitizer.*'
federation_end
