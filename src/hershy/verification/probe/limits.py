"""Tries to use more than its share."""

import errno
import os
import resource
import signal
import sys
import time
from pathlib import Path

from .outcome import BOUNDED, Given, ProbeOutcome, a_try, breached, contained, inconclusive, judged, named

MIB = 1024 * 1024
TIMES = 4
"""So many times its limit a try asks for."""


@a_try("open-files", BOUNDED, "open more files than its limit")
def open_files(given: Given) -> ProbeOutcome:
    most = given["limit"]
    held: list[int] = []
    try:
        while len(held) < most * TIMES:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        said = f"{len(held)} files, then {named(error.errno or 0)}"
        return contained(said) if len(held) <= most and error.errno == errno.EMFILE else inconclusive(said)
    return breached(f"{len(held)} files are open")


@a_try("raise-limit", BOUNDED, "raise its limit of open files")
def raise_limit(given: Given) -> ProbeOutcome:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
    except (ValueError, PermissionError) as error:
        return contained(str(error))
    except OSError as error:
        return judged(error.errno or 0)
    return breached(f"from {hard} to {hard + 1}")


@a_try("processes", BOUNDED, "a fork bomb", may_be_killed=True)
def processes(given: Given) -> ProbeOutcome:
    """The processes it made end with it: they are its children, and are killed."""
    most, made = given["limit"], list[int]()
    try:
        while len(made) < most * TIMES:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            made.append(child)
    except OSError as error:
        said = f"{len(made)} processes, then {named(error.errno or 0)}"
        return contained(said) if len(made) <= most and error.errno == errno.EAGAIN else inconclusive(said)
    finally:
        for child in made:
            os.kill(child, signal.SIGKILL)
        for child in made:
            os.waitpid(child, 0)
    return breached(f"{len(made)} processes run")


@a_try("memory", BOUNDED, "take more memory than its limit", may_be_killed=True)
def memory(given: Given) -> ProbeOutcome:
    most, held = given["limit"], list[bytes]()
    try:
        while len(held) * MIB < most * TIMES:
            held.append(os.urandom(4096) * (MIB // 4096))
    except MemoryError:
        return contained(f"no more after {len(held)} MiB")
    return breached(f"{most * TIMES // MIB} MiB are taken")


@a_try("large-file", BOUNDED, "make a file larger than all of /state may be")
def large_file(given: Given) -> ProbeOutcome:
    path = Path("/state/probe-large")
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), given["limit"], MIB)
    except OSError as error:
        said = named(error.errno or 0)
        return contained(said) if error.errno == errno.EFBIG else inconclusive(said)
    finally:
        path.unlink(missing_ok=True)
    return breached("it is there")


@a_try("fill-state", BOUNDED, "fill /state by many files")
def fill_state(given: Given) -> ProbeOutcome:
    """What it came to is seen from outside: nothing in here refuses."""
    written = 0
    chunk = os.urandom(MIB)
    try:
        while written < given["limit"] * TIMES:
            with Path(f"/state/probe-{written}").open("wb") as file:
                file.write(chunk)
                os.fsync(file.fileno())
            written += len(chunk)
    except OSError as error:
        return contained(f"{written} bytes, then {named(error.errno or 0)}")
    return inconclusive(f"{written} bytes are written")


@a_try("many-entries", BOUNDED, "fill /state by files of no size")
def many_entries(given: Given) -> ProbeOutcome:
    """Likewise seen from outside."""
    made = 0
    try:
        for made in range(given["limit"] * TIMES):
            Path(f"/state/probe-empty-{made}").touch()
    except OSError as error:
        return contained(f"{made} files, then {named(error.errno or 0)}")
    return inconclusive(f"{made + 1} files of no size are made")


@a_try("fill-log", BOUNDED, "fill the log")
def fill_log(given: Given) -> ProbeOutcome:
    """Likewise seen from outside."""
    line, written = "x" * 1023 + "\n", 0
    while written < given["limit"] * TIMES:
        sys.stdout.write(line)
        written += len(line)
    sys.stdout.flush()
    return inconclusive(f"{written} bytes are written")


@a_try("processor", BOUNDED, "keep every core busy")
def processor(given: Given) -> ProbeOutcome:
    """Likewise seen from outside."""
    end = time.monotonic() + given["seconds"]
    children = []
    for _ in range(given["processes"]):
        child = os.fork()
        if child == 0:
            while time.monotonic() < end:
                pass
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return inconclusive(f"{len(children)} processes were busy for {given['seconds']} s")
