#!/bin/sh
# Installs the named Debian packages that are missing, as root or with sudo; says what is missing otherwise.
# Usage: deploy/apt-install.sh PACKAGE...
set -eu
missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "These packages are needed, and there is no apt-get here to install them:$missing" >&2; exit 1
fi
if [ "$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null; then as_root=sudo; else
    echo "These Debian packages are needed; install them as root:$missing" >&2; exit 1
fi
echo "Installing from Debian:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
if command -v flock >/dev/null; then  # two at once: the second waits
    exec 8<"$0"
    flock 8
fi
# A machine that runs tests wants the programs, not the services: policy-rc.d keeps Debian from starting them.
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod 755 "$policy"
    trap '$as_root rm -f "$policy"' EXIT
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086 # names of packages have no spaces
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing >/dev/null
