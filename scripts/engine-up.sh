#!/usr/bin/env bash
# Makes a Docker Engine with gVisor answer on this Debian machine, changing only what is missing.
#
#   scripts/engine-up.sh [STATE_DIR]
#
# An engine that already answers and knows runsc is left exactly as it is. What this script starts
# itself it notes in STATE_DIR (default .engine), so that scripts/engine-down.sh can end it again.
set -euo pipefail

state_dir=${1:-.engine}
deadline_s=60
mkdir -p "$state_dir"
state_dir=$(cd "$state_dir" && pwd)

say() { printf 'engine: %s\n' "$*" >&2; }
engine_answers() { curl --silent --fail --max-time 5 --unix-socket /var/run/docker.sock http://docker/_ping >/dev/null 2>&1; }
engine_knows_runsc() { curl --silent --fail --max-time 5 --unix-socket /var/run/docker.sock http://docker/info 2>/dev/null | grep -q '"runsc"'; }

wait_until() {  # wait_until COMMAND… ; false when the deadline passes first
  local end=$((SECONDS + deadline_s))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

need_root() {
  [ "$(id -u)" = 0 ] || { say "needs root to $1; run it as root, or do that yourself and try again"; exit 1; }
}

# bookworm carries Engine 20.10 and a gVisor of 2022; trixie carries Engine 26.1 with buildx and a gVisor
# of 2024. The newer suite is read from the mirror this machine already uses, and pinned below every
# installed release, so nothing but the packages asked for comes from it.
offer_newer_suite() {
  . /etc/os-release
  [ "${VERSION_CODENAME:-}" = bookworm ] || return 0
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
    awk '$2 == "bookworm" && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || return 0
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" \
    >/etc/apt/sources.list.d/hershy-trixie.list
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >/etc/apt/preferences.d/hershy-trixie
  apt-get update -qq
  suite=(-t trixie)
}

install_packages() {
  need_root "install $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  suite=()
  offer_newer_suite
  apt-get install -y -qq --no-install-recommends iptables >"$state_dir/apt.log"
  # The engine is started below, once its configuration is in place.
  apt-get install -y -qq --no-install-recommends "${suite[@]}" "$@" >>"$state_dir/apt.log" 2>&1 ||
    { tail -n 20 "$state_dir/apt.log" >&2; exit 1; }
}

# Debian's gVisor needs --network=host on recent kernels: it takes every network namespace for the root
# one and refuses. The argument means the container's own namespace through the kernel's network stack.
register_runsc() {
  need_root "register runsc in /etc/docker/daemon.json"
  say "registering runsc in /etc/docker/daemon.json"
  python3 - <<'PY'
import json, os, pathlib, shutil
path = pathlib.Path("/etc/docker/daemon.json")
config = json.loads(path.read_text()) if path.exists() and path.read_text().strip() else {}
config.setdefault("runtimes", {}).setdefault(
    "runsc", {"path": shutil.which("runsc"), "runtimeArgs": ["--network=host"]}
)
path.parent.mkdir(parents=True, exist_ok=True)
temporary = path.with_suffix(".json.new")
temporary.write_text(json.dumps(config, indent=2) + "\n")
os.replace(temporary, path)
PY
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    need_root "start dockerd"
    setsid dockerd >"$state_dir/dockerd.log" 2>&1 </dev/null &
    echo $! >"$state_dir/dockerd.pid"
  fi
  wait_until engine_answers || { say "dockerd did not answer within ${deadline_s}s"; tail -n 20 "$state_dir/dockerd.log" >&2; exit 1; }
}

if engine_answers && engine_knows_runsc; then
  exit 0
fi

missing=()
engine_answers || command -v dockerd >/dev/null || missing+=(docker.io)
command -v runsc >/dev/null || missing+=(runsc)
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
register_runsc

if engine_answers; then
  # The engine re-reads its runtimes on SIGHUP; running containers are not touched.
  pkill -HUP -x dockerd
else
  say "starting dockerd"
  start_engine
fi
wait_until engine_knows_runsc || { say "the engine answers but does not list runsc; see /etc/docker/daemon.json"; exit 1; }
say "ready: $(curl --silent --unix-socket /var/run/docker.sock http://docker/version | grep -o '"Version":"[^"]*"' | head -n 1), runsc $(runsc --version | head -n 1 | awk '{print $NF}')"
