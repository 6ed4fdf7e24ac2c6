"""Tries to write anywhere but in /state, and to see what is the machine's."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .outcome import (
    ESCALATION,
    ISOLATION,
    ROOT,
    Given,
    ProbeOutcome,
    a_try,
    attempted,
    breached,
    contained,
    inconclusive,
    judged,
)

FEWEST = 30
"""A root file system with fewer directories was not walked through."""
SHOWN = 5
# gVisor has a fuse of its own, which does nothing until something is mounted by it.
_USUAL = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts/ptmx", "console", "fuse")
HARMLESS_DEVICES = {f"/dev/{name}" for name in _USUAL}
MONITORS = "/proc/pressure"
"""What is written there is kept nowhere: it asks to be woken when the machine is busy, as long as the file is open."""
ENGINES = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/var/run/docker/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)


def _walk() -> Iterator[tuple[str, list[str], list[str]]]:
    """Every directory but /state. Processes are left at their door: their files are their own."""
    for place, folders, files in os.walk("/"):
        if place == "/":
            folders[:] = [it for it in folders if it != "state"]
        if place == "/proc":
            folders[:] = [it for it in folders if not it.isdigit()]
        yield place, folders, files


def _summary(errors: Counter[int]) -> str:
    return ", ".join(f"{count} {errno.errorcode.get(number, number)}" for number, count in errors.most_common())


@a_try("write-elsewhere", ROOT, "make a file in every directory outside /state")
def write_elsewhere(given: Given) -> ProbeOutcome:
    errors: Counter[int] = Counter()
    written = []
    for place, _, _ in _walk():
        path = os.path.join(place, "hershy-probe")  # noqa: PTH118 -- twice as fast, some ten thousand times
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            errors[error.errno or 0] += 1
        else:
            written.append(place)
            os.unlink(path)  # noqa: PTH108
    if written:
        return breached(f"wrote to {', '.join(written[:SHOWN])} and {max(0, len(written) - SHOWN)} more")
    if errors.total() < FEWEST:
        return inconclusive(f"only {errors.total()} directories were found")
    return contained(f"{errors.total()} directories refused: {_summary(errors)}")


@a_try("overwrite", ROOT, "open every file outside /state for writing")
def overwrite(given: Given) -> ProbeOutcome:
    errors: Counter[int] = Counter()
    opened = []
    nothing = os.stat("/dev/null").st_rdev  # noqa: PTH116 -- what an engine puts over a file that it masks
    for place, _, files in _walk():
        for name in files:
            path = os.path.join(place, name)  # noqa: PTH118
            if path in HARMLESS_DEVICES or (place == "/dev/pts" and name.isdigit()):
                continue
            try:
                found = os.lstat(path)
                if stat.S_ISLNK(found.st_mode) or found.st_rdev == nothing or place == MONITORS:
                    continue
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY))
            except OSError as error:
                errors[error.errno or 0] += 1
            else:
                opened.append(path)
    if opened:
        return breached(f"opened {', '.join(opened[:SHOWN])} and {max(0, len(opened) - SHOWN)} more")
    if errors.total() < FEWEST:
        return inconclusive(f"only {errors.total()} files were found")
    return contained(f"{errors.total()} files refused: {_summary(errors)}")


def _looked_into(path: str) -> ProbeOutcome:
    place = Path(path)
    try:
        if place.is_dir():
            found = os.listdir(place)  # noqa: PTH208
            return breached(f"it holds {', '.join(found[:SHOWN])}") if found else contained("it is empty")
        with place.open("rb") as file:
            os.set_blocking(file.fileno(), False)
            return breached("it could be read") if file.read(1) else contained("it is empty")
    except FileNotFoundError:
        return contained("it is not there")
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENODEV):
            return contained("there is nothing behind it")
        return judged(error.errno or 0)


for _path in (
    "/proc/kcore",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/latency_stats",
    "/proc/acpi",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
    "/sys/fs/bpf",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/port",
    "/dev/sda",
    "/dev/vda",
    "/dev/fuse",
    "/dev/kvm",
):
    a_try(f"read-{_path}", ISOLATION, f"read {_path}")(lambda given, path=_path: _looked_into(path))  # type: ignore[misc]

for _path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname"):
    a_try(f"write-{_path}", ESCALATION, f"write to {_path}")(
        lambda given, path=_path: attempted(  # type: ignore[misc]
            lambda: os.close(os.open(path, os.O_WRONLY)), absent=frozenset({errno.ENOENT})
        )
    )


@a_try("root-of-process-1", ISOLATION, "see another root by /proc/1/root")
def root_of_process_1(given: Given) -> ProbeOutcome:
    try:
        found, own = os.stat("/proc/1/root/."), os.stat("/")  # noqa: PTH116
    except OSError as error:
        return judged(error.errno or 0)
    same = (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)
    return contained("it is its own") if same else breached("it is another file system")


@a_try("release-agent", ESCALATION, "have the kernel run a program by a cgroup's release agent")
def release_agent(given: Given) -> ProbeOutcome:
    cgroups = Path("/sys/fs/cgroup")
    if not cgroups.is_dir():
        return contained("no cgroups are mounted")
    refusals = []
    for place in (cgroups, *(it for it in cgroups.iterdir() if it.is_dir())):
        for action, what in (
            (lambda p=place: os.close(os.open(p / "release_agent", os.O_WRONLY)), "release_agent"),
            (lambda p=place: (p / "hershy-probe").mkdir(), "a new cgroup"),
        ):
            outcome = attempted(action, absent=frozenset({errno.ENOENT, errno.EBUSY}))
            if outcome.verdict != "contained":
                return ProbeOutcome(outcome.verdict, f"{what} in {place}: {outcome.happened}")
            refusals.append(outcome.happened)
    return contained(Counter(refusals).most_common(1)[0][0])


@a_try("engine-socket", ESCALATION, "find the engine's socket, or any other of the machine's")
def engine_socket(given: Given) -> ProbeOutcome:
    sockets = [path for path in ENGINES if Path(path).exists()]
    for place, _, files in _walk():
        for name in files:
            path = os.path.join(place, name)  # noqa: PTH118
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    sockets.append(path)
            except OSError:  # a process's, which has ended meanwhile
                continue
    return breached(f"found {', '.join(sockets[:SHOWN])}") if sockets else contained("there is none")
