"""Tries to make the kernel do what only its administrator may ask for. Harmless where one of them succeeds."""

import ctypes
import errno
import os
import time
from collections.abc import Callable

from .outcome import ESCALATION, Given, ProbeOutcome, a_try, attempted, inconclusive
from .system_calls import buffer, call

NAMESPACES = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
    "time": 0x00000080,
}
SIGCHLD = 17
AT_FDCWD = -100
PTRACE_SEIZE = 0x4206
"""Unlike an attachment it does not stop the process, and ends with the tracer."""
ADDR_NO_RANDOMIZE = 0x0040000
KEYCTL_JOIN_SESSION_KEYRING, KEY_SPEC_SESSION_KEYRING = 1, -3
REBOOT_MAGIC, REBOOT_MAGIC2, REBOOT_CAD_OFF = 0xFEE1DEAD, 672274793, 0

Call = Callable[[], object]


def _listed(name: str, tried: str, action: Call, beyond: tuple[int, ...] = (), absent: tuple[int, ...] = ()) -> None:
    def attempt(given: Given) -> ProbeOutcome:
        try:
            return attempted(action, frozenset(beyond), frozenset(absent))
        except KeyError:
            return inconclusive(f"the number of this system call is not known for {os.uname().machine}")

    a_try(name, ESCALATION, tried)(attempt)


def _in_clone(*arguments: int | ctypes.Array[ctypes.c_char], by: str) -> None:
    if call(by, *arguments) == 0:
        os._exit(0)  # the child that there should not be
    os.wait()


def _with_file(action: Callable[[int], object], path: str = "/state/probe-file") -> Call:
    def attempt() -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            action(descriptor)
        finally:
            os.close(descriptor)

    return attempt


def _setns(kind: str) -> Call:
    def attempt() -> None:
        descriptor = os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)
        try:
            call("setns", descriptor, 0)
        finally:
            os.close(descriptor)

    return attempt


def _pidfd_getfd() -> None:
    call("pidfd_getfd", call("pidfd_open", 1, 0), 0, 0)


def _clock() -> None:
    now = time.time_ns()
    spec = (now // 10**9).to_bytes(8, "little") + (now % 10**9).to_bytes(8, "little")
    call("clock_settime", 0, ctypes.create_string_buffer(spec, 16))


def _hostname() -> None:
    name = os.uname().nodename.encode()
    call("sethostname", name, len(name))


def _unshare(flags: int) -> Call:
    return lambda: call("unshare", flags)


_listed("mount", "mount a tmpfs", lambda: call("mount", b"none", b"/state", b"tmpfs", 0, 0))
_listed("remount", "make its root writable", lambda: call("mount", b"", b"/", b"", 32, 0), (errno.EBUSY,))
_listed("umount", "take away the mask over /sys/firmware", lambda: call("umount2", b"/sys/firmware", 2))
_listed("pivot-root", "change its root", lambda: call("pivot_root", b"/state", b"/state"), (errno.EBUSY, errno.EINVAL))
_listed("chroot", "change its root for itself", lambda: call("chroot", b"/state"))
_listed("fsopen", "open a file system to mount", lambda: call("fsopen", b"tmpfs", 0))
_listed("open-tree", "clone its mounts", lambda: call("open_tree", AT_FDCWD, b"/", 1))
_listed("mount-setattr", "make its root writable, newer way",
        lambda: call("mount_setattr", AT_FDCWD, b"/", 0, buffer(0, 0, 1, 0, size=32), 32), (errno.EINVAL,))  # fmt: skip
for _kind, _flag in NAMESPACES.items():
    _listed(f"unshare-{_kind}", f"make a {_kind} namespace", _unshare(_flag))
    _listed(f"setns-{_kind}", f"enter a {_kind} namespace", _setns(_kind), (errno.EINVAL,), (errno.ENOENT,))
_listed("clone-user", "start a process in a user namespace",
        lambda: _in_clone(NAMESPACES["user"] | SIGCHLD, 0, 0, 0, 0, by="clone"))  # fmt: skip
_CLONE3 = buffer(NAMESPACES["user"], 0, 0, 0, 0, 0, 0, 0, SIGCHLD, size=64)
_listed("clone3-user", "start a process in a user namespace, newer way", lambda: _in_clone(_CLONE3, 64, by="clone3"))
_listed("ptrace", "trace process 1", lambda: call("ptrace", PTRACE_SEIZE, 1, 0, 0))
_listed("process-vm-readv", "read the memory of process 1",
        lambda: call("process_vm_readv", 1, buffer(size=16), 1, buffer(size=16), 1, 0), (errno.EFAULT,))  # fmt: skip
_listed("pidfd-getfd", "take a file of process 1", _pidfd_getfd, (errno.EBADF,))
_listed("kcmp", "compare the kernel's own addresses of process 1", lambda: call("kcmp", 1, 1, 1, 0, 0))
_listed("init-module", "load a kernel module", lambda: call("init_module", b"none", 4, b""), (errno.ENOEXEC,))
_listed("finit-module", "load a kernel module from a file",
        _with_file(lambda fd: call("finit_module", fd, b"", 0)), (errno.ENOEXEC, errno.EINVAL))  # fmt: skip
_listed(
    "delete-module", "unload a kernel module", lambda: call("delete_module", b"hershy_none", 0o4000), (errno.ENOENT,)
)
_listed("keyctl", "join a session keyring", lambda: call("keyctl", KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0))
_listed("add-key", "put a key into the kernel",
        lambda: call("add_key", b"user", b"hershy", b"x", 1, KEY_SPEC_SESSION_KEYRING))  # fmt: skip
_listed("request-key", "ask the kernel for a key",
        lambda: call("request_key", b"user", b"hershy", 0, KEY_SPEC_SESSION_KEYRING), (errno.ENOKEY,))  # fmt: skip
_listed("bpf", "make a BPF map", lambda: call("bpf", 0, buffer(2, 4, 4, 1, size=128), 128))
_listed("userfaultfd", "handle its own page faults", lambda: call("userfaultfd", 1))
_listed("perf-event-open", "count events of the processor",
        lambda: call("perf_event_open", buffer(1, 128, 0, size=128), 0, -1, -1, 0), (errno.ENODEV,))  # fmt: skip
_listed("io-uring", "set up an io_uring", lambda: call("io_uring_setup", 8, buffer(size=120)))
_listed("open-by-handle-at", "open a file by its handle",
        _with_file(lambda fd: call("open_by_handle_at", fd, buffer(8, 1, 0, 0), 0)),
        (errno.ESTALE, errno.EOPNOTSUPP))  # fmt: skip
_listed("kexec", "load another kernel", lambda: call("kexec_load", 0, 0, 0, 0), (errno.EBUSY,))
_listed("reboot", "switch off Ctrl-Alt-Del",
        lambda: call("reboot", REBOOT_MAGIC, REBOOT_MAGIC2, REBOOT_CAD_OFF, 0), (errno.EINVAL,))  # fmt: skip
_listed("swapon", "swap to a file", lambda: call("swapon", b"/state/none", 0), (errno.ENOENT, errno.EINVAL))
_listed("clock-settime", "set the clock", _clock)
_listed("sethostname", "set the host's name", _hostname)
_listed("setdomainname", "set the domain's name", lambda: call("setdomainname", b"(none)", 6))
_listed(
    "personality", "switch off address randomization", lambda: call("personality", ADDR_NO_RANDOMIZE), (errno.EINVAL,)
)
_listed("acct", "switch off process accounting", lambda: call("acct", 0))
_listed("quotactl", "ask for quotas", lambda: call("quotactl", 0x800001 << 8, 0, 0, 0), (errno.EINVAL, errno.ENODEV))
_listed("fanotify", "watch all of a file system", lambda: call("fanotify_init", 4, 0))
_listed("syslog", "read the kernel's log", lambda: call("syslog", 3, buffer(size=256), 256))
_listed("iopl", "reach the machine's ports", lambda: call("iopl", 3))
_listed(
    "device", "make a device of the machine's memory", lambda: os.mknod("/state/probe-mem", 0o020600, os.makedev(1, 1))
)
