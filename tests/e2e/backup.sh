#!/bin/bash
# A backup of a gateway at work, 1,000 more referrals, the backup put back, and
# all is there again; backups that are not whole, disks that are full, and
# kill -9 in between. TAP.
# Usage: backup.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drill.sh"
federation_begin "$@"
READY_MS_MAX=120000

federation_pair

status_says() { [[ $(ctl "$1" status) == *"$2"* ]]; }
has_logged() { grep -q -- "$2" "$1.log"; }
is_not() { ! "$@"; }
# Rows of the store as a later backup has them: is it still the same?
rows_of() { ctl opendoor --json backup "$1" | awk '$1 == "\"rows\":" { print $2 }'; }
store_sum() { sha256sum <opendoor/store/data.mdb; }

# ---- A backup while the gateway works

submit 200 early
referral_write early.yaml
referral_send early.yaml erased
erased=$referral_id
arrives 120000 "the first are there" is_at_rest
mkdir stick
submit 300 meanwhile &
meanwhile=$!
try "a backup, and the vault's copy" 0 'rows' \
    ctl opendoor backup stick/one --vault stick/vault
wait "$meanwhile" || bail "what was submitted meanwhile"
expect "its file is for its owner alone" test "$(stat -c %a stick/one)" = 600
expect "nothing else is left there" \
    test "$(ls stick)" = $'one\nvault'
expect "nothing of a person can be read in it" \
    is_not grep -aqE 'Sample|opendoor\.example|cough' stick/one stick/vault
ctl opendoor backup - >stick/piped || bail "a backup through a pipe"
expect "through a pipe it is one, too" \
    test "$(head -c 15 stick/piped)" = "refer.v1 backup"
arrives 120000 "all of the meantime is there" is_at_rest

# ---- What a backup must not give back

try "the person takes the referral back" 0 '' \
    ctl opendoor referral act "$erased" withdraw --actor person
arrives 120000 "which the hospital hears" is_state tbhosp "$erased" withdrawn
submit 1000 late
arrives 120000 "1,000 more are there" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"

# ---- What is refused

try "beside a gateway that works it is refused" 5 'stop the gateway' \
    ctl opendoor restore stick/one
down opendoor
sum=$(store_sum)
for cut in 10 200 $(($(stat -c %s stick/one) - 1)); do
    head -c "$cut" stick/one >stick/cut
    try "a backup cut after $cut bytes is refused" 3 'cut short' \
        ctl opendoor restore stick/cut
done
cp stick/one stick/longer && printf x >>stick/longer
try "one with more behind it, too" 3 'damaged' \
    ctl opendoor restore stick/longer
cp stick/one stick/flipped
size=$(stat -c %s stick/one)
printf '\377' | dd of=stick/flipped bs=1 seek=$((size / 2)) conv=notrunc \
    status=none
printf '\376' | dd of=stick/flipped bs=1 seek=$((size / 2 + 1)) conv=notrunc \
    status=none
try "one with a byte changed, too" 3 'damaged' \
    ctl opendoor restore stick/flipped

expect "and the store is as it was" test "$(store_sum)" = "$sum"
expect "with nothing beside it" is_not test -e opendoor/restore.tmp

# ---- Put back

try "the backup is put back" 0 'rows' ctl opendoor restore stick/one
expect "what was there is kept" test -s opendoor/store.replaced/store/data.mdb
down tbhosp
up opendoor
expect "alone it says that its store was put back" \
    status_says opendoor restored
expect "its log does" has_logged opendoor 'store.lost losses=1 code=restored'
up tbhosp
arrives 120000 "both ends are at rest again" is_at_rest
account opendoor && account tbhosp || bail "the accounts"
expect "both ends have the same, in the same states" \
    cmp -s held.opendoor held.tbhosp
expect "and all that was there before" cmp -s held.before held.opendoor
expect "the ledgers hold at one end" ctl opendoor ledger verify
expect "and at the other" ctl tbhosp ledger verify
expect "what the person took back stays so" \
    is_state opendoor "$erased" withdrawn
try "and cannot be read" 0 '' ctl opendoor referral show "$erased"
expect "not a word" is_not grep -q Sample <<<"$output"

# ---- A new disk: the keys, the card, the backup and the vault's copy

ctl opendoor backup stick/two --vault stick/vault >/dev/null \
    || bail "another backup"
account opendoor && cp held.opendoor held.before || bail "the account before"
down opendoor
mkdir away
mv opendoor/store opendoor/store.made opendoor/vault away/
try "without the vault it is refused" 3 'the vault is gone' \
    ctl opendoor restore stick/two
expect "and nothing was made" is_not test -e opendoor/store
try "with its copy it is put back" 0 'rows' \
    ctl opendoor restore stick/two --vault stick/vault
up opendoor
arrives 120000 "both ends are at rest" is_at_rest
account opendoor || bail "the account"
expect "all is there" cmp -s held.before held.opendoor

# ---- kill -9, in between

mkfifo pipe || bail "a pipe"
# A reader that takes its time: the backup is in the middle of it.
"$referctl" -c opendoor/referd.yaml backup - >pipe 2>killed.log &
pid=$!
exec 7<pipe
head -c 1000 <&7 >/dev/null
kill -KILL "$pid" || bail "the backup had ended"
wait "$pid" 2>/dev/null
exec 7<&-
submit 3 after-kill
arrives 120000 "a backup was killed, and the gateway works on" is_at_rest
printf 'left by another\n' >stick/two.part
try "and the next backup is made" 0 'rows' ctl opendoor backup stick/two
expect "over what was left" is_not test -e stick/two.part
down opendoor
# A backup that comes slowly: the restore is in the middle of it.
exec 8<>pipe
"$referctl" -c opendoor/referd.yaml restore - <pipe >killed.log 2>&1 &
pid=$!
head -c 40000 stick/two >&8
is_begun() { [[ -s opendoor/restore.tmp/store/data.mdb ]]; }
wait_until 120000 "the restore has begun" is_begun
kill -KILL "$pid" || bail "the restore had ended: $(cat killed.log)"
wait "$pid" 2>/dev/null
exec 8>&-
up opendoor
arrives 120000 "a restore was killed, and the gateway works" is_at_rest
account opendoor && cp held.opendoor held.before || bail "the account before"
expect "on the store that it had" is_not status_says opendoor restored
down opendoor
try "and the restore is done again" 0 'rows' ctl opendoor restore stick/two
up opendoor
arrives 120000 "and all is at rest" is_at_rest
account opendoor || bail "the account"
expect "with all that was there" cmp -s held.before held.opendoor

# ---- A full disk

sum_two=$(sha256sum <stick/two)
try "a backup that finds no room says so" 5 'make room' \
    bash -c "ulimit -f 64; trap '' XFSZ; exec '$referctl' \
    -c opendoor/referd.yaml backup stick/two"
expect "the one before is whole" test "$(sha256sum <stick/two)" = "$sum_two"
expect "and no part is left" is_not test -e stick/two.part
down opendoor
sum=$(store_sum)
try "a restore that finds no room says so" 5 'room' \
    bash -c "ulimit -f 64; trap '' XFSZ; exec '$referctl' \
    -c opendoor/referd.yaml restore stick/two"
expect "the store is as it was" test "$(store_sum)" = "$sum"
expect "with nothing beside it" is_not test -e opendoor/restore.tmp
up opendoor
arrives 120000 "and the gateway works" is_at_rest

federation_end
