#!/bin/bash
# The configuration is printed and taken anew while a gateway runs. TAP.
# Usage: reload.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

agency_init opendoor
config=opendoor/referd.yaml
config_set opendoor metrics numbers.prom
hang_up() { kill -HUP "${gateway_pid[opendoor]}"; }
logged() { grep -Eq "$1" opendoor.log; }
logged_count() { grep -Ec "$1" opendoor.log; }
is_logged_beyond() { (($(logged_count "$1") > $2)); }
# take NAME PATTERN: reloads and waits for that to be logged once more.
take() {
    local before
    before=$(logged_count "$2")
    hang_up
    arrives 5000 "$1" is_logged_beyond "$2" "$before"
}

# ---- What it is told

"$referd" -p -c $config >once 2>>opendoor.log
"$referd" -p -c once >again 2>>opendoor.log
expect "what is printed prints itself" cmp once again
(cd opendoor && "$referd" -p -c referd.yaml) >again
expect "from any folder" cmp once again
"$referd" -p -c - <once >again
expect "and through a pipe" cmp once again
expect "all is filled in" grep -qx '  idle_ms: 60000' once
expect "paths are whole" grep -qx "data: $folder/opendoor" once
try "what is printed passes the check" 0 'all is well' "$referd" -t -c once
try "a mistake is not printed but told" 78 '^referd: bad.yaml:' \
    "$referd" -p -c bad.yaml
try "print or check, not both" 1 '^usage: referd' "$referd" -t -p -c $config
expect "printing to nowhere is an error" \
    bash -c "! '$referd' -p -c $config >/dev/full 2>&1"

# ---- Clients, level, retry

gateway_start opendoor
expect "its numbers are in the file" \
    grep -qx 'refer_ready 1' opendoor/numbers.prom
expect "which others may read" \
    test "$(stat -c %a opendoor/numbers.prom)" = 644
try "a program that may read" 0 '' ctl opendoor status
cp $config sound.yaml

config_set opendoor clients "[{user: $(id -u), rights: [submit]}]"
config_set opendoor log '{level: debug}'
config_set opendoor retry '{delay_ms_min: 100, delay_ms_max: 200}'
take "is taken" 'config.reloaded clients=1 ignored=0'
try "may no longer" 3 'add read to the rights' ctl opendoor status
expect "but is still answered" is_healthy opendoor
config_set opendoor clients '[]'
take "is taken" 'config.reloaded clients=0 ignored=0'
try "and no longer that" 2 '' ctl opendoor health
cp sound.yaml $config
take "is taken" 'config.reloaded clients=1 ignored=0'
try "and may again" 0 '' ctl opendoor status

# ---- A mistake

config_set opendoor clients '[]'
config_set opendoor log '{level: loud}'
wanted=$("$referd" -t -c $config 2>&1)
expect "the check finds it" grep -q 'log.level: expected one of' <<<"$wanted"
take "it is refused" ' error config.refused '
expect "in the words of the check" grep -qxF -- "$wanted" opendoor.log
try "and nothing of the file is taken" 0 "" \
    "$referctl" -s "$(socket_of opendoor)" status
rm $config
take "a file that is gone is refused" ' error config.refused '
cp sound.yaml $config
try "the gateway lives" 0 '' ctl opendoor status

# ---- What only a restart takes

config_set opendoor map_size_mib 17
config_set opendoor limits '{idle_ms: 7000}'
take "what cannot be taken is told" 'config.reloaded clients=1 ignored=2'
expect "by key" logged ' warning config.ignored key=map_size_mib$'
expect "each" logged ' warning config.ignored key=limits.idle_ms$'
before=$(logged_count 'config.ignored')
cp sound.yaml $config
take "and forgotten when it is undone" 'config.reloaded clients=1 ignored=0'
expect "indeed" test "$(logged_count 'config.ignored')" = "$before"

gateway_stop opendoor || fail "it ends" "$output"
expect "no numbers are left of a gateway that ended" \
    test ! -e opendoor/numbers.prom
federation_end
