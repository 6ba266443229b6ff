#!/bin/sh
# Resolves the workspace and writes hashed requirements without addresses.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
[ -x "$uv" ] || uv=${UV:-uv}
"$uv" lock --quiet --upgrade
export_set() {
    "$uv" export --quiet --frozen --no-emit-workspace --no-emit-project --no-default-groups --group "$1" \
        --no-header --no-annotate --format requirements.txt -o "deploy/locks/$2.txt"
}
export_set members run
export_set dev dev
printf 'uv\n' | "$uv" pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url - -o deploy/locks/uv.txt
