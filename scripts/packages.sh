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
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(id -u)" = 0 ] || { say "missing; run as root: apt-get install ${missing[*]}"; exit 1; }
say "installing ${missing[*]}"
log=$(mktemp)
# The tests run a PostgreSQL of their own: the package need not set up one for the machine.
no_cluster=/etc/postgresql-common/createcluster.d/hershy.conf
trap 'rm -f "$log" "$no_cluster"' EXIT
case " ${missing[*]} " in *" postgresql "*)
  mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' >"$no_cluster" ;;
esac
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; exit 1; }
