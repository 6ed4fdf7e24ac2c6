#!/usr/bin/env bash
# Makes a Docker Engine with gVisor answer on this Debian machine, changing only what is missing.
#
#   scripts/engine-up.sh [STATE_DIR]
#
# An engine that answers and knows runsc is left exactly as it is. A dockerd that this script starts is noted in
# STATE_DIR (default .engine), so that scripts/engine-down.sh can end it again. Where systemd runs, dockerd is its
# service and stays. With DOCKER_HOST set, the engine is somebody's choice: it is looked at, never changed.
set -euo pipefail

state_dir=${1:-.engine}
deadline_s=60
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
plugin_dirs=(/usr/local/lib/docker/cli-plugins /usr/local/libexec/docker/cli-plugins
  /usr/lib/docker/cli-plugins /usr/libexec/docker/cli-plugins "$HOME/.docker/cli-plugins")

mkdir -p "$state_dir"
state_dir=$(cd "$state_dir" && pwd)

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Python rather than curl, which a fresh machine may lack.
engine_get() {
  python3 - "$socket" "$1" <<'PY' 2>/dev/null
import http.client, socket, sys

class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(sys.argv[1])

connection = Connection("docker")
connection.request("GET", sys.argv[2])
answer = connection.getresponse()
print(answer.read().decode())
sys.exit(answer.status != 200)
PY
}
# The process that listens on the socket, as the kernel knows it.
engine_pid() {
  python3 - "$socket" <<'PY'
import socket, struct, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(5)
connection.connect(sys.argv[1])
print(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
PY
}
engine_answers() { engine_get /_ping >/dev/null; }
engine_knows_runsc() { engine_get /info | grep -q '"runsc"'; }
# With the argument, gVisor filters system calls by the container's seccomp profile; without it, it leaves that out.
engine_filters_runsc() { engine_get /info | grep -q -- '"--oci-seccomp"'; }

wait_until() {  # wait_until COMMAND… ; false when the deadline passes first
  local end=$((SECONDS + deadline_s))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

need_root() {
  [ "$(id -u)" = 0 ] || die "needs root to $1; run it as root, or do that yourself and try again"
}

has_plugin() {  # has_plugin NAME, of the docker command
  local dir
  for dir in "${plugin_dirs[@]}"; do
    [ ! -x "$dir/$1" ] || return 0
  done
  return 1
}

apt() {
  apt-get -o DPkg::Lock::Timeout=120 "${apt_options[@]}" "$@" >>"$state_dir/apt.log" 2>&1 ||
    { tail -n 20 "$state_dir/apt.log" >&2; die "apt-get $1 failed; all of it is in $state_dir/apt.log"; }
}

# bookworm carries Engine 20.10 without buildx and a gVisor of 2022; trixie's Engine 26.1 and gVisor of 2024 install
# on it as they are. Only the packages named are taken from there: the rest of the suite is pinned below every
# installed release, because trixie's runc would bring a new libc6. The machine's own apt configuration stays
# untouched; the suite is added for these calls alone, from the mirror that the machine uses.
offer_newer_suite() {
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
    awk '$2 == "bookworm" && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || return 0
  rm -rf "$state_dir/apt"
  mkdir -p "$state_dir/apt"
  cp -rL /etc/apt/sources.list.d "$state_dir/apt/sources.list.d"
  cp -rL /etc/apt/preferences.d "$state_dir/apt/preferences.d"
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" \
    >"$state_dir/apt/sources.list.d/hershy-trixie.list"
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >"$state_dir/apt/preferences.d/hershy-trixie"
  apt_options=(-o "Dir::Etc::SourceParts=$state_dir/apt/sources.list.d"
    -o "Dir::Etc::PreferencesParts=$state_dir/apt/preferences.d")
  apt update -qq
  from_suite=/trixie
}

install_packages() {
  need_root "install $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  : >"$state_dir/apt.log"
  apt_options=()
  from_suite=
  apt update -qq
  [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" != bookworm ] || offer_newer_suite
  # Newer Debians have the docker command in a package of its own; hershy does without, people may not.
  if ! command -v docker >/dev/null && apt-cache "${apt_options[@]}" show docker-cli >/dev/null 2>&1; then
    set -- "$@" docker-cli
  fi
  apt install -y -qq --no-install-recommends iptables "${@/%/$from_suite}"
  rm -rf "$state_dir/apt"
}

# Debian's gVisor needs --network=host on recent kernels: it takes every network namespace for the root
# one and refuses. The argument means the container's own namespace through the kernel's network stack.
# --oci-seccomp makes it hold programs to the seccomp profile that their container is made with.
register_runsc() {
  need_root "register runsc in /etc/docker/daemon.json"
  say "registering runsc in /etc/docker/daemon.json"
  python3 - "$(command -v runsc)" <<'PY'
import json, os, pathlib, sys
path = pathlib.Path("/etc/docker/daemon.json")
config = json.loads(path.read_text()) if path.exists() and path.read_text().strip() else {}
runsc = config.setdefault("runtimes", {}).setdefault("runsc", {"path": sys.argv[1], "runtimeArgs": ["--network=host"]})
if "--oci-seccomp" not in runsc.setdefault("runtimeArgs", []):
    runsc["runtimeArgs"].append("--oci-seccomp")
path.parent.mkdir(parents=True, exist_ok=True)
temporary = path.with_suffix(".json.new")
temporary.write_text(json.dumps(config, indent=2) + "\n")
os.replace(temporary, path)
PY
}

# The engine reads its runtimes again on SIGHUP; running containers are not touched.
reload_engine() {
  local pid
  if [ -d /run/systemd/system ] && systemctl is-active --quiet docker; then
    systemctl reload docker
    return
  fi
  pid=$(engine_pid)
  [ "$(cat "/proc/$pid/comm")" = dockerd ] ||
    die "an engine answers at $socket, but it is not a dockerd of this machine; give it the runtime runsc there"
  kill -HUP "$pid"
}

start_engine() {
  say "starting dockerd"
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    need_root "start dockerd"
    setsid dockerd --pidfile "$state_dir/dockerd.pid" >"$state_dir/dockerd.log" 2>&1 </dev/null &
  fi
  wait_until engine_answers ||
    { tail -n 20 "$state_dir/dockerd.log" >&2 || true; die "dockerd did not answer within ${deadline_s} s"; }
}

if [ -n "${DOCKER_HOST:-}" ]; then
  case $DOCKER_HOST in unix://*) ;; *) die "DOCKER_HOST is $DOCKER_HOST; only an engine at a unix:// socket will do" ;; esac
  engine_answers || die "no engine answers at DOCKER_HOST ($DOCKER_HOST)"
  engine_filters_runsc ||
    die "the engine at DOCKER_HOST ($DOCKER_HOST) has no runtime runsc with --oci-seccomp; register it there"
  exit 0
fi

missing=()
engine_answers || command -v dockerd >/dev/null || missing+=(docker.io)
command -v runsc >/dev/null || engine_knows_runsc || missing+=(runsc)
has_plugin docker-buildx || missing+=(docker-buildx)
# For the Compose files that hershy writes; bookworm's own is the old docker-compose, which does not know all of them.
has_plugin docker-compose || missing+=(docker-compose)
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"

engine_filters_runsc && exit 0
register_runsc
if engine_answers; then reload_engine; else start_engine; fi
wait_until engine_filters_runsc ||
  die "the engine answers but does not list runsc with --oci-seccomp; see /etc/docker/daemon.json"
say "ready: engine $(engine_get /version | python3 -c 'import json, sys; print(json.load(sys.stdin)["Version"])')," \
  "runsc $(runsc --version | head -n 1 | awk '{print $NF}')"
