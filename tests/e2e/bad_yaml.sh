#!/bin/bash
# Mistakes in files and folders: each is found, told with its place and with
# what to do, and changes nothing. TAP. Usage: bad_yaml.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

config=78 # exit status of referd
local=5   # of referctl

# ---- referd.yaml

agency_init opendoor
agency_init tbhosp
try "a sound configuration" 0 'all is well' "$referd" -t -c opendoor/referd.yaml
try "none at all" $config 'none.yaml: cannot be read: No such file' \
    "$referd" -t -c none.yaml
try "no option" 1 '^usage: referd' "$referd"
try "an option that is not there" 1 '^usage: referd' "$referd" -x

# line:column: path: what | the file, \n for a line feed
while IFS='|' read -r wanted text; do
    printf '%b' "$text" >opendoor/bad.yaml
    try "referd.yaml: $text" $config "^referd: opendoor/bad.yaml:$wanted" \
        "$referd" -t -c opendoor/bad.yaml
done <<'END'
 holds nothing|
1:1: data: is missing: expected a directory, for example "data: |keys: keys\n
2:1: listens: there is no such key; did you mean listen|data: .\nlistens: []\n
2:1: has the key data twice: delete one|data: .\ndata: .\n
2:1: listen: expected a list .*, for example "listen: \[|data: .\nlisten: here\n
3:5: listen\[0\]: expected tls\+tcp://HOST:PORT, for example|data: .\nlisten:\n  - tcp://127.0.0.1:1\n
4:5: listen\[1\]: stands twice|data: .\nlisten:\n  - tls+tcp://127.0.0.1:1\n  - tls+tcp://127.0.0.1:1\n
2:1: map_size_mib: expected a whole number of MiB from 16 to .*, for example|data: .\nmap_size_mib: 15\n
2:1: map_size_mib: expected a whole number of MiB|data: .\nmap_size_mib: lots\n
2:15: map_size_mib: .*leading 0|data: .\nmap_size_mib: 017\n
2:37: clients\[0\].rights: expected .*submit, act, read, admin, erase, for example|data: .\nclients: [{user: 0, rights: [admin, everything]}]\n
2:11: clients\[0\].rights: is missing: expected .*for example|data: .\nclients: [{user: 0}]\n
2:12: clients\[0\].user: expected the name or the number of a user, for example|data: .\nclients: [{user: "a b", rights: [read]}]\n
2:39: clients\[1\].user: stands twice|data: .\nclients: [{user: 0, rights: [read]}, {user: 0, rights: [act]}]\n
2:7: log.level: expected one of error, warning, info, debug, for example|data: .\nlog: {level: loud}\n
2:9: retry.delay_ms_min: is more than retry.delay_ms_max|data: .\nretry: {delay_ms_min: 2000, delay_ms_max: 1000}\n
2:10: limits.half_open: expected a whole number from 1 to 65536, for example|data: .\nlimits: {half_open: 0}\n
2:1: data: is not YAML|data: [\n
2:1: .*a tab does not indent: use spaces|data: .\n\tkeys: x\n
1:7: data: has an anchor|data: &a .\nkeys: *a\n
2:1: socket: expected a path of at most 107 bytes, for example|data: .\nsocket: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n
END

# ---- What it leads to

broken() { # NAME PATTERN CONFIGURATION: found by the check, and by a start
    printf '%b' "$3" >opendoor/bad.yaml
    try "$1" $config "$2" "$referd" -t -c opendoor/bad.yaml
    try "... and does not start" $config "$2" "$referd" -c opendoor/bad.yaml
}
broken "a user who is not there" \
    'nosuch: there is no such user on this machine' \
    'data: .\nclients: [{user: nosuch, rights: [read]}]\n'
expect "the remedy names the key" grep -q '^remedy: correct clients' \
    <<<"$output"
broken "no keys folder" \
    'opendoor/none: cannot find it: .*; make the keys first, or restore' \
    'data: .\nkeys: none\n'
broken "no data folder" 'opendoor/none/keys: cannot find it' 'data: none\n'
broken "keys of another agency" \
    'card: it does not show the keys of this gateway' \
    'data: .\nkeys: ../tbhosp/keys\n'
broken "a card of another agency" \
    'card: it does not show the keys of this gateway' \
    'data: ../tbhosp\nkeys: keys\n'
expect "the remedy is told" grep -q '^remedy: use the card and the keys' \
    <<<"$output"
plain='data: .\n'
key=opendoor/keys/log-1.pem
chmod 644 $key
broken "a key that others may read" \
    'keys/log-1.pem: .*mode 0644.*chmod 600' "$plain"
chmod 600 $key
chmod 755 opendoor/keys
broken "a keys folder that others may enter" \
    'keys: .*mode 0755.*chmod 700' "$plain"
chmod 700 opendoor/keys
mv $key aside
broken "a key that is gone" 'keys.*log' "$plain"
head -c 40 aside >$key
chmod 600 $key
broken "a key that is cut" 'keys/log-1.pem: ' "$plain"
mv aside $key
cp opendoor/card aside
head -c 300 aside >opendoor/card
broken "a card that is cut" 'card: it is not a valid card' "$plain"
rm opendoor/card
broken "a card that is gone" 'card: No such file' "$plain"
cp aside opendoor/card
try "all of it mended" 0 'all is well' "$referd" -t -c opendoor/referd.yaml

# ---- Two of them

gateway_start opendoor
try "a second gateway on one folder" $config \
    "opendoor: another process \(pid ${gateway_pid[opendoor]}\) has this folder" \
    "$referd" -c opendoor/referd.yaml
other() { # NAME PATTERN CONFIGURATION: of the hospital
    printf "data: $folder/tbhosp\n$3" >tbhosp/bad.yaml
    try "$1" $config "$2" "$referd" -c tbhosp/bad.yaml
    expect "... with a remedy" grep -q '^remedy: ' <<<"$output"
}
port=${gateway_port[opendoor]}
other "a port in use" "^referd: tls\+tcp://127.0.0.1:$port: .*in use" \
    "listen: [\"tls+tcp://127.0.0.1:$port\"]\n"
other "an address of another machine" \
    '^referd: tls\+tcp://203.0.113.7:7443: ' \
    'listen: ["tls+tcp://203.0.113.7:7443"]\n'
other "a socket in use" "^referd: $folder/opendoor.run/sock: a gateway listens" \
    "socket: $folder/opendoor.run/sock\n"
other "a socket in a folder that is not there" \
    "^referd: $folder/none/sock: .*No such file" "socket: $folder/none/sock\n"
other "a socket where something else is" \
    "^referd: $folder/aside: something else is there" "socket: $folder/aside\n"
expect "which is left alone" test -s aside
try "the first goes on as if nothing were" 0 '' is_healthy opendoor
gateway_stop opendoor || fail "it ends cleanly" "$output"

# ---- The wrong store

cp -a opendoor/card opendoor/keys "$folder/"
rm -rf opendoor/keys
cp -a tbhosp/card tbhosp/keys opendoor/
try "the store of another agency" $config \
    'the store was sealed with another key than .*keys/store-1.pem; restore' \
    "$referd" -c opendoor/referd.yaml
rm -rf opendoor/keys
cp -a "$folder/card" "$folder/keys" opendoor/
mv opendoor/store store.aside
try "a store that went away" $config \
    'the store that was made here is gone; .*backup.*store.made' \
    "$referd" -c opendoor/referd.yaml
mv store.aside opendoor/store
head -c 5000 /dev/urandom >noise
dd if=noise of=opendoor/store/data.mdb conv=notrunc status=none
try "a store that is damaged" $config \
    'store/data.mdb: .*restore the whole folder from a backup' \
    "$referd" -c opendoor/referd.yaml

# ---- Agreements

mou_write
mou_bad() { # WANTED SED
    sed -E "$2" mou.yaml >bad.yaml
    expect "the mistake is there: $2" sh -c '! cmp -s mou.yaml bad.yaml'
    try "agreement: $2" $local "^referctl: bad.yaml:$1" \
        "$referctl" mou check bad.yaml
}
try "a sound agreement" 0 'opendoor -> tbhosp tb.assess' \
    "$referctl" mou check mou.yaml
while IFS='|' read -r wanted change; do
    mou_bad "$wanted" "$change"
done <<'END'
1:1: mou: expected 1, .*for example "mou: 1"|s/^mou: 1/mou: 2/
1:1: title: is missing: expected .*for example "title: |/^title/d
5:12: in_force.from: expected a day as YYYY-MM-DD, for example|s/from: 20[0-9-]*/from: yesterday/
5:30: in_force.until: ends before it begins|s/until: 20[0-9-]*/until: 2020-01-01/
10:21: services\[0\].party: names no party: .*use one of|s/party: tbhosp/party: tbhops/
13:22: pathways\[0\].to: names no service: .*use one of|s/to: tb.assess/to: tb.asses/
13:37: pathways\[0\].purpose: names no purpose|s/purpose: tb_assessment,/purpose: other,/
14:73: pathways\[1\].forward: expected never or with_consent, for example|s/forward: never/forward: sometimes/
7:61: parties\[0\].role: expected .*for example|s/receives\]/receves]/
13:61: pathways\[0\].max_hops: expected a whole number from 0 to 8, for example|s/max_hops: 1/max_hops: 99/
17:29: data_elements\[0\].required\[1\]: is named by never_share|s/required: \[pairwise_id, /required: [pairwise_id, photo, /
23:11: consent.max_expiry_days: expected a whole number of days from 1 to 3650, for example|s/days: 365/days: 0/
24:1: signatures_required: expected a list of 2 to 64 entries, for example|s/signatures_required: .*/signatures_required: [opendoor]/
24:1: pets: this release does not enforce pets|s/signatures_required: .*/pets: allowed/
22:1: never_shar: .*did you mean never_share|s/never_share:/never_shar:/
7:3: parties: is not YAML|s/^parties:/parties: [/
END

# ---- Referrals

gateway_start tbhosp
referral_write referral.yaml "I have a cough." Mirko
while IFS='|' read -r wanted change; do
    sed -E "$change" referral.yaml >bad.yaml
    expect "the mistake is there: $change" sh -c '! cmp -s referral.yaml bad.yaml'
    try "referral: $change" $local "^referctl: bad.yaml:$wanted" \
        ctl tbhosp referral send bad.yaml
    printf '%s\n' "$output" >>messages
done <<'END'
1:1: service: is missing: expected .*for example "service: |/^service/d
4:1: urgency: expected one of immediate, same_day, soon, routine, for example|s/^urgency: .*/urgency: now/
5:1: choice: expected one of .*for example|s/^choice: .*/choice: forced/
6:1: ask_back: expected one of .*for example|s/^ask_back: .*/ask_back: everything/
7:1: reason_plain: expected text of 1 to 2000 bytes, for example|s/^reason_plain: .*/reason_plain: ""/
9:3: consent.at: expected a date and time with an offset, for example|s/^  at: .*/  at: yesterday/
17:6: elements\[1\].code: .*did you mean call_name|s/code: call_name/code: Call Name/
17:6: elements\[1\].code: stands twice|s/code: call_name/code: pairwise_id/
15:1: elemens: there is no such key; did you mean elements|s/^elements:/elemens:/
17:23: elements\[1\].value: expected text of 1 to 65536 bytes, for example|s/value: Mirko/value: ""/
END
expect_nothing "what the person said is in no message" \
    awk '/Mirko|I have a cough/' messages
head -c 70000 /dev/zero | tr '\0' x >long
sed "s/value: Mirko/value: $(cat long)/" referral.yaml >bad.yaml
try "a value that is too long" $local \
    'bad.yaml:17:[0-9]+: elements\[1\].value: expected text of 1 to 65536' \
    ctl tbhosp referral send bad.yaml
try "a file that is not there" $local 'none.yaml: cannot be read' \
    ctl tbhosp referral send none.yaml
try "a folder" $local 'cannot be read: Is a directory' \
    ctl tbhosp referral send "$folder"
sed 's/^to: .*/to: nobody/' referral.yaml >bad.yaml
try "an agency that nobody knows" 4 'there is no agency "nobody" here' \
    ctl tbhosp referral send bad.yaml
expect_nothing "nothing was taken" ctl tbhosp referral list
federation_end
