"""The first process of a sandbox whose image has Python: waits for one job, runs it in a child, tells how it ended.

Sent to the interpreter as text, so it imports nothing but what is loaded anyway, or costs next to nothing: whoever
waits for a cold start waits for that too. Any Python from 3.8 on. Nothing here is a wall: the child may do with its
parent what it likes, and gets no further than this container.

Standard input: ``wire.py`` says what comes. Its end means that nobody waits for an answer any more.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import select
import sys
from typing import Any

WORK = "/work"
MAIN = "main.py"
READY = b"hershy-sandbox-ready\n"
NONCE_BYTES = 32
REPORT_BYTES = 8192
MESSAGE_CHARS = 500
NOT_FOUND_CODE, NOT_EXECUTABLE_CODE = 127, 126


def read(size: int) -> bytes:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = os.readv(0, [view[at:]])
        if not count:
            os._exit(0)
        at += count
    return bytes(data)


def write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def lay_down(files: list[tuple[str, int]]) -> None:
    for path, size in files:
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(os.path.join(WORK, folder), exist_ok=True)
        fd = os.open(os.path.join(WORK, path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        write(fd, read(size))
        os.close(fd)


def standard_input(size: int) -> int:
    """A descriptor that gives what the job brought, and then its end."""
    if not size:
        return os.open(os.devnull, os.O_RDONLY)
    path = os.path.join(WORK, ".stdin")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)
    write(fd, read(size))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def become_code(job: dict[str, Any], report: int) -> None:
    """Run ``main.py`` as Python runs a script: no trace of this file in its modules, its path, its tracebacks."""
    path = os.path.join(WORK, MAIN)
    sys.path.insert(0, WORK)
    sys.dont_write_bytecode = True
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")
    stage = "compile"

    def tell(kind: Any, error: Any, trace: Any) -> None:
        while trace and trace.tb_frame.f_code.co_filename == "<string>" and trace.tb_frame.f_globals is globals():
            trace = trace.tb_next
        line, file, at = None, "", trace
        while at:
            name = at.tb_frame.f_code.co_filename
            if name.startswith(WORK + "/"):
                line, file = at.tb_lineno, name[len(WORK) + 1 :]
            at = at.tb_next
        if stage == "compile":
            line, file = getattr(error, "lineno", None), MAIN
        try:
            message = str(error.msg if stage == "compile" and hasattr(error, "msg") else error)[:MESSAGE_CHARS]
        except BaseException:
            message = ""
        texts = [stage, str(getattr(kind, "__name__", "")), message, file]
        fields = [text.encode("utf-8", "replace").hex() for text in texts]
        try:
            os.write(report, " ".join([*(it or "-" for it in fields), str(line or 0)]).encode())
        except OSError:
            pass
        sys.__excepthook__(kind, error.with_traceback(trace), trace)

    sys.excepthook = tell
    with open(path, "rb") as source:
        code = compile(source.read().decode("utf-8"), path, "exec", dont_inherit=True)
    if job["syntax_only"]:
        return
    stage = "run"
    module = type(sys)("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    sys.argv = [MAIN, *job["argv"]]
    exec(code, module.__dict__)


def become_command(argv: list[str]) -> None:
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(NOT_FOUND_CODE if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE_CODE)


def start(job: dict[str, Any], stdin: int, report: int) -> int:
    child = os.fork()
    if child:
        return child
    _signal.set_wakeup_fd(-1)
    for number in (_signal.SIGCHLD, _signal.SIGPIPE, _signal.SIGINT):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    if not job["command"]:
        _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)
    os.setsid()
    os.dup2(stdin, 0)
    os.chdir(WORK)
    os.environ.update(job["env"])
    return 0


def main() -> None:
    sys.path[:] = [folder for folder in sys.path if folder]  # nothing is imported from where the job may write
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    write(1, READY)
    job = eval(read(int.from_bytes(read(8), "big")))  # the Host's own words
    lay_down(job["files"])
    stdin = standard_input(job["stdin"])
    report, told = os.pipe()
    os.set_blocking(report, False)
    os.set_blocking(told, False)
    wakeup, woken = os.pipe()
    os.set_blocking(woken, False)
    _signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    child = start(job, stdin, told)
    if not child:
        for fd in (stdin, report, wakeup, woken):
            os.close(fd)
        if job["command"]:
            become_command(job["command"])
        return become_code(job, told)
    os.close(stdin)
    nonce = read(NONCE_BYTES)  # not before: the child has a copy of all that was there at the fork
    status, usage = ended(child, wakeup)
    try:
        os.kill(-1, _signal.SIGKILL)
    except ProcessLookupError:
        pass
    answer(job, nonce, status, usage, report)
    os.read(0, 1)  # until nobody needs the figures of this container any more
    os._exit(0)


def ended(child: int, wakeup: int) -> tuple[int, Any]:
    poll = select.poll()
    for fd in (0, wakeup):
        poll.register(fd, select.POLLIN)
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        ready = [fd for fd, _ in poll.poll()]
        if wakeup in ready:
            os.read(wakeup, 512)
        if 0 in ready and not os.read(0, 512):
            try:
                os.kill(-1, _signal.SIGKILL)
            finally:
                os._exit(0)


def answer(job: dict[str, Any], nonce: bytes, status: int, usage: Any, report: int) -> None:
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    try:
        told = os.read(report, REPORT_BYTES).decode("ascii", "replace").partition("\n")[0]
    except OSError:
        told = ""
    found, left_out = collected(job["collect"], job["files_bytes"])
    lines = [f"code {code}", f"rss {usage.ru_maxrss}"]
    lines += [f"signal {code - 128}"] if os.WIFSIGNALED(status) else []
    lines += [f"error {told}"] if told else []
    lines += ["left " + path.encode("utf-8", "surrogateescape").hex() for path in left_out]
    write(2, nonce)
    write(1, nonce + "\n".join(lines).encode() + b"\n\n")
    if found:
        send(found)
    write(1, nonce)


def collected(wanted: list[str], most: int) -> tuple[list[str], list[str]]:
    """Regular files by path relative to the working directory, and those for which there is no room."""
    found: list[str] = []
    left_out: list[str] = []
    seen = set()
    for path in regular_files(wanted):
        if path in seen:
            continue
        seen.add(path)
        size = os.lstat(os.path.join(WORK, path)).st_size
        if size <= most:
            most -= size
            found.append(path)
        elif len(left_out) < 100:
            left_out.append(path)
    return found, left_out


def regular_files(wanted: list[str]) -> Any:
    for name in wanted:
        top = os.path.normpath(os.path.join(WORK, name))
        if os.path.realpath(top) != top:  # a link, or behind one
            continue
        if os.path.isfile(top):
            yield os.path.relpath(top, WORK)
        for folder, _, files in os.walk(top):
            for file in sorted(files):
                path = os.path.join(folder, file)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield os.path.relpath(path, WORK)


def send(paths: list[str]) -> None:
    import tarfile

    with open(1, "wb", closefd=False) as out, tarfile.open(fileobj=out, mode="w|") as tar:
        for path in paths:
            tar.add(os.path.join(WORK, path), arcname=path, recursive=False)


if __name__ == "__main__":
    if os.getpid() != 1:  # it kills every process it sees but the first
        sys.exit("only for the first process of a container")
    main()
