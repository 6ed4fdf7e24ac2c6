"""Names of images, written out in full, and lists of those that are allowed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hershy.errors import ConfigurationError, InvalidValue

ANY = "*"
_DEFAULT_REGISTRY, _DEFAULT_FOLDER = "docker.io", "library"
_OLD_DEFAULT_REGISTRY = "index.docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REGISTRY = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<registry>{_REGISTRY})/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?P<version>(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?)"
)
_MAX_CHARS = 512


@dataclass(frozen=True, slots=True)
class ImageName:
    """``repository`` with its registry (``docker.io/library/python``); ``version`` as written (``:3.12``), or empty."""

    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> "ImageName":
        """Raises InvalidValue for what is no name."""
        match = _REFERENCE.fullmatch(text) if len(text) <= _MAX_CHARS else None
        if match is None:
            raise InvalidValue(f"{text!r:.80} is not the name of an image")
        registry, path = match["registry"], match["path"]
        if registry is not None and not _is_registry(registry):
            registry, path = None, f"{registry}/{path}"
        if registry in (None, _OLD_DEFAULT_REGISTRY):
            registry = _DEFAULT_REGISTRY
        if registry == _DEFAULT_REGISTRY and "/" not in path:
            path = f"{_DEFAULT_FOLDER}/{path}"
        return cls(f"{registry.lower()}/{path}", match["version"])

    def __str__(self) -> str:
        return self.repository + self.version


def could_be_id(text: str) -> bool:
    """Whether a builder that takes ids for names would look among all images that the engine holds."""
    return re.fullmatch(r"(?:sha256:)?[0-9a-f]+", text) is not None


@dataclass(frozen=True, slots=True)
class AllowedImages:
    """A list of ``*`` (any image), registries, folders of them, and names of images with or without a tag.

    ``docker.io/library``, ``ghcr.io/acme``, ``localhost:5000``, ``python``, ``hershy-base-python:local``. An entry
    without a slash is a registry if it holds a dot or is ``localhost``; a slash at its end makes it one too.
    """

    entries: Sequence[str]

    def __post_init__(self) -> None:
        for entry in self.entries:
            if entry != ANY:
                _prefix(entry)

    @property
    def is_any(self) -> bool:
        return ANY in self.entries

    def allows(self, name: ImageName) -> bool:
        return self.is_any or self.names(name)

    def names(self, name: ImageName) -> bool:
        """Whether an entry other than ``*`` allows it."""
        return any(re.fullmatch(pattern, str(name)) for pattern in self.patterns)

    @property
    def patterns(self) -> Sequence[str]:
        """Regular expressions of the full names that the entries other than ``*`` allow."""
        return [_pattern(*_prefix(entry)) for entry in self.entries if entry != ANY]


def _pattern(prefix: str, version: str) -> str:
    ends = rf"{re.escape(version)}(?:@.*)?" if version else "(?:[:@/].*)?"
    return re.escape(prefix) + ends


def _prefix(entry: str) -> tuple[str, str]:
    """The full repository, or what one begins with, and the version that is asked for."""
    bare = entry.removesuffix("/")
    first, slash, _ = bare.partition("/")
    if not slash and (entry.endswith("/") or _is_registry(first.partition(":")[0])):
        if re.fullmatch(_REGISTRY, bare) is None:
            raise ConfigurationError(f"allowed_registries: {entry!r:.80} is neither a registry nor an image")
        return (_DEFAULT_REGISTRY if bare == _OLD_DEFAULT_REGISTRY else bare.lower()), ""
    if bare in (f"{_DEFAULT_REGISTRY}/{_DEFAULT_FOLDER}", f"{_OLD_DEFAULT_REGISTRY}/{_DEFAULT_FOLDER}"):
        return f"{_DEFAULT_REGISTRY}/{_DEFAULT_FOLDER}", ""
    if slash and first in (_DEFAULT_REGISTRY, _OLD_DEFAULT_REGISTRY) and ":" not in bare and "@" not in bare:
        return f"{_DEFAULT_REGISTRY}/{bare.partition('/')[2]}", ""
    try:
        name = ImageName.parse(bare)
    except InvalidValue as error:
        raise ConfigurationError(f"allowed_registries: {error}") from error
    return name.repository, name.version


def _is_registry(component: str) -> bool:
    return "." in component or ":" in component or component == "localhost" or component != component.lower()
