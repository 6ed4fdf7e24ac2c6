#!/usr/bin/env bash
# A short form of every benchmark, from nothing: see `make benchmarks`. Arguments are those of benchmarks/run.py.
set -euo pipefail
cd "$(dirname "$0")/.."

# Of its own, so that an engine that somebody else has started is never taken for this run's.
engine_state=.engine/benchmarks

end_engine() { scripts/engine-down.sh "$engine_state"; }
trap end_engine EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/packages.sh
scripts/venv.sh dev
scripts/engine-up.sh "$engine_state"
scripts/base-image.sh
scripts/busybox-image.sh
.venv/bin/python benchmarks/run.py "$@"
