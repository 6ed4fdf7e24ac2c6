#!/usr/bin/env bash
# Makes the image hershy-base-watcher:local, which programs written with hershy.watcher build on here: Python, and
# hershy[watcher] as a wheel of this checkout. Does nothing when neither has changed since.
#
#   scripts/watcher-image.sh
#
# Everything is fetched here and copied in, so that nothing needs a network while an image is built. Needs .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

image=hershy-base-watcher
base=hershy-base-python:local
packages_beside=('websockets>=14')  # for the live market of examples/trading_long
build_deadline_s=120
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}

say() { printf 'watcher image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
engine() { curl --silent --show-error --fail --unix-socket "$socket" "$@"; }
inspect() {  # inspect IMAGE KEY… ; nothing where the image or a key is missing
  local image=$1
  shift
  engine --max-time 10 "http://docker/images/$image/json" 2>/dev/null | python3 -c '
import functools, json, sys
print(functools.reduce(lambda found, key: (found or {}).get(key), sys.argv[1:], json.load(sys.stdin)) or "")' "$@" 2>/dev/null || true
}
fingerprint() {
  {
    inspect "$base" Id
    cat "$0" pyproject.toml src/hershy/__init__.py
    find src/hershy/watcher -name '*.py' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c 1-64
}
is_made() { [ "$(inspect "$image:local" Config Labels hershy.fingerprint)" = "$wanted" ]; }
python_version() {
  local created
  created=$(engine --max-time 10 -X POST -H 'Content-Type: application/json' \
    -d "{\"Image\": \"$base\", \"Cmd\": [\"python3\", \"-V\"], \"Tty\": true, \"NetworkDisabled\": true}" \
    http://docker/containers/create | python3 -c 'import json, sys; print(json.load(sys.stdin)["Id"])')
  engine --max-time 10 -X POST "http://docker/containers/$created/start"
  engine --max-time 60 -X POST "http://docker/containers/$created/wait" >/dev/null
  engine --max-time 10 "http://docker/containers/$created/logs?stdout=1" | sed -n 's/^Python \([0-9]*\.[0-9]*\).*/\1/p'
  engine --max-time 10 -X DELETE "http://docker/containers/$created"
}

scripts/base-image.sh
[ -x .venv/bin/python ] || die "needs .venv; run scripts/venv.sh dev"
wanted=$(fingerprint)
is_made && exit 0

replaced=$(inspect "$image:local" Id)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(python_version)
[ -n "$version" ] || die "$base has no python3"
say "installing hershy[watcher] of this checkout for Python $version"
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
{
  "${pip[@]}" wheel --no-deps --wheel-dir "$work" . &&
    "${pip[@]}" install --root-user-action ignore --target "$work/context/site" --no-compile \
      --python-version "$version" --only-binary :all: "$(echo "$work"/hershy-*.whl)[watcher]" "${packages_beside[@]}"
} >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "could not install hershy[watcher]"; }

# Byte code is made now: later the root file system is read-only, and every start would compile again.
cat >"$work/context/Dockerfile" <<DOCKERFILE
FROM $base
COPY site /opt/hershy
ENV PYTHONPATH=/opt/hershy
RUN python3 -m compileall -q /opt/hershy
LABEL hershy.fingerprint=$wanted
DOCKERFILE
tar -C "$work/context" -cf "$work/context.tar" .
engine --max-time "$build_deadline_s" -X POST -H 'Content-Type: application/x-tar' -H 'Expect:' \
  -T "$work/context.tar" "http://docker/build?t=$image:local&networkmode=none&forcerm=1" >"$work/log" || true
# The engine reports a failed build inside a successful answer, so the image itself is asked for.
is_made || { tail -n 5 "$work/log" >&2; die "the engine did not build $image:local"; }
# The one before it is of no use any more; the engine refuses while programs are built on it.
[ -z "$replaced" ] || engine --max-time 30 -X DELETE "http://docker/images/$replaced" >/dev/null 2>&1 || true
say "made $image:local"
