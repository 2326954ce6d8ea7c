#!/bin/bash
# Whoever builds what is committed gets the same bytes: the Debian packages, made
# twice, in folders of different names and lengths. TAP.
# Usage: reproducible.sh BUILD SOURCE
#
# It takes minutes, so it runs when it is asked for, as packages.sh does:
#   REFER_PACKAGES=yes tests/e2e/reproducible.sh build/dev "$PWD"
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

if [[ -z ${REFER_PACKAGES:-} ]]; then
    skip "the same bytes" "takes minutes: REFER_PACKAGES=yes asks for it"
    federation_end
fi
if ! command -v dpkg-buildpackage dh >/dev/null; then
    skip "the same bytes" "needs what tools/packages lists under packages"
    federation_end
fi

make_in() { # FOLDER: where it is built; the packages come beside it
    mkdir -p "$1"
    TMPDIR=$folder/$1 "$source_dir/tools/dev/make-packages" -o "$folder/of-$1"
}
first=here
second=some.where/else
mkdir -p "of-$first" "of-$second"
expect "packages are made" make_in "$first" || federation_end
expect "and made again elsewhere" make_in "$second" || federation_end
count=0
for package in "of-$first"/*.deb; do
    expect "${package##*/} is the same, byte for byte" \
        cmp "$package" "of-$second/${package##*/}"
    count=$((count + 1))
done
expect "there are packages" test "$count" -gt 0
federation_end
