#!/usr/bin/env bash
# Installs the few Debian packages that the other scripts and the tests need, if they are missing.
#
#   scripts/packages.sh
set -euo pipefail

say() { printf 'packages: %s\n' "$*" >&2; }

missing=()
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
command -v curl >/dev/null || missing+=(curl)
[ -x /bin/busybox ] || missing+=(busybox-static)
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(id -u)" = 0 ] || { say "missing; run as root: apt-get install ${missing[*]}"; exit 1; }
say "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; exit 1; }
