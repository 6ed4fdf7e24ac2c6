"""ProgramBehaviour: what an in-memory program does of its own accord."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hershy.programs.ports.runtime import LogStream

from .program import InMemoryProgram
from .usage import Usage

LogEntry = tuple[LogStream, str]


@dataclass(frozen=True, slots=True)
class ProgramBehaviour:
    """The default starts, becomes ready, runs until it is stopped, and ends at once on SIGTERM.

    Times count from the start of the process. ``ready_after`` None: never ready. ``exit_after`` None: runs until
    told otherwise; else it ends then with ``exit_code``. ``stop_time`` is what it needs to end after SIGTERM.
    ``eats_memory``: the kernel kills it as soon as it has started. ``port_held``: a stranger holds whatever
    publish port it is given. ``usage`` is what its statistics say. ``prepare`` is given each new program, to
    register answers with ``respond``.
    """

    start_delay: timedelta = timedelta(milliseconds=100)
    ready_after: timedelta | None = timedelta(milliseconds=200)
    exit_after: timedelta | None = None
    exit_code: int = 0
    stop_time: timedelta = timedelta()
    ignores_sigterm: bool = False
    fails_to_start: bool = False
    eats_memory: bool = False
    port_held: bool = False
    output: tuple[LogEntry, ...] = ((LogStream.STDOUT, "program started"),)
    usage: Usage = Usage()
    prepare: Callable[[InMemoryProgram], None] | None = None
