#!/bin/sh
# Makes .venv from the hashed locks. Needs Python 3.11 or later; fetches packages with the machine's own pip settings.
# Usage: deploy/install.sh run|dev
set -eu
cd "$(dirname "$0")/.."
set_name=${1:-run}
if command -v flock >/dev/null; then  # two makes at once: the second waits, then finds everything there
    exec 9<deploy/install.sh
    flock 9
fi
made_by=$(grep '^command = ' .venv/pyvenv.cfg 2>/dev/null || true)
case $made_by in
    "" | *"$(pwd -P)/.venv") ;;
    *) rm -rf .venv ;;  # the folder was moved, and scripts in it name the old place
esac
[ -f .venv/.installed-dev ] && set_name=dev  # the larger set is there already: keep it, bring it up to date
stamp=.venv/.installed-$set_name
inputs="deploy/locks/$set_name.txt deploy/install.sh pyproject.toml shared/pyproject.toml services/*/pyproject.toml sdk/pyproject.toml embedded/pyproject.toml"

want=$(cat $inputs | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

python=
for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "Python 3.11 or later is needed and was not found on PATH." >&2; exit 1; }

if ! [ -x .venv/bin/python ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        deploy/apt-install.sh python3-venv
    fi
    "$python" -m venv .venv
fi
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r deploy/locks/uv.txt
echo "Installing the $set_name packages into .venv ..." >&2
VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --require-hashes -r "deploy/locks/$set_name.txt"
VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --no-build-isolation \
    -e shared -e services/registry -e services/signing -e services/document-exchange -e sdk -e embedded
echo "$want" > "$stamp"
