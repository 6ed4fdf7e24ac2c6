#!/usr/bin/env bash
# The main job on real input, from nothing: a Host with gVisor, a trading simulator built, Ready, messaged, stopped.
#
#   scripts/demo.sh        HERSHY_RUNTIME=runc takes plain containers instead
set -euo pipefail
cd "$(dirname "$0")/.."

runtime=${HERSHY_RUNTIME:-runsc}
engine_state=.engine/demo
work=.demo
base_image=hershy-base-watcher:local
host_pid=

heading() { printf '\n== %s\n' "$*"; }
hershy() { printf '$ hershy%s\n' "$(printf ' %q' "$@")"; .venv/bin/hershy "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

wait_until() {  # wait_until SECONDS COMMAND… ; false when they pass first
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}
host_listens() { [ -s "$work/host.json" ] || ! kill -0 "$host_pid" 2>/dev/null; }
host_has_ended() { ! kill -0 "$host_pid" 2>/dev/null; }
# To the end of the log, not to the first hit: whoever writes it must not find the pipe closed.
program_has_said() { .venv/bin/hershy logs "$program" | grep -- "$1" >/dev/null; }
field_of_program() { .venv/bin/hershy status "$program" --json | field "$1"; }
program_is_stopped() { [ "$(field_of_program state)" = Stopped ]; }

end_host() {
  [ -n "$host_pid" ] || return 0
  kill -TERM "$host_pid" 2>/dev/null || true
  wait_until 60 host_has_ended || { echo "the Host does not end; killing it" >&2; kill -KILL "$host_pid"; }
  host_pid=
}

clean_up() {
  status=$?
  trap '' INT TERM
  [ "$status" = 0 ] || [ ! -s "$work/host.log" ] || { echo "-- the Host's log:"; tail -n 30 "$work/host.log"; } >&2
  end_host
  scripts/engine-down.sh "$engine_state"
  rm -rf "$work"
  [ "$status" != 0 ] || rm -rf "$engine_state"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading "Setting up"
rm -rf "$work"
mkdir -p "$work" "$engine_state"
scripts/packages.sh
{ scripts/engine-up.sh "$engine_state" && scripts/base-image.sh; } &
engine_setup=$!
scripts/venv.sh all || { wait "$engine_setup" || true; exit 1; }
wait "$engine_setup"
scripts/watcher-image.sh

heading "A Host on $runtime"
hershy doctor --runtime "$runtime"
.venv/bin/hershy serve --runtime "$runtime" --port 0 --storage "$work/storage" --json >"$work/host.json" 2>"$work/host.log" &
host_pid=$!
wait_until 60 host_listens && [ -s "$work/host.json" ] || { echo "the Host did not start" >&2; exit 1; }
HERSHY_URL=$(field url <"$work/host.json")
export HERSHY_URL
echo "listening on $HERSHY_URL"

heading "From a directory to a Ready program"
hershy deploy examples/trading_long --user demo --build-arg BASE="$base_image" --env SPEED=600 --wait --timeout 90 |
  tee "$work/deployed"
program=$(sed -n 2p "$work/deployed")
hershy ls

heading "Up to ten minutes of market time a second, until the strategies have traded"
wait_until 60 program_has_said '(cross)$' || { echo "no averages have crossed" >&2; exit 1; }
# The port of its registration may have been taken by somebody else since; the one it runs on is its own.
url=$(field_of_program proxy_url)
echo "\$ curl $url/watcher/status"
curl --silent --fail --max-time 10 "$url/watcher/status"
echo

heading "Messages, and their answers in the log"
for message in trades pause portfolio; do hershy message "$program" "$message"; done
wait_until 30 program_has_said '^PORTFOLIO' || { echo "the portfolio was not shown" >&2; exit 1; }
hershy logs "$program" --tail 60

heading "Stopping cleanly"
hershy stop "$program"
wait_until 30 program_is_stopped || { echo "the program did not stop" >&2; exit 1; }
hershy logs "$program" --tail 1
hershy status "$program"
hershy rm "$program"
hershy ls
end_host
printf '\nDone in %s s.\n' "$SECONDS"
