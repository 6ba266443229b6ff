#!/bin/sh
# Prints the name of the Debian image to build on: DEBIAN_IMAGE (debian:bookworm-slim) where it is there or an image
# registry gives it, otherwise a stand-in that is made from Debian packages.
set -eu
umask 022
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
image=${DEBIAN_IMAGE:-debian:bookworm-slim}
stand_in=lienthong/debian-stand-in:bookworm
answer_limit_s=15
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A registry that does not answer is given up soon; one that has begun may take its time.
pull() {
    docker pull "$image" >"$work/pull" 2>&1 &
    puller=$! waited=0
    while kill -0 "$puller" 2>/dev/null && ! grep -q 'Pulling from' "$work/pull"; do
        [ "$waited" -lt "$answer_limit_s" ] || { kill "$puller"; break; }
        sleep 1; waited=$((waited + 1))
    done
    wait "$puller" 2>/dev/null
}

make_stand_in() {
    [ "$(id -u)" = 0 ] || { say "No image registry answers, and making a base image from Debian packages needs root."; exit 1; }
    say "No image registry answers: making the base image from Debian packages (about 1 minute) ..."
    command -v debootstrap >/dev/null || deploy/apt-install.sh debootstrap
    root=$work/root
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    echo 'deb http://deb.debian.org/debian-security bookworm-security main' >> "$root/etc/apt/sources.list"
    bundle=/etc/ssl/certs/ca-certificates.crt  # this machine's, which may hold an organisation's own authority
    if [ -f "$bundle" ]; then
        cp "$bundle" "$root/etc/ssl/build-machine.crt"  # an upgrade of ca-certificates would write its own anew
        printf '[global]\ncert = /etc/ssl/build-machine.crt\n' > "$root/etc/pip.conf"
    fi
    tar -C "$root" -c . | docker import - "$stand_in" >/dev/null
}

if docker image inspect "$image" >/dev/null 2>&1; then echo "$image"; exit 0; fi
say "Asking the image registry for $image ..."
if pull; then echo "$image"; exit 0; fi
docker image inspect "$stand_in" >/dev/null 2>&1 || make_stand_in
echo "$stand_in"
