"""Runs a short form of every benchmark, and shows their ratios in one table; or compares two such runs.

    python benchmarks/run.py [--save FILE] [--only NAME]     `make benchmarks` prepares what they need, and runs this
    python benchmarks/run.py --compare BEFORE AFTER          files that --save has written

Each ratio is of two things measured in turns in one run, or of one thing and the limit set to it: that of a busy
machine can still be read. 1.00 is as good as the other; how much more, and whether more is better, stands beside it.
The long forms, and peers that are installed for them, are the benchmarks' own: each has --help.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results import VARIABLE

HERE = Path(__file__).parent
DEADLINE_S = 300
SHORT: Mapping[str, Sequence[str]] = {
    "transitions": ("--programs", "100", "--rounds", "10"),
    "repository_latency": ("--programs", "200", "--saves", "500"),
    "watcher_footprint": ("--rounds", "8"),
    "watcher_throughput": ("--messages", "10000", "--rounds", "3"),
    "start_to_ready": ("--rounds", "8", "--bursts", "3"),
    "host_at_scale": ("--programs", "200", "--running", "5", "--reads", "300"),
    "sandbox": ("--quick",),
    "fairness": ("--seconds", "15"),
    "soak": ("--minutes", "0.5", "--seed", "7", "--programs", "4"),
}
Row = Mapping[str, Any]


def measure(names: Sequence[str]) -> tuple[list[Row], list[str]]:
    """The rows, and the names of those that failed."""
    rows: list[Row] = []
    failed = []
    for name in names:
        print(f"\n== {name} {' '.join(SHORT[name])}", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "results")
            results.touch()
            command = [sys.executable, str(HERE / f"{name}.py"), *SHORT[name]]
            try:
                code = subprocess.run(
                    command, env={**os.environ, VARIABLE: str(results)}, timeout=DEADLINE_S, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                code = -1
            rows += [json.loads(line) for line in results.read_text().splitlines()]
        print(f"({time.monotonic() - began:.0f} s)")
        if code:
            failed.append(name)
    return rows, failed


def show(rows: Sequence[Row]) -> None:
    print(f"\n{'measure':46} {'ours':>11} {'other':>11} {'ratio':>7}   beside")
    for row in rows:
        ratio = row["ours"] / row["other"] if row["other"] else float("inf")
        better = "more is better" if row["more_is_better"] else "less is better"
        figures = " ".join(f"{row[it]:11,.2f}" for it in ("ours", "other"))
        print(f"{row['name']:46} {figures} {ratio:7.2f}   {row['beside']} ({row['unit']}; {better})")


def compare(before: Sequence[Row], after: Sequence[Row]) -> None:
    """How each ratio has changed: above 1.00 it is worse than before, whichever way is better."""
    old = {row["name"]: row for row in before}
    print(f"{'measure':46} {'before':>8} {'after':>8} {'change':>7}")
    for row in after:
        was = old.get(row["name"])
        if was is None or not row["other"] or not was["other"]:
            continue
        ratios = [it["ours"] / it["other"] for it in (was, row)]
        worse = ratios[0] / ratios[1] if row["more_is_better"] else ratios[1] / ratios[0]
        print(f"{row['name']:46} {ratios[0]:8.2f} {ratios[1]:8.2f} {worse:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", type=Path, metavar="FILE")
    parser.add_argument("--only", action="append", choices=SHORT, metavar="NAME", help="repeatable")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"))
    given = parser.parse_args()
    if given.compare:
        compare(*(json.loads(file.read_text()) for file in given.compare))
        return
    rows, failed = measure(given.only or list(SHORT))
    show(rows)
    if given.save:
        given.save.write_text(json.dumps(rows, indent=1))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
