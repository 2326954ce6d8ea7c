#!/bin/bash
# A program sees the same of refer_fake as of a real gateway. TAP.
# Usage: conformance.sh BUILD SOURCE
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
conformance=$1/tests/e2e/conformance
federation_begin "$@"

# held NAME COMMAND...: all of its own tests hold; they are told when not.
held() {
    local name=$1
    shift
    expect "$name" "$@" || return
    note "$(grep -c '^ok' <<<"$output") expectations"
}

held "the fake keeps to what is expected" "$conformance" fake
federation_pair
held "and so does a real gateway" "$conformance" real \
    "$(socket_of opendoor)" "${agency_id[opendoor]}" \
    "$(socket_of tbhosp)" "${agency_id[tbhosp]}"
federation_end
