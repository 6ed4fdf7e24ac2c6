#!/usr/bin/env bash
# Makes .venv with hershy, editable, and one of its extras; does nothing when pyproject.toml has not changed since.
#
#   scripts/venv.sh EXTRA        (dev: everything for development; all: everything to run it)
set -euo pipefail
cd "$(dirname "$0")/.."

extra=$1
ready=.venv/.ready-$extra

[ ! "$ready" -nt pyproject.toml ] || exit 0
if [ "$extra" = all ] && [ .venv/.ready-dev -nt pyproject.toml ]; then exit 0; fi

scripts/packages.sh
[ -x .venv/bin/python ] || python3 -m venv .venv
printf 'venv: installing hershy[%s]\n' "$extra" >&2
.venv/bin/python -m pip install -qq --disable-pip-version-check --root-user-action ignore --editable ".[$extra]"
touch "$ready"
