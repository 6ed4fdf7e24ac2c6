#!/usr/bin/env bash
# Makes the image hershy-base-python:local that the examples and tests build on, if the engine lacks it.
#
#   scripts/base-image.sh
#
# The public python:3.12-slim where it can be pulled; elsewhere a root file system with python3 from the
# Debian mirror this machine uses. Talks to the engine itself, so that no docker command is needed.
set -euo pipefail

image=hershy-base-python
public_image=python
public_tag=3.12-slim
pull_deadline_s=20
make_deadline_s=300
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}

say() { printf 'base image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
engine() { curl --silent --show-error --fail --unix-socket "$socket" "$@"; }
image_exists() { engine --max-time 10 "http://docker/images/$1/json" >/dev/null 2>&1; }

# The engine reports a failed pull inside a successful answer, so the image itself is asked for.
pull_public_image() {
  engine --max-time "$pull_deadline_s" -X POST \
    "http://docker/images/create?fromImage=$public_image&tag=$public_tag" >/dev/null 2>&1 || true
  image_exists "$public_image:$public_tag" || return 1
  engine --max-time 10 -X POST "http://docker/images/$public_image:$public_tag/tag?repo=$image&tag=local"
}

install_mmdebstrap() {
  command -v mmdebstrap >/dev/null && return
  [ "$(id -u)" = 0 ] || die "needs mmdebstrap: run 'apt-get install mmdebstrap' as root and try again"
  say "installing mmdebstrap"
  apt-get install -y -qq --no-install-recommends mmdebstrap >"$work/log" 2>&1 && return
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends mmdebstrap >"$work/log" 2>&1
}

make_root_file_system() {
  local codename mirror
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
    awk -v codename="$codename" '$2 == codename && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || die "no Debian mirror in apt's sources; pull or build an image named $image:local yourself"
  say "making one from Debian $codename (half a minute)"
  TMPDIR=$work timeout "$make_deadline_s" mmdebstrap --quiet --variant=minbase --include=python3 \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$codename" "$work/root.tar" "$mirror" >"$work/log" 2>&1
}

import_root_file_system() {
  engine --max-time 120 -X POST -H 'Content-Type: application/x-tar' -H 'Expect:' -T "$work/root.tar" \
    --url-query 'fromSrc=-' --url-query "repo=$image" --url-query 'tag=local' \
    --url-query 'changes=ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --url-query 'changes=CMD ["python3"]' 'http://docker/images/create' >/dev/null
  image_exists "$image:local" || die "the engine did not import the root file system"
}

engine --max-time 10 http://docker/_ping >/dev/null 2>&1 || die "no engine answers at $socket; run scripts/engine-up.sh"
image_exists "$image:local" && exit 0
pull_public_image && { say "tagged $public_image:$public_tag as $image:local"; exit 0; }

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"
install_mmdebstrap && make_root_file_system || { tail -n 20 "$work/log" >&2; die "could not make a root file system"; }
import_root_file_system
say "made $image:local"
