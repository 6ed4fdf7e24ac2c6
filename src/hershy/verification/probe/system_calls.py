"""System calls by number, for those that no library wraps."""

import ctypes
import os
import platform

_X86_64 = {
    "acct": 163, "add_key": 248, "bpf": 321, "capset": 126, "chroot": 161, "clock_settime": 227, "clone": 56,
    "delete_module": 176, "fanotify_init": 300, "finit_module": 313, "init_module": 175, "kcmp": 312,
    "kexec_load": 246, "keyctl": 250, "mount": 165, "open_by_handle_at": 304, "perf_event_open": 298,
    "personality": 135, "pivot_root": 155, "process_vm_readv": 310, "ptrace": 101, "quotactl": 179, "reboot": 169,
    "request_key": 249, "setdomainname": 171, "sethostname": 170, "setns": 308, "settimeofday": 164, "swapon": 167,
    "syslog": 103, "umount2": 166, "unshare": 272, "userfaultfd": 323, "iopl": 172,
}  # fmt: skip
_AARCH64 = {
    "acct": 89, "add_key": 217, "bpf": 280, "capset": 91, "chroot": 51, "clock_settime": 112, "clone": 220,
    "delete_module": 106, "fanotify_init": 262, "finit_module": 273, "init_module": 105, "kcmp": 272,
    "kexec_load": 104, "keyctl": 219, "mount": 40, "open_by_handle_at": 265, "perf_event_open": 241,
    "personality": 92, "pivot_root": 41, "process_vm_readv": 270, "ptrace": 117, "quotactl": 60, "reboot": 142,
    "request_key": 218, "setdomainname": 162, "sethostname": 161, "setns": 268, "settimeofday": 170, "swapon": 224,
    "syslog": 116, "umount2": 39, "unshare": 97, "userfaultfd": 282,
}  # fmt: skip
_SAME_EVERYWHERE = {"clone3": 435, "fsopen": 430, "io_uring_setup": 425, "open_tree": 428, "pidfd_open": 434}
_SAME_EVERYWHERE |= {"mount_setattr": 442, "pidfd_getfd": 438}

NUMBERS = {"x86_64": _X86_64, "aarch64": _AARCH64}.get(platform.machine(), {}) | _SAME_EVERYWHERE

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
    """The call's result. Raises OSError; KeyError for a call that this processor's table lacks."""
    given = [ctypes.c_long(it) if isinstance(it, int) else it for it in arguments]
    ctypes.set_errno(0)
    result: int = _libc.syscall(ctypes.c_long(NUMBERS[name]), *given)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def buffer(*words: int, size: int = 0) -> ctypes.Array[ctypes.c_char]:
    """32-bit words in the machine's order, padded with zeros to ``size`` bytes."""
    content = b"".join(word.to_bytes(4, "little") for word in words)
    return ctypes.create_string_buffer(content.ljust(size, b"\0"), max(size, len(content)))
