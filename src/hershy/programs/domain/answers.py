"""What a program answers, to callers in this process and to clients alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """A program took a message. ``answer`` holds whatever else it said, for programs that answer at once.

    Printed, it has a line for the status and one for each part of the answer.
    """

    status: str
    answer: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Any) -> Self:
        """Read the JSON that a program has answered. Raises LookupError, TypeError, AttributeError for others."""
        return cls(document["status"], {name: it for name, it in document.items() if name != "status"})

    def __str__(self) -> str:
        parts = (f"{name}: {it if isinstance(it, str) else json.dumps(it)}" for name, it in self.answer.items())
        return "\n".join([self.status, *parts])


class RequestParts(TypedDict, total=False):
    """What a request to a program may have beside its method and path; ``params`` are added to its query."""

    params: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    content: bytes | None


@dataclass(frozen=True, slots=True)
class ProgramAnswer:
    """What a program answered through the proxy. Header names are lower case; repeated headers are all there."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8; other bytes are replaced."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The body read as JSON. Raises ValueError when it is something else."""
        return json.loads(self.content)
