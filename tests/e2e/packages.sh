#!/bin/bash
# The Debian packages: made, installed in a root that has nothing, used, and
# upgraded, removed and purged around an agency that stays as it is. TAP.
# Usage: packages.sh BUILD SOURCE
#
# It takes two minutes and the network, so it runs when it is asked for:
#   REFER_PACKAGES=yes tests/e2e/packages.sh build/dev "$PWD"
# REFER_PACKAGES_ROOT may name a Debian 12 root made before, to be copied.
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
federation_begin "$@"

if [[ -z ${REFER_PACKAGES:-} ]]; then
    skip "the Debian packages" "takes minutes: REFER_PACKAGES=yes asks for it"
    federation_end
fi
if ((EUID != 0)) || ! command -v debootstrap >/dev/null; then
    skip "the Debian packages" "needs root and debootstrap"
    federation_end
fi

debs=$folder/debs
root=$folder/root
log=$folder/packages.out
trap 'umount -lR "$root/proc" "$root/dev" 2>/dev/null; federation_cleanup' EXIT

# ---- Made, and looked at

expect "they are made of what is committed" \
    "$source_dir/tools/dev/make-packages" -o "$debs" || federation_end
expect_nothing "lintian has nothing to say" \
    lintian --allow-root -EI --pedantic "$debs"/referd_*.changes

# ---- A root

if [[ -n ${REFER_PACKAGES_ROOT:-} ]]; then
    cp -a "$REFER_PACKAGES_ROOT" "$root"
else
    # shellcheck disable=SC2016 # apt's own variable
    mirror=$(apt-get indextargets --format '$(SITE)' \
        'Created-By: Packages' | head -n 1)
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$log" 2>&1 \
        || bail "debootstrap: $(tail -n 5 "$log")"
    cp -a /etc/apt/. "$root/etc/apt/"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
cp "$debs"/*.deb "$root/srv/"
mkdir -p "$root/src"
cp -a "$source_dir/README.md" "$source_dir/conf" "$source_dir/tests" \
    "$root/src/"

enter=(chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8
    DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin)
inside() { "${enter[@]}" "$@"; }
apt() { inside apt-get -y --no-install-recommends "$@"; }
told() { # of this installation; then forgotten
    cat "$root/tmp/systemctl" 2>/dev/null
    rm -f "$root/tmp/systemctl"
}

apt update >"$log" 2>&1
expect "the tools of the story" \
    apt install bsdutils procps python3-minimal gcc libc6-dev pkg-config \
    systemd
# No manager of services runs here: what it would be told is written down.
mkdir -p "$root/run/systemd/system"
cat >"$root/bin/systemctl" <<'END'
#!/bin/sh
echo "$*" >>/tmp/systemctl
[ "$2" != is-enabled ] || echo enabled
END

# ---- Installed

expect "they install" apt install /srv/referd_0.1.0_amd64.deb \
    /srv/refer-tools_0.1.0_amd64.deb /srv/librefer0_0.1.0_amd64.deb \
    /srv/librefer-fake0_0.1.0_amd64.deb /srv/librefer-dev_0.1.0_amd64.deb \
    /srv/python3-refer_0.1.0_all.deb
expect "it says what is next" grep -q 'make an agency next' <<<"$output"
expect "the service is started" grep -q 'start referd.service' <(told)
expect "the user is there" inside id referd
expect "and the folders are its own" test "$(inside stat -c '%U %a' \
    /var/lib/referd /run/referd)" = $'referd 700\nreferd 750'
for page in 8/referd 1/referctl 5/referd.yaml 7/refer-protocol 3/librefer \
    5/refer-mou 5/refer-referral; do
    expect "manual page ${page#*/}" \
        test -s "$root/usr/share/man/man${page%/*}/${page#*/}.${page%/*}.gz"
done
expect "completion in bash" inside bash -c \
    '. /usr/share/bash-completion/completions/referctl; complete -p referctl'
expect "an example of the library compiles" inside sh -c 'cd /tmp &&
    cc -Wall -Werror -o intake \
        /usr/share/doc/librefer-dev/examples/intake.c \
        $(pkg-config --cflags --libs refer)'
expect "the modules of Python load" inside python3 -c 'import refer, refer_fake'

# ---- Used: the story of README.md, then an agency of the service's user

expect "two agencies, as README.md has them" \
    inside bash /src/tests/e2e/by_hand.sh /usr /src

init=(referctl init /var/lib/referd -c /etc/referd/referd.yaml
    -s /run/referd/referd.sock --name 'Open Door'
    --contact 'referral_lead;Front desk;+000 555 0100;Mo-Sa 10:00-20:00')
expect "an agency is made as README.Debian says" inside "${init[@]}"
command=$(sed -n 's/^ExecStart=//p' "$root/lib/systemd/system/referd.service")
is_healthy_inside() { inside referctl health; }
serve() { # NAME
    # shellcheck disable=SC2086 # the words of the unit
    "${enter[@]}" setpriv --reuid=referd --regid=referd --init-groups $command \
        >>"$folder/opendoor.log" 2>&1 &
    helper_pid[gateway]=$!
    arrives "$READY_MS_MAX" "$1" is_healthy_inside
}
serve "the unit's command serves it"
expect "root reaches it without being told where" inside referctl status
try "the doctor finds no problem in its files" 0 "" \
    inside referctl -c /etc/referd/referd.yaml doctor
helper_end gateway TERM
expect "it ends cleanly" test "$helper_status" -eq 0

further() { # as referd@.service says, and what it would start
    inside useradd --system --no-create-home referd-clinic \
        && inside install -d -m 700 -o referd-clinic -g referd-clinic \
            /var/lib/referd-clinic \
        && inside referctl init /var/lib/referd-clinic \
            -c /etc/referd/clinic.yaml -s /run/referd-clinic/referd.sock \
            --name 'Open Clinic' \
        && inside setpriv --reuid=referd-clinic --regid=referd-clinic \
            --init-groups referd -t -c /etc/referd/clinic.yaml
}
expect "a further agency, with a user of its own" further
expect "neither user reads what is the other's" inside sh -c '
    ! setpriv --reuid=referd-clinic --regid=referd-clinic --init-groups \
        cat /etc/referd/referd.yaml 2>/dev/null &&
    ! setpriv --reuid=referd --regid=referd --init-groups \
        cat /etc/referd/clinic.yaml 2>/dev/null'

# ---- Upgraded, removed, purged: the agency stays

state() {
    (cd "$root" && find etc/referd var/lib/referd -type f \
        \! -name '*.lock' \! -path '*/store/*' -exec sha256sum {} + | sort)
    (cd "$root" && find etc/referd var/lib/referd -printf '%p %u %g %m\n' \
        | sort)
}
before=$(state)
stays_so() { [[ $(state) == "$before" ]]; }

dpkg-deb -R "$root/srv/referd_0.1.0_amd64.deb" "$folder/next"
sed -i 's/^Version: .*/Version: 0.1.0+next/' "$folder/next/DEBIAN/control"
dpkg-deb -b "$folder/next" "$root/srv/next.deb" >/dev/null
told >/dev/null
expect "the next version installs" apt install /srv/next.deb
telling=$(told)
expect "the service is restarted" grep -q 'restart referd.service' <<<"$telling"
expect "and those of further agencies" \
    grep -q 'try-restart referd@\*' <<<"$telling"
expect "nothing was stopped before" test -z "$(grep -w stop <<<"$telling")"
expect "the agency is as before the upgrade" stays_so
serve "it is served"
helper_end gateway TERM

before=$(state) # which a gateway at work changes
expect "the package is removed" apt remove referd
expect "it says what it leaves" grep -q '/var/lib/referd is left' <<<"$output"
expect "the service was stopped" grep -q 'stop referd.service' <(told)
expect "the agency is as before the removal" stays_so
expect "the package is purged" apt purge referd
expect "it says so again" grep -q '/var/lib/referd is left' <<<"$output"
expect "the agency is as before the purge" stays_so
expect "installed again" apt install /srv/referd_0.1.0_amd64.deb
expect "the agency is as before" stays_so
serve "it is served again"
helper_end gateway TERM

rm -rf "$root"/etc/referd/* "$root"/var/lib/referd/* \
    "$root"/var/lib/referd-clinic
expect "purged where no agency was" apt purge referd
expect "nothing is left" test ! -e "$root/etc/referd" -a \
    ! -e "$root/var/lib/referd" -a ! -e "$root/run/referd"
federation_end
