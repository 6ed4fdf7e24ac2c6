"""Each try is made by a child: whatever becomes of it, there is somebody left to tell."""

import json
import os
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .outcome import Given, ProbeOutcome, Try, contained, inconclusive

DEADLINE_S = 45.0
KILLED_IN_GVISOR = 1
"""What gVisor reports when the machine's kernel has killed what stands for one process; no try ends so by itself."""


def result_of(a_try: Try, given: Given) -> Mapping[str, Any]:
    """The row that the try comes to."""
    outcome = _in_child(a_try, given)
    return {"name": a_try.name, "contract": a_try.contract, "tried": a_try.tried, **asdict(outcome)}


def _in_child(a_try: Try, given: Given) -> ProbeOutcome:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()
        os.write(writing, json.dumps(asdict(_made(a_try, given))).encode())
        os._exit(0)
    os.close(writing)
    try:
        said, in_time = _read(reading)
    finally:
        os.close(reading)
    if not in_time:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if said:
        return ProbeOutcome(**json.loads(said))
    if not in_time:
        return inconclusive(f"it did not end within {DEADLINE_S:g} s")
    if os.WIFSIGNALED(status):
        killed = f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
        by_the_kernel = os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGSYS)
        return contained(killed) if a_try.may_be_killed and by_the_kernel else inconclusive(killed)
    code = os.waitstatus_to_exitcode(status)
    if code == KILLED_IN_GVISOR and a_try.may_be_killed:
        return contained(f"killed, told by gVisor as exit code {code}")
    return inconclusive(f"it ended with code {code}, without a word")


def _made(a_try: Try, given: Given) -> ProbeOutcome:
    try:
        return a_try.attempt(given)
    except Exception as error:
        return inconclusive(f"the try itself failed: {error!r:.300}")


def _read(source: int) -> tuple[bytes, bool]:
    """All that comes until the end, and whether that came in time."""
    end, said = time.monotonic() + DEADLINE_S, b""
    while (left := end - time.monotonic()) > 0 and select.select([source], [], [], left)[0]:
        part = os.read(source, 65536)
        if not part:
            return said, True
        said += part
    return said, False
