#!/bin/bash
# A gateway that is told to end under load ends, cleanly and soon, and nothing
# is lost. TAP. Usage: term.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

federation_pair
for i in 1 2 3; do
    "$outside_client" submit -s "$(socket_of opendoor)" -o "confirmed.$i" \
        -t "${agency_id[tbhosp]}" -p "term$i" >"submit.$i" 2>"submit$i.log" &
    helper_pid[submit$i]=$!
done
"$outside_client" follow -s "$(socket_of tbhosp)" -c follower -o seen \
    2>follow.log &
helper_pid[follow]=$!
confirmed_count() { cat confirmed.* | wc -l; }
is_beyond() { (($(confirmed_count) > $1)); }
wait_until 10000 "load" is_beyond 20

try "a second gateway on one folder is refused" 78 "another process" \
    "$referd" -c "opendoor/referd.yaml"
for agency in opendoor tbhosp opendoor tbhosp; do
    if gateway_stop "$agency"; then
        pass "$agency ends with 0 under load, within $STOP_MS_MAX ms"
        note "it took $stop_took_ms ms"
    else
        fail "$agency ends with 0 under load" "$output"
    fi
    expect "its socket is gone" test ! -e "$(socket_of "$agency")"
    gateway_start "$agency"
    wait_until 20000 "load again" is_beyond $(($(confirmed_count) + 20))
done

for program in follow submit1 submit2 submit3; do
    helper_end "$program" TERM
    expect "program $program lived through it" test "$helper_status" = 0
done
for agency in opendoor tbhosp; do
    other=tbhosp
    [[ $agency == opendoor ]] || other=opendoor
    arrives 30000 "what $agency had to say is said and answered" \
        is_all_answered "$agency" "$other"
done
cat confirmed.[123] | awk '{ print $2, $1 }' | sort >expected
for agency in opendoor tbhosp; do
    expect "everything at $agency can be read" account "$agency"
    expect "exactly what was confirmed is at $agency" cmp expected \
        "names.$agency"
    expect_nothing "all of it delivered" \
        awk '$3 != "delivered"' "held.$agency"
done
note "$(wc -l <expected) referrals"
federation_end
