#!/bin/bash
# What a customer does: installs librefer, moves it elsewhere, builds the
# examples against it by pkg-config and by CMake, shared and static, and runs
# each of them with gateways. TAP.
# Usage: sdk_install.sh BUILD SOURCE CMAKE CC [SANITIZERS]
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
build=$1 cmake=$3 cc=$4
federation_begin "$1" "$2"
flags=(-std=c17 -Wall -Werror ${5:+-fsanitize=$5})
examples=$source_dir/sdk/examples

# ---- Installed, and moved

expect "installs" "$cmake" --install "$build/sdk" --prefix "$folder/first"
mv first prefix
prefix=$folder/prefix
library=$(dirname "$(find "$prefix" -name librefer.so.0)")
export PKG_CONFIG_PATH=$library/pkgconfig
expect "no file knows where it was" bash -c "! grep -rIl '$folder/first' prefix"
expect "pkg-config knows version 0.1.0" pkg-config --exact-version=0.1.0 refer
# needs_only NAME PATTERN LIBRARY: beside libc and what a sanitizer is.
needs_only() {
    expect "$1" bash -c "! readelf -d '$library/$3' | grep NEEDED |
        grep -Ev 'libc.so|libasan|libubsan|libtsan|ld-linux|$2'"
}
needs_only "librefer needs nothing but libc" none librefer.so.0
needs_only "librefer_fake needs librefer as well" librefer.so.0 \
    librefer_fake.so.0
expect "has its soname" bash -c \
    "readelf -d '$library/librefer.so.0' |
     grep -q 'SONAME.*librefer.so.0]'"

# ---- Built

mkdir pkgconfig
for example in intake send; do
    # shellcheck disable=SC2046
    expect "$example builds by pkg-config, shared" "$cc" "${flags[@]}" \
        -o "pkgconfig/$example" "$examples/$example.c" \
        $(pkg-config --cflags --libs refer) -Wl,-rpath,"$library"
    # shellcheck disable=SC2046
    expect "$example builds by pkg-config, static" "$cc" "${flags[@]}" \
        -o "pkgconfig/$example-static" "$examples/$example.c" \
        $(pkg-config --cflags refer) "$library/librefer.a" \
        $(pkg-config --libs-only-l --static refer | sed 's/-lrefer\>//')
done
# the test that a manual page shows is a customer's as well
awk '/^```$/ { is_in = !is_in; if (!is_in && text ~ /int main/) exit
               text = ""; next }
     is_in { text = text $0 "\n" }
     END { printf "%s", text }' "$source_dir/sdk/fake/librefer_fake.3.scd" \
    >fake-test.c
# shellcheck disable=SC2046
expect "the test of librefer_fake(3) builds by pkg-config" "$cc" \
    "${flags[@]}" -o pkgconfig/fake-test fake-test.c \
    $(pkg-config --cflags --libs refer_fake) -Wl,-rpath,"$library"
build_with_cmake() {
    "$cmake" -G Ninja -S "$source_dir/tests/e2e/customer" -B cmake \
        -DCMAKE_PREFIX_PATH="$prefix" -DEXAMPLES="$examples" \
        -DTEST="$folder/fake-test.c" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="${flags[*]}" \
        && "$cmake" --build cmake
}
expect "they build by CMake, shared and static" build_with_cmake
uses_shared() { readelf -d "$1" | grep -q 'NEEDED.*librefer.so.0'; }
is_static() { ! uses_shared "$1"; }
for way in pkgconfig cmake; do
    expect "$way: shared is shared" uses_shared $way/send
    expect "$way: static is static" is_static $way/send-static
    try "$way: intake explains itself" 2 '^usage' $way/intake nonsense
    try "$way: send explains itself" 2 '^usage' $way/send nonsense
    expect "$way: a test with refer_fake passes" $way/fake-test
done

# ---- Run

federation_pair

# round NAME SEND INTAKE: one referral, sent by the one, taken on by the other.
round() {
    "$3" -s "$(socket_of tbhosp)" -c desk -o "any morning" --until accepted \
        >"intake.$1.log" 2>&1 &
    helper_pid[intake]=$!
    try "$1: send hears of the offer" 0 '^offer: any morning$' \
        "$2" -s "$(socket_of opendoor)" "form-$1" "${agency_id[tbhosp]}" \
        tb.assess tb_assessment "I have been coughing." pairwise_id=k7m2p9 \
        call_name=Sasha "contact_route=I will come by myself"
    wait "${helper_pid[intake]}"
    helper_status=$?
    unset 'helper_pid[intake]'
    expect "$1: intake ends well" test $helper_status = 0
    expect "$1: intake saw the name" grep -q 'call_name = Sasha' \
        "intake.$1.log"
}
for way in pkgconfig cmake; do
    round "$way" "$way/send" "$way/intake"
    round "$way-static" "$way/send-static" "$way/intake-static"
done


# The modules of Python find the library that is installed. The runtime of an
# address sanitizer has to be there before it.
wrap() { # NAME: sdk/examples/NAME.py as a program
    cat >"python/$1" <<END
#!/bin/sh
export PYTHONPATH='$prefix/lib/python3/dist-packages'
export REFER_LIBRARY='$library/librefer.so.0' PYTHONDONTWRITEBYTECODE=1
$preload
exec python3 '$examples/$1.py' "\$@"
END
    chmod +x "python/$1"
}
preload=
case ${5:-} in
*address*)
    preload="export ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD='$(
        "$cc" -print-file-name=libasan.so)'"
    ;;
esac
mkdir python
wrap intake
wrap send
if [[ ${5:-} == *thread* ]]; then
    skip "python: one referral" "the interpreter was not built for it"
else
    round python python/send python/intake
fi

federation_end
