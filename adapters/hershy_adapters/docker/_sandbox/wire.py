"""What is said between the Host and the first process of a sandbox, over its standard streams.

The bootstrap writes READY to standard output. The Host sends one job: for Python its length in 8 bytes, big-endian,
the job as a Python literal, the bytes of its files and of its input in that order, and a nonce; for a shell one line
with the nonce, and an archive. What the code writes then passes as it is. When it has ended, the nonce, which it was
never told, follows on both streams; on standard output behind that lines ``key value``, an empty line, an archive of
the files collected, if any were asked for, and the nonce again.

The code can find the nonce out if it looks for it in its parent's memory, and forge an answer: of its own run, and of
nothing that the engine does not say of the container better.
"""

import io
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hershy.core.file_tree import require_relative_path
from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import EVERYTHING, SandboxJob

READY = b"hershy-sandbox-ready\n"
NONCE_BYTES = 32
"""Of hexadecimal digits."""
PYTHON_BOOTSTRAP = Path(__file__).with_name("python_bootstrap.py").read_text(encoding="utf-8")
SHELL_BOOTSTRAP = Path(__file__).with_name("shell_bootstrap.sh").read_text(encoding="utf-8")
MAX_HEAD_BYTES = 256 * 1024
"""Of an answer without its archive."""
ARCHIVE_OVERHEAD_BYTES = 4 * 1024 * 1024
"""Room for the headers of an archive, beside what is in its files."""
_MAX_MESSAGE_CHARS = 500


def for_python(job: SandboxJob, nonce: str, *, syntax_only: bool) -> bytes:
    files, stdin = job.contents, job.input
    said = {
        "files": [(path, len(content)) for path, content in files.items()],
        "stdin": len(stdin),
        "argv": list(job.args),
        "command": list(job.command),
        "env": dict(job.env),
        "collect": list(job.collect),
        "files_bytes": job.limits.files_bytes,
        "syntax_only": syntax_only,
    }
    head = ascii(said).encode()
    return b"".join([len(head).to_bytes(8, "big"), head, *files.values(), stdin, nonce.encode()])


def for_shell(job: SandboxJob, nonce: str) -> bytes:
    exports = "".join(f"export {shlex.quote(f'{name}={value}')}\n" for name, value in job.env.items())
    own = {
        "command": f"{exports}exec {shlex.join(job.command)}",
        "collect": shlex.join(job.collect),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in job.contents.items():
            _add(archive, path, content)
        for name, text in own.items():
            _add(archive, f".hershy-{nonce}/{name}", text.encode())
        _add(archive, f".hershy-{nonce}/stdin", job.input)
    return f"{packed.tell()} {nonce}\n".encode() + packed.getvalue()


@dataclass(frozen=True, slots=True)
class Answer:
    """As the bootstrap says it, and it may be the code that says it. ``stage``: ``compile`` or ``run``."""

    code: int
    signal: int | None = None
    peak_rss_bytes: int | None = None
    stage: str = ""
    error_type: str = ""
    error_message: str = ""
    error_file: str = ""
    error_line: int | None = None
    left_out: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_answer(said: bytes, collect: Sequence[str]) -> Answer:
    """Of what stands between the two nonces. Raises ValueError for what no bootstrap says."""
    head, _, archive = said.partition(b"\n\n")
    if len(head) > MAX_HEAD_BYTES:
        raise ValueError("its head is too long")
    fields: dict[str, list[str]] = {}
    for line in head.decode("ascii").splitlines():
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    rss = fields.get("rss", [""])[-1]
    stage, kind, message, source, at = _error(fields.get("error", [""])[-1])
    number = fields.get("signal", [""])[-1]
    return Answer(
        code=int(fields["code"][-1]) & 0xFF,
        signal=int(number) if number else None,
        peak_rss_bytes=int(rss) * 1024 if rss else None,
        stage=stage,
        error_type=kind,
        error_message=message,
        error_file=source,
        error_line=at,
        left_out=tuple(_text(it) for it in fields.get("left", ())),
        files=_files(archive, collect) if archive else {},
    )


def _error(said: str) -> tuple[str, str, str, str, int | None]:
    if not said:
        return "", "", "", "", None
    *texts, line = said.split(" ")
    stage, kind, message, file = (_text(it) for it in texts)
    return stage, kind, message[:_MAX_MESSAGE_CHARS], file, int(line) or None


def _text(encoded: str) -> str:
    return "" if encoded == "-" else bytes.fromhex(encoded).decode("utf-8", "replace")


def _files(archive: bytes, collect: Sequence[str]) -> Mapping[str, bytes]:
    """Regular files that were asked for; as many as can be read of an archive that breaks off."""
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for member in tar:
                path = member.name.removeprefix("./")
                content = tar.extractfile(member) if member.isreg() and _is_wanted(path, collect) else None
                if content is not None:
                    files[path] = content.read()
    except (tarfile.TarError, EOFError, OSError):
        pass
    return files


def _is_wanted(path: str, collect: Sequence[str]) -> bool:
    try:
        require_relative_path("files", path)
    except InvalidValue:
        return False
    return any(it == EVERYTHING or path == it or path.startswith(f"{it}/") for it in collect)


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
