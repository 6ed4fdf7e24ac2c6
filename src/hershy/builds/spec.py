"""What an image is built from, and the id that names it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, Self

from hershy.core.file_tree import require_file_tree
from hershy.core.ids import BuildID
from hershy.core.texts import require_utf8, require_variables
from hershy.errors import InvalidValue

DOCKERFILE = "Dockerfile"
MAX_BUILD_ARGS = 200
_ENCODING = b"hershy-build-1"


class PathLike(Protocol):
    """``os.PathLike[str]``, without what ``os`` can do."""

    def __fspath__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """A Dockerfile, source files by relative POSIX path, and build arguments.

    Raises InvalidValue for an empty Dockerfile, for what ``require_file_tree`` refuses and for a path that collides
    with ``Dockerfile``. Mappings are copied and read-only.
    """

    dockerfile: str
    src_files: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.dockerfile.strip():
            raise InvalidValue("dockerfile is required")
        require_utf8("dockerfile", self.dockerfile)
        require_file_tree("src_files", self.src_files)
        for path, text in self.src_files.items():
            _require_no_collision(path)
            require_utf8(f"src_files[{path!r:.80}]", text)
        require_variables("build_args", self.build_args, MAX_BUILD_ARGS)
        object.__setattr__(self, "src_files", MappingProxyType(dict(self.src_files)))
        object.__setattr__(self, "build_args", MappingProxyType(dict(self.build_args)))

    @classmethod
    def from_directory(cls, directory: "str | PathLike", build_args: Mapping[str, str] | None = None) -> Self:
        """Read a directory: its Dockerfile, and every file that ``.dockerignore`` leaves in (and nothing of .git).

        Raises UnfitDirectory for what cannot travel as text: links, devices, binary files; and InvalidValue.
        """
        from .directory import read_directory  # the one thing here that touches files

        sources = read_directory(directory)
        return cls(sources.dockerfile, sources.src_files, build_args or {})

    @property
    def build_id(self) -> BuildID:
        """``build-`` and the first 12 hex digits of SHA-256 over a canonical encoding.

        Canonical: mappings are sorted by the UTF-8 bytes of their keys. Unambiguous: every text is framed by
        its length and every mapping by its count, so no byte can move between a name and its content, or
        between two files, unseen.
        """
        return BuildID(f"build-{self.digest[:12]}")

    @property
    def digest(self) -> str:
        """All 64 hex digits of it. Two specifications with one BuildID can be made at will, with one digest not."""
        digest = hashlib.sha256()
        for chunk in self._canonical():
            digest.update(chunk)
        return digest.hexdigest()

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


def _require_no_collision(path: str) -> None:
    if path.partition("/")[0].casefold() == DOCKERFILE.casefold():
        raise InvalidValue(f"src_files: the path {path!r:.80} collides with {DOCKERFILE}, which has a field of its own")
