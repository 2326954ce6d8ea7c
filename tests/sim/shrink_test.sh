#!/bin/bash
# Does a failure say how to have it again, and in a smaller run?
#   shrink_test.sh SIM_PLANTED MISTAKE
# The line that --shrink prints must fail by itself, with the same checker, and
# hold fewer agencies, minutes or faults than the seed had drawn.
set -euo pipefail
planted=$1
mistake=$2

found=$("$planted" --plant "$mistake" --seeds 1..40 --shrink 2>/dev/null)
echo "$found"
checker=$(sed -n 's/^refer-sim: .* was found by seed [0-9]*: //p' <<< "$found")
first=$(sed -n 's/^refer-sim: seed .* replay: refer-sim \(.*\) -v$/\1/p' <<< "$found" |
  head -1)
smaller=$(sed -n 's/.* in a smaller run, .* replay: sim_planted //p' \
  <<< "$found")
[ -n "$checker" ] && [ -n "$first" ] && [ -n "$smaller" ]

# again WORDS...: the checker that speaks
again() {
  "$planted" "$@" 2>/dev/null |
    sed -n 's/^refer-sim: seed .* step [0-9]*: \([^ ]*\) at .*/\1/p' | head -1
}
# shellcheck disable=SC2086
[ "$(again $first)" = "$checker" ] || { echo "not again: $first"; exit 1; }
# shellcheck disable=SC2086
[ "$(again $smaller)" = "$checker" ] || { echo "not again: $smaller"; exit 1; }
minutes=$(sed -n 's/.*--minutes \([0-9]*\).*/\1/p' <<< "$smaller ")
[ "${minutes:-99}" -lt 10 ] || { echo "not smaller: $smaller"; exit 1; }
