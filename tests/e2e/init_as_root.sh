#!/bin/bash
# Root makes an agency for the user of a gateway, as packages have one. TAP.
# Usage: init_as_root.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

if ((EUID != 0)) || ! command -v setpriv >/dev/null; then
    skip "an agency of another user" "needs root, to become others"
    federation_end
fi
user=nobody
group=$(id -gn "$user")
as_user=(setpriv "--reuid=$user" "--regid=$group" --clear-groups)
mkdir -m 700 data
mkdir -m 750 etc run
chown "$user:$group" data run
chown "root:$group" etc

expect "root makes it" "$referctl" init data -c etc/referd.yaml \
    -s "$folder/run/referd.sock" --name "Open Door" --export open.card
expect_nothing "what is in its folder is that user's" \
    find data \! \( -user "$user" -group "$group" \)
expect_nothing "and nobody else's to read" find data -perm /077
expect "the configuration is root's, and that user may read it" \
    test "$(stat -c '%U %G %a' etc/referd.yaml)" = "root $group 640"
expect "the exported card is root's" test "$(stat -c %U open.card)" = root
expect "root has every right" grep -q 'user: root, .*admin' etc/referd.yaml

"${as_user[@]}" "$referd" -c etc/referd.yaml >opendoor.log 2>&1 &
helper_pid[gateway]=$!
is_ready() { "$referctl" -c etc/referd.yaml health >/dev/null; }
arrives "$READY_MS_MAX" "that user runs the gateway, root asks it" is_ready
expect "on the socket that was named" test -S run/referd.sock
helper_end gateway TERM
expect "it ends cleanly" test "$helper_status" -eq 0

try "an agency that is there is not made again" 5 "exists already" \
    "$referctl" init data -c other.yaml --name "Again"
expect "and no configuration of it" test ! -e other.yaml
federation_end
