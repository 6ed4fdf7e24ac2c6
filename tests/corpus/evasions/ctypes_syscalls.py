# system calls by number: perf_event_open, bpf, keyctl, kexec, add_key
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {"perf_event_open": 298, "bpf": 321, "keyctl": 250, "userfaultfd": 323, "add_key": 248}.items():
    print(name, libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())
