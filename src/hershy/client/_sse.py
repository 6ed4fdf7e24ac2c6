"""Server-sent events, as far as the Host uses them: text lines in, events out."""

from dataclasses import dataclass, field

from hershy.errors import UnexpectedAnswer

MAX_EVENT_CHARS = 1024 * 1024
"""No event of the Host comes near; a stream that does is not one of its own."""


def is_comment(line: str) -> bool:
    """The Host fills silence with these."""
    return line.startswith(":")


@dataclass(slots=True)
class EventDecoder:
    """Feed it lines without their ends; it gives an event back when a blank line completes one.

    ``last_id`` is that of the latest completed event that had one.
    """

    last_id: str | None = None
    _id: str | None = None
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _size: int = 0

    def feed(self, line: str) -> tuple[str, str] | None:
        """Return ``(event name, data)`` when this line completes an event. Comments keep the line alive only."""
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "id":
            self._id = value
        elif name == "data":
            self._size += len(value)
            if self._size > MAX_EVENT_CHARS:
                raise UnexpectedAnswer(f"an event is longer than {MAX_EVENT_CHARS} characters")
            self._data.append(value)
        return None

    def _complete(self) -> tuple[str, str] | None:
        event = (self._name or "message", "\n".join(self._data)) if self._data or self._name else None
        self.last_id = self._id or self.last_id
        self._name, self._data, self._size = "", [], 0
        return event
