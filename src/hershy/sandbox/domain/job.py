"""What a sandbox is given to run, once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from hershy.builds.image_names import ImageName, could_be_id
from hershy.core.bounds import lowered, require_at_least
from hershy.core.field_types import require_types
from hershy.core.file_tree import require_file_tree, require_relative_path
from hershy.core.resources import LOWEST, MIB
from hershy.core.texts import require_at_most, require_mapping, require_text, require_utf8, require_variables
from hershy.errors import InvalidValue

WORK_DIR = "/work"
"""The working directory: the one writable place inside a sandbox."""
MAIN = "main.py"
"""Where Python code lies in it."""
EVERYTHING = "."
"""To collect all files of the working directory."""

MAX_CODE_BYTES = MIB
MAX_INPUT_BYTES = 64 * MIB
PAGE_BYTES = 4096
"""What lies in memory takes whole pages."""
MAX_ARGS = 1_000
MAX_ENV = 256
MAX_COLLECTED = 100
SHORTEST_TIMEOUT = timedelta(milliseconds=100)

_LOWEST = {
    "cpus": LOWEST["cpus"],
    "memory_bytes": 16 * MIB,
    "pids": LOWEST["pids"],
    "open_files": LOWEST["open_files"],
    "output_bytes": 1,
    "work_bytes": 64 * 1024,
    "files_bytes": 1,
}


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Bounds of one run. Swap is off, so ``memory_bytes`` is all there is, what lies in ``/work`` included.

    ``timeout`` is wall-clock time from the moment the code is handed over; ``cpus`` counts cores (0.5 is half of one).
    ``output_bytes`` bounds standard output and standard error together, ``work_bytes`` what ``/work`` holds, and
    ``files_bytes`` what is collected of it afterwards.
    """

    timeout: timedelta = timedelta(seconds=10)
    cpus: float = 1.0
    memory_bytes: int = 256 * MIB
    pids: int = 64
    open_files: int = 256
    output_bytes: int = MIB
    work_bytes: int = 64 * MIB
    files_bytes: int = 16 * MIB

    def __post_init__(self) -> None:
        require_at_least("limits", self, _LOWEST)
        require_types("limits", self)
        if not self.timeout >= SHORTEST_TIMEOUT:
            raise InvalidValue(f"limits: timeout must be at least {SHORTEST_TIMEOUT.total_seconds():g} s")

    def within(self, maximum: "SandboxLimits") -> "SandboxLimits":
        """As ``ResourceLimits.within``."""
        return lowered("limits", self, maximum)


@dataclass(frozen=True, slots=True)
class SandboxJob:
    """Either Python ``code``, run as ``main.py`` with ``args``, or a ``command`` of any image.

    ``image`` is the name of an image that the engine has; without it the sandbox's own image for Python. ``files`` are
    laid into the working directory, by relative POSIX path; text is taken as UTF-8. ``collect`` names files, and
    folders with all they hold, to be brought back from there; ``.`` is everything. Raises InvalidValue, naming the
    field. Mappings and sequences are copied and read-only.
    """

    code: str | None = None
    command: Sequence[str] = ()
    image: str = ""
    args: Sequence[str] = ()
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    stdin: bytes | str = b""
    env: Mapping[str, str] = field(default_factory=dict)
    collect: Sequence[str] = ()
    limits: SandboxLimits = SandboxLimits()

    def __post_init__(self) -> None:
        require_types("sandbox job", self)
        if (self.code is None) == (not self.command):
            raise InvalidValue("code or command is required, one of the two")
        if self.command and self.args:
            raise InvalidValue("args: a command brings its own", remedy="put them there")
        self._require_image()
        for what in ("command", "args", "collect"):
            object.__setattr__(self, what, _texts(what, getattr(self, what)))
        for path in self.collect:
            if path != EVERYTHING:
                require_relative_path("collect", path)
        require_at_most(MAX_COLLECTED, "collect", self.collect)
        require_variables("env", self.env, MAX_ENV)
        object.__setattr__(self, "env", MappingProxyType(dict(self.env)))
        object.__setattr__(self, "stdin", _bytes("stdin", self.stdin))
        self._take_files()

    def _require_image(self) -> None:
        if not self.image:
            return
        if could_be_id(self.image):
            raise InvalidValue(f"image: {self.image!r:.80} is an id", remedy="give the image a name, and that")
        ImageName.parse(self.image)

    def _take_files(self) -> None:
        require_mapping("files", self.files)
        if self.code is not None:
            require_utf8("code", self.code)
            if len(self.code.encode()) > MAX_CODE_BYTES:
                raise InvalidValue(f"code: at most {MAX_CODE_BYTES} bytes")
            if MAIN in self.files:
                raise InvalidValue(f"files: {MAIN} is the place of code", remedy="leave one of the two out")
        object.__setattr__(
            self,
            "files",
            MappingProxyType({path: _bytes(f"files[{path!r:.80}]", it) for path, it in self.files.items()}),
        )
        require_file_tree("files", self.contents)
        most = min(MAX_INPUT_BYTES, self.limits.work_bytes)
        if sum(_in_pages(it) for it in (self.input, *self.contents.values())) > most:
            raise InvalidValue(
                f"code, files and stdin: more than {most} bytes together do not fit into {WORK_DIR}; limits.work_bytes "
                f"bounds it, and {MAX_INPUT_BYTES} bytes are the most of all"
            )

    @property
    def contents(self) -> Mapping[str, bytes]:
        """Every file that is laid into the working directory, the code among them."""
        main = {} if self.code is None else {MAIN: self.code.encode()}
        return {**main, **{path: content for path, content in self.files.items() if isinstance(content, bytes)}}

    @property
    def python_sources(self) -> Mapping[str, str]:
        """What of it is Python, to be looked at before it runs; what is not UTF-8 becomes U+FFFD."""
        return {path: it.decode("utf-8", "replace") for path, it in self.contents.items() if path.endswith(".py")}

    @property
    def input(self) -> bytes:
        """What is read from standard input."""
        return _bytes("stdin", self.stdin)


def _texts(what: str, given: Sequence[str]) -> Sequence[str]:
    if isinstance(given, str):
        raise InvalidValue(f"{what}: must be a list of texts, not one")
    if not isinstance(given, Iterable):
        raise InvalidValue(f"{what}: must be a list of texts, not {given!r:.80}")
    texts = tuple(given)
    require_at_most(MAX_ARGS, what, texts)
    for text in texts:
        require_text(what, text)
        if "\0" in text:
            raise InvalidValue(f"{what}: {text!r:.80} holds a NUL")
        require_utf8(what, text)
    return texts


def _bytes(what: str, content: bytes | str) -> bytes:
    if isinstance(content, str):
        require_utf8(what, content)
        return content.encode()
    if not isinstance(content, bytes | bytearray | memoryview):  # of a number Python would make so many zeros
        raise InvalidValue(f"{what}: must be a text or bytes, not {content!r:.80}")
    return bytes(content)


def _in_pages(content: bytes) -> int:
    return math.ceil(len(content) / PAGE_BYTES) * PAGE_BYTES
