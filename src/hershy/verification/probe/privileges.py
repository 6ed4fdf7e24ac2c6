"""Tries to become somebody else, or to be allowed more."""

import ctypes
import errno
import os
import stat
import subprocess
from pathlib import Path

from .outcome import (
    ESCALATION,
    NOT_ROOT,
    Given,
    ProbeOutcome,
    a_try,
    attempted,
    breached,
    contained,
    inconclusive,
    judged,
)
from .system_calls import call

SETUID_PROGRAM = Path("/usr/local/bin/id-of-root")
CAPABILITY_VERSION_3 = 0x20080522
CAP_SYS_ADMIN = 21
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


@a_try("who-am-i", NOT_ROOT, "look at its own user and groups")
def who_am_i(given: Given) -> ProbeOutcome:
    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}
    said = f"user {os.getuid()}, group {os.getgid()}, groups {os.getgroups()}"
    return breached(said) if 0 in ids else contained(said)


@a_try("capabilities", ESCALATION, "look for capabilities in any of its sets")
def capabilities(given: Given) -> ProbeOutcome:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    found = {name: int(status[name], 16) for name in CAPABILITY_SETS if name in status}
    if len(found) < len(CAPABILITY_SETS) - 1:  # gVisor shows no ambient set
        return inconclusive(f"the kernel shows only {sorted(found)}")
    said = ", ".join(f"{name} {value:x}" for name, value in found.items())
    return breached(said) if any(found.values()) else contained(said)


@a_try("capset", ESCALATION, "give itself CAP_SYS_ADMIN")
def capset(given: Given) -> ProbeOutcome:
    header = ctypes.create_string_buffer(CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4), 8)
    mask = (1 << CAP_SYS_ADMIN).to_bytes(4, "little")
    wanted = ctypes.create_string_buffer(mask * 3 + bytes(12), 24)
    return attempted(lambda: call("capset", header, wanted))


@a_try("ambient-capability", ESCALATION, "raise CAP_SYS_ADMIN as an ambient capability")
def ambient(given: Given) -> ProbeOutcome:
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0)
    return judged(ctypes.get_errno() if failed else 0, absent=frozenset({errno.EINVAL}))


@a_try("setuid", ESCALATION, "become user 0")
def setuid(given: Given) -> ProbeOutcome:
    return attempted(lambda: os.setresuid(0, 0, 0))


@a_try("setgid", ESCALATION, "become group 0")
def setgid(given: Given) -> ProbeOutcome:
    return attempted(lambda: os.setresgid(0, 0, 0))


@a_try("setgroups", ESCALATION, "join group 0")
def setgroups(given: Given) -> ProbeOutcome:
    return attempted(lambda: os.setgroups([0]))


@a_try("setuid-program", ESCALATION, "run a set-uid program of root's that is in its image")
def setuid_program(given: Given) -> ProbeOutcome:
    try:
        found = SETUID_PROGRAM.stat()
        if not found.st_mode & stat.S_ISUID or found.st_uid != 0:
            return inconclusive(f"{SETUID_PROGRAM} is not set-uid root")
        command = [str(SETUID_PROGRAM), "-u"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 -- its own
    except PermissionError as error:
        return contained(f"it cannot be run: {error.strerror}")
    said = done.stdout.strip()
    if not said.isdigit():
        return inconclusive(f"it ended with {done.returncode} and said {said or done.stderr.strip()!r:.200}")
    return breached("it ran as root") if said == "0" else contained(f"it ran as user {said}")


@a_try("seccomp", ESCALATION, "run without a filter on its system calls")
def seccomp(given: Given) -> ProbeOutcome:
    status = Path("/proc/self/status").read_text()
    mode = next((line.split()[1] for line in status.splitlines() if line.startswith("Seccomp:")), None)
    if mode is None:
        return inconclusive("the kernel does not say")
    return contained("it is filtered") if mode == "2" else breached(f"there is no filter (mode {mode})")
