#!/bin/sh
# What a customer does: install librefer, ask pkg-config, build the examples.
#   sdk_install.sh SOURCE BUILD CC [SANITIZERS]
set -u
source=$1 build=$2 cc=$3 sanitize=${4:+-fsanitize=$4}
prefix=$(mktemp -d) || exit 1
trap 'rm -rf "$prefix"' EXIT
count=0 failed=0

ok() { # NAME COMMAND...
    name=$1; shift
    count=$((count + 1))
    if "$@" >"$prefix/log" 2>&1; then
        echo "ok $count - $name"
    else
        sed 's/^/# /' "$prefix/log"
        echo "not ok $count - $name"
        failed=1
    fi
}

ok "installs" cmake --install "$build/sdk" --prefix "$prefix"
library=$(dirname "$(find "$prefix" -name librefer.so.0)")
# the file says where the build meant it to go; we put it elsewhere
sed -e "s|^libdir=.*|libdir=$library|" \
    -e "s|^includedir=.*|includedir=$prefix/include|" \
    "$library/pkgconfig/refer.pc" >"$prefix/refer.pc"
export PKG_CONFIG_PATH="$prefix"
ok "pkg-config knows version 0.1.0" pkg-config --exact-version=0.1.0 refer
for example in intake send; do
    # shellcheck disable=SC2046,SC2086
    ok "$example builds, shared" "$cc" -std=c17 -Wall -Werror $sanitize \
        -o "$prefix/$example" "$source/sdk/examples/$example.c" \
        $(pkg-config --cflags --libs refer)
    # shellcheck disable=SC2046,SC2086
    ok "$example builds, static" "$cc" -std=c17 -Wall -Werror $sanitize \
        -o "$prefix/$example-static" "$source/sdk/examples/$example.c" \
        $(pkg-config --cflags refer) "$library/librefer.a" -lprotobuf-c
    ok "$example explains itself" sh -c \
        "LD_LIBRARY_PATH=$library $prefix/$example nonsense; test \$? = 2"
done
ok "needs nothing but libc and itself" sh -c \
    "! readelf -d $library/librefer.so.0 | grep NEEDED |
     grep -v -e libc.so -e libasan -e libubsan -e libtsan -e ld-linux"
ok "has its soname" sh -c \
    "readelf -d $library/librefer.so.0 | grep -q 'SONAME.*librefer.so.0]'"
echo "1..$count"
exit $failed
