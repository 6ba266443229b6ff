#!/bin/sh
# Examines a running compose network from outside: who runs as root, which keys each container sees, where secrets lie.
set -eu
cd "$(dirname "$0")/../.."
. deploy/docker/network.sh
enter_network
failed=0
fail() { say "FAILED: $*"; failed=1; }

for service in $(compose config --services | grep -vx tools); do
    id=$(compose ps -q "$service")
    [ "$(docker exec "$id" id -u)" != 0 ] || fail "$service runs as root"
    keys=$(docker inspect -f '{{range .Mounts}}{{println .Destination}}{{end}}' "$id" | grep -E '^/state(/keys)?$|p12$|token.pem$|/signing$' || :)
    case $service in
        registry) want='/state/keys/directory.p12 /state/keys/token.pem' ;;
        signing) want=/state/signing ;;
        *-api | *-worker) want=/state/keys/node-$(echo "${service%-*}" | tr 'a-z-' 'A-Z.').p12 ;;
        *) want= ;;
    esac
    [ "$(echo "$keys" | sort | xargs)" = "$want" ] || fail "$service sees the keys $keys"
done

open=$(find "$folder" -type f -perm /077 ! -name root.pem ! -name trust-list.jws ! -name jwks.json \
    ! -path '*/state/nodes/*' ! -path '*/state/packages/*')
[ -z "$open" ] || fail "others may read $open"
if command -v git >/dev/null && git rev-parse --git-dir >/dev/null 2>&1; then
    [ -z "$(git ls-files -co --exclude-standard -- "$folder")" ] || fail "git sees files of $folder"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ grep -o 'POSTGRES_PASSWORD=.*' "$settings" | cut -d= -f2; grep -o ': "[^"]*"' "$LIENTHONG_STATE_DIR/secrets.json" | tr -d ': "'; } > "$work/secrets"
for image in postgres rabbitmq tools registry signing exchange; do
    { docker history --no-trunc "lienthong/$image"; docker image inspect "lienthong/$image"; } > "$work/image"
    ! grep -qFf "$work/secrets" "$work/image" || fail "a secret shows in the image $image"
done
# shellcheck disable=SC2016 # the shell in the container expands it
state=$(docker run --rm --entrypoint sh lienthong/tools -c 'find / -xdev \( -name "*.p12" -o -name "compose.env" -o -name secrets.json -o -name .git \) 2>/dev/null | grep -v site-packages' || :)
[ -z "$state" ] || fail "the image tools holds $state"
[ "$failed" = 0 ] && say "Examined: no root, own keys only, $(wc -l < "$work/secrets") secrets in files of mode 0600 and in no image."
exit "$failed"
