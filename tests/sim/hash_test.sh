#!/bin/bash
# Is a run the same in another build: without sanitizers, by another compiler?
#   hash_test.sh SIM SOURCE
# SIM is compared with the simulators of the other presets in SOURCE/build, as
# far as they are there and up to date; without any it skips (77) and says so.
set -euo pipefail
sim=$(realpath "$1")
source=$2
seeds=(--seeds 1001..1003 --hashes)

# hashes SIM
hashes() { "$1" "${seeds[@]}" 2>/dev/null | grep '^seed '; }

expected=$(hashes "$sim")
compared=0
for preset in clang bench fuzz tsan coverage; do
  build=$source/build/$preset
  other=$build/tests/sim/refer-sim
  [ -x "$other" ] && [ "$(realpath "$other")" != "$sim" ] || continue
  if ! ninja -C "$build" -n tests/sim/refer-sim 2>/dev/null | grep -q 'no work to do'
  then
    echo "# $preset: older than the sources, not compared"
    continue
  fi
  if [ "$(hashes "$other")" != "$expected" ]; then
    diff <(hashes "$other") <(echo "$expected") || true
    echo "$preset: another run than here"
    exit 1
  fi
  echo "$preset: the same"
  compared=$((compared + 1))
done
[ "$compared" -gt 0 ] || {
  echo "# skipped: no other build of the simulator, such as"
  echo "#   cmake --preset clang && cmake --build --preset clang --target sim"
  exit 77
}
