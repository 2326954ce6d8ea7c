#!/bin/bash
# The units for systemd are sound and confine as much as they claim. TAP.
# Usage: units.sh SOURCE REFERD
set -uo pipefail
source_dir=${1:?} referd=${2:?}
exposure_max=15 # of 100

if ! command -v systemd-analyze >/dev/null; then
    printf 'ok 1 - units # SKIP there is no systemd-analyze here\n1..1\n'
    exit 0
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/refer.XXXXXX") || exit 1
trap 'rm -rf -- "$folder"' EXIT
count=0 failed=0
expect() { # NAME COMMAND...
    local name=$1
    shift
    count=$((count + 1))
    if "$@" >"$folder/said" 2>&1; then
        printf 'ok %d - %s\n' "$count" "$name"
        return
    fi
    failed=1
    printf 'not ok %d - %s\n' "$count" "$name"
    sed 's/^/# /' "$folder/said"
}
is_silent() { [[ -z $("$@" 2>&1 | tee "$folder/words") ]]; }

for unit in referd.service referd@.service; do
    # the program is where this build has it; there is no manual yet
    sed -e "s|/usr/sbin/referd|$referd|" -e '/^Documentation=/d' \
        "$source_dir/conf/systemd/$unit" >"$folder/$unit"
    # an instance of a template is a link to it
    name=$unit
    if [[ $unit == *@.service ]]; then
        name=${unit/@./@opendoor.}
        ln -s "$folder/$unit" "$folder/$name"
    fi
    expect "$unit has no mistake" is_silent \
        systemd-analyze verify --man=no --recursive-errors=no "$folder/$name"
    expect "$unit exposes little" systemd-analyze security --no-pager \
        --offline=true --threshold="$exposure_max" "$folder/$name"
done
printf '1..%d\n' "$count"
exit "$failed"
