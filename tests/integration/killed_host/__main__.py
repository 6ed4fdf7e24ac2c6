"""Forks a child for each job that a line of its input names, and tells each child's end: a fork costs no imports."""

import asyncio
import os
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path

from hershy.wiring.ports import PORTS

from .life import Job, live

PRELOADED = frozenset({"docker", "runc", "runsc", "filesystem", "loopback", "sql", "system", "memory"})


def main() -> None:
    for point in (point for port in PORTS.values() for point in entry_points(group=port.group)):
        if point.name in PRELOADED:
            point.load()
    for line in sys.stdin:
        job = Job.loaded(line)
        child = os.fork()
        if child == 0:
            _be(job)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _be(job: Job) -> None:
    code = 1
    try:
        log = os.open(Path(job.home) / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        asyncio.run(live(job))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
