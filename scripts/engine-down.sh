#!/usr/bin/env bash
# Ends the dockerd that scripts/engine-up.sh has started, and nothing else.
#
#   scripts/engine-down.sh [STATE_DIR]
set -euo pipefail

state_dir=${1:-.engine}
deadline_s=60
pid_file=$state_dir/dockerd.pid

say() { printf 'engine: %s\n' "$*" >&2; }
# A zombie has ended, even if the first process of this machine, a container's say, never asks how.
runs() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }

wait_for_end() {  # wait_for_end PID NAME
  local end=$((SECONDS + deadline_s))
  while runs "$1" "$2"; do
    [ $SECONDS -lt $end ] || { say "$2 ($1) did not end within ${deadline_s} s"; exit 1; }
    sleep 0.1
  done
}

[ -e "$pid_file" ] || exit 0
pid=$(cat "$pid_file")
if runs "$pid" dockerd; then
  containerd=$(cat /var/run/docker/containerd/containerd.pid 2>/dev/null || true)
  say "stopping dockerd"
  kill -TERM "$pid"
  wait_for_end "$pid" dockerd
  [ -z "$containerd" ] || wait_for_end "$containerd" containerd
fi
rm -f "$pid_file"
