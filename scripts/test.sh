#!/usr/bin/env bash
# Everything that must hold, from nothing: see `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

# Of its own, so that an engine that somebody else has started is never taken for this run's.
engine_state=.engine/test
least_domain_coverage=95

# These meet nothing of what the other integration tests do at the engine, and take no publish ports: they run beside
# them, and after the unit tests.
aside=(
  tests/integration/sandbox
  tests/integration/test_docker_builder.py
  tests/integration/test_hostile_builds.py
  tests/integration/test_installation.py
  tests/integration/test_postgres_repository.py
  tests/integration/test_starvation.py
)

mkdir -p "$engine_state"
engine_log=$engine_state/setup.log
result=$engine_state/pytest.log
unit_result=$engine_state/unit.log
aside_result=$engine_state/aside.log
engine_setup=
unit_tests=
aside_tests=

end_engine() {
  [ -z "$unit_tests" ] || kill "$unit_tests" 2>/dev/null || true
  [ -z "$aside_tests" ] || kill "$aside_tests" 2>/dev/null || true
  [ -z "$engine_setup" ] || wait "$engine_setup" || true
  engine_setup=
  scripts/engine-down.sh "$engine_state"
}
trap end_engine EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/packages.sh
# The engine takes its time, and so does the Python environment: both at once.
{ scripts/engine-up.sh "$engine_state" && scripts/base-image.sh; } >"$engine_log" 2>&1 &
engine_setup=$!

scripts/venv.sh dev
make --no-print-directory lint
.venv/bin/coverage erase

# Unit tests need no engine; they run beside its set-up and beside the integration tests, which mostly wait. What is
# covered is theirs alone: it has to be shown without an engine, and measuring slows the others down.
.venv/bin/coverage run -m pytest tests/unit >"$unit_result" 2>&1 &
unit_tests=$!

wait "$engine_setup" || { engine_setup=; cat "$engine_log" >&2; exit 1; }
engine_setup=
cat "$engine_log" >&2

# They follow the unit tests.
{ tail --pid="$unit_tests" -f /dev/null; exec .venv/bin/python -m pytest "${aside[@]}"; } >"$aside_result" 2>&1 &
aside_tests=$!

status=0
.venv/bin/python -m pytest tests/integration "${aside[@]/#/--ignore=}" "$@" | tee "$result" || status=$?
wait "$unit_tests" || status=$?
unit_tests=
wait "$aside_tests" || status=$?
aside_tests=
cat "$unit_result" "$aside_result"
.venv/bin/coverage combine --quiet
.venv/bin/coverage report --sort=cover
[ "$status" = 0 ] || { tail -n 1 "$unit_result" "$aside_result" "$result"; exit "$status"; }
inside=$(.venv/bin/coverage report --format=total --precision=1 \
  --include='src/hershy/core/*,src/hershy/builds/*,src/hershy/access/*,src/hershy/programs/*')
echo "core, builds, access and programs are covered to $inside %; at least $least_domain_coverage % are asked for"
awk -v have="$inside" -v least="$least_domain_coverage" 'BEGIN { exit !(have >= least) }'

end_engine
tail -n 1 "$unit_result"
tail -n 1 "$aside_result"
tail -n 1 "$result"
