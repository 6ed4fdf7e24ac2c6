"""What an image is built from, and the id that names it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .errors import InvalidValue
from .ids import BuildID

DOCKERFILE = "Dockerfile"
MAX_PATH_BYTES = 1024
MAX_SEGMENT_BYTES = 255  # NAME_MAX of Linux file systems
MAX_ENTRIES = 20_000
"""Files and the folders they lie in: each takes an inode of the Host's disk, however short it is."""
MAX_BUILD_ARGS = 256
_ENCODING = b"hershy-build-1"
_UNWANTED = re.compile(r"[\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """A Dockerfile, source files by relative POSIX path, and build arguments.

    Raises InvalidValue for an empty Dockerfile and for a path that is absolute, not in its plain form
    (``a/../b``, ``./a``, ``a//b``), collides with ``Dockerfile`` or with another file's folder, or that a file
    system could not hold, and for more than ``MAX_ENTRIES`` of them. Paths that differ differ in bytes: those in
    other letter case or another Unicode normalisation are files of their own. Mappings are copied and read-only.
    """

    dockerfile: str
    src_files: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.dockerfile.strip():
            raise InvalidValue("dockerfile is required")
        _require_utf8("dockerfile", self.dockerfile)
        _require_at_most(MAX_ENTRIES, "src_files", self.src_files)
        for path, text in self.src_files.items():
            _require_source_path(path)
            _require_utf8(f"src_files[{path!r:.80}]", text)
        _require_sound_tree(self.src_files)
        _require_at_most(MAX_BUILD_ARGS, "build_args", self.build_args)
        for name, value in self.build_args.items():
            if not name or "=" in name or "\0" in name or "\0" in value:
                raise InvalidValue(f"build_args: {name!r:.80} is not a name and value without NUL or '='")
            _require_utf8("build_args", name + value)
        object.__setattr__(self, "src_files", MappingProxyType(dict(self.src_files)))
        object.__setattr__(self, "build_args", MappingProxyType(dict(self.build_args)))

    @property
    def build_id(self) -> BuildID:
        """``build-`` and the first 12 hex digits of SHA-256 over a canonical encoding.

        Canonical: mappings are sorted by the UTF-8 bytes of their keys. Unambiguous: every text is framed by
        its length and every mapping by its count, so no byte can move between a name and its content, or
        between two files, unseen.
        """
        digest = hashlib.sha256()
        for chunk in self._canonical():
            digest.update(chunk)
        return BuildID(f"build-{digest.hexdigest()[:12]}")

    @property
    def size(self) -> int:
        """Bytes of the Dockerfile and all sources, in UTF-8."""
        return sum(len(text.encode()) for text in (self.dockerfile, *self.src_files.values()))

    def _canonical(self) -> Iterator[bytes]:
        yield _ENCODING
        yield from _framed(self.dockerfile)
        for mapping in (self.build_args, self.src_files):
            yield len(mapping).to_bytes(8, "big")
            for key in sorted(mapping, key=str.encode):
                yield from _framed(key)
                yield from _framed(mapping[key])


def _framed(text: str) -> tuple[bytes, bytes]:
    data = text.encode()
    return len(data).to_bytes(8, "big"), data


def _require_utf8(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"{what} holds a lone surrogate, which UTF-8 cannot carry") from None


def _require_at_most(most: int, what: str, mapping: Mapping[str, str]) -> None:
    if len(mapping) > most:
        raise InvalidValue(f"{what}: at most {most} entries, not {len(mapping)}")


def _require_source_path(path: str) -> None:
    problem = _path_problem(path)
    if problem:
        raise InvalidValue(f"src_files: the path {path!r:.80} {problem}")


def _path_problem(path: str) -> str | None:
    if not path:
        return "is empty"
    _require_utf8("src_files: a path", path)
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    segments = path.split("/")
    if path.startswith("/"):
        return "is absolute; give it relative to the build context"
    if ".." in segments:
        return "leaves its folder with '..'"
    if "" in segments or "." in segments:
        return "is not in its plain form; leave out empty and '.' segments"
    if _UNWANTED.search(path):
        return "holds a backslash, NUL or another control character"
    if segments[0].casefold() == DOCKERFILE.casefold():
        return f"collides with {DOCKERFILE}, which has a field of its own"
    if any(len(segment.encode()) > MAX_SEGMENT_BYTES for segment in segments):
        return f"has a segment longer than {MAX_SEGMENT_BYTES} bytes"
    return None


def _require_sound_tree(paths: Mapping[str, str]) -> None:
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            if folder in paths:
                raise InvalidValue(f"src_files: {folder!r:.80} is both a file and the folder of {path!r:.80}")
            folders.add(folder)
            if len(paths) + len(folders) > MAX_ENTRIES:
                raise InvalidValue(f"src_files: more than {MAX_ENTRIES} files and folders")
            folder = folder.rpartition("/")[0]
