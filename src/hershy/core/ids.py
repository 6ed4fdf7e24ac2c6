"""Identifiers as frozen value objects: validated on creation, comparable, hashable, printable."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hershy.errors import InvalidValue

from .endpoint import LOOPBACK, Endpoint

FIRST_PUBLISH_PORT = 19001
LAST_PUBLISH_PORT = 29999
CHARACTERS_AFTER_USER = len("-build-0123456789ab-01234567")
"""How much of a ProgramID follows its user's part."""


@dataclass(frozen=True, slots=True, order=True)
class _TextID:
    """A text that matches ``pattern`` as a whole; ``rule`` says in words what that asks."""

    value: str

    pattern: ClassVar[re.Pattern[str]]
    rule: ClassVar[str]

    def __post_init__(self) -> None:
        if type(self.value) is not str or self.pattern.fullmatch(self.value) is None:
            raise InvalidValue(f"{type(self).__name__} must be {self.rule}, not {self.value!r:.80}")

    @classmethod
    def of(cls, value: Self | str) -> Self:
        """The value as it is, or a text made one. Raises InvalidValue."""
        return value if isinstance(value, cls) else cls(value)  # type: ignore[arg-type] # which refuses all but text

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class UserID(_TextID):
    """Who a program belongs to: ``alice``, ``team-7.bob``."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
    rule: ClassVar[str] = "1 to 63 letters, digits, '.', '_' or '-', the first and last of them a letter or digit"


@dataclass(frozen=True, slots=True, order=True)
class BuildID(_TextID):
    """What a program is built from: ``build-`` and the first 12 hex digits of a SHA-256 (see ``BuildSpec``)."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"build-[0-9a-f]{12}")
    rule: ClassVar[str] = "'build-' and 12 hexadecimal digits"


@dataclass(frozen=True, slots=True, order=True)
class ProgramID(_TextID):
    """One registration of a build by a user: ``{user_id}-{build_id}-{8 hex}``."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(
        rf"(?:{UserID.pattern.pattern})-(?:{BuildID.pattern.pattern})-[0-9a-f]{{8}}"
    )
    rule: ClassVar[str] = "'{user_id}-{build_id}-' and 8 hexadecimal digits"

    @classmethod
    def compose(cls, user_id: UserID, build_id: BuildID, nonce: str) -> Self:
        """Join the parts; ``nonce`` is 8 hexadecimal digits that tell registrations of one build apart."""
        return cls(f"{user_id}-{build_id}-{nonce}")

    @property
    def user_id(self) -> UserID:
        """Whose program this is, or was: what follows the user's part always has the same length."""
        return UserID(self.value[:-CHARACTERS_AFTER_USER])


@dataclass(frozen=True, slots=True, order=True)
class ImageID(_TextID):
    """The engine's own id of an image (``sha256:…``), or a twin's."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/@-]{0,254}")
    rule: ClassVar[str] = "an engine's image id"


@dataclass(frozen=True, slots=True, order=True)
class ContainerID(_TextID):
    """The engine's own id of a container, or a twin's."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
    rule: ClassVar[str] = "an engine's container id"


@dataclass(frozen=True, slots=True, order=True)
class OwnerID(_TextID):
    """Which Host owns a container: 16 hex digits kept in the Host's storage root, a label on what it makes."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9a-f]{16}")
    rule: ClassVar[str] = "16 hexadecimal digits"


@dataclass(frozen=True, slots=True, order=True)
class PublishPort:
    """The port on 127.0.0.1 that a program's 8080 is published on: 19001 to 29999."""

    value: int

    def __post_init__(self) -> None:
        valid = type(self.value) is int and FIRST_PUBLISH_PORT <= self.value <= LAST_PUBLISH_PORT
        if not valid:
            raise InvalidValue(
                f"PublishPort must be {FIRST_PUBLISH_PORT} to {LAST_PUBLISH_PORT}, not {self.value!r:.80}"
            )

    def __str__(self) -> str:
        return str(self.value)

    def __int__(self) -> int:
        return self.value

    @property
    def endpoint(self) -> Endpoint:
        """The port on this machine's loopback device; programs are told ``localhost``."""
        return Endpoint(LOOPBACK, self.value, "localhost")

    @property
    def url(self) -> str:
        """Where the outside finds the program: ``http://localhost:<port>``."""
        return self.endpoint.url
