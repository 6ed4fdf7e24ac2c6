"""Asks this machine's kernel whether it killed a container's process for its memory.

The engine learns of such a kill by a notice from the container's cgroup, which is lost when the cgroup goes first: of
a program that one kill ends, about one time in fifty. The kernel's log has it every time, unless there are more than
ten within five seconds, and names the cgroup, in whose path is the container's id.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from hershy.core.ids import ContainerID

KERNEL_LOG = Path("/dev/kmsg")
_RECORD_BYTES = 8192
"""The kernel gives one record at a time, none longer than this."""
_MAX_RECORDS = 100_000


def was_killed_for_memory(container_id: ContainerID, log: Path = KERNEL_LOG) -> bool:
    """False where the log cannot be read, as by an ordinary user or of an engine on another machine.

    Blocks for some milliseconds. What is older than the kernel's buffer is not found.
    """
    pattern = re.compile(rb"oom-kill:.*,task_memcg=[^,]*" + re.escape(str(container_id).encode()))
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return any(pattern.search(record) for record in _records(descriptor))
    finally:
        os.close(descriptor)


def _records(descriptor: int) -> Iterator[bytes]:
    for _ in range(_MAX_RECORDS):
        try:
            record = os.read(descriptor, _RECORD_BYTES)
        except BrokenPipeError:  # the kernel has overwritten what was next, and goes on behind that
            continue
        except OSError:  # the end: nothing more to read without waiting
            return
        if not record:
            return
        yield record
