"""Decodes the engine's log stream: frames of two output streams, each line with its time."""

from datetime import UTC, datetime

from hershy.domain.errors import RuntimeFailure
from hershy.ports.runtime import LogLine, LogStream

MAX_LINE_BYTES = 64 * 1024
MAX_FRAME_BYTES = 1024 * 1024
"""The engine splits lines at 16 KiB; a longer frame than this is not its log stream."""

_HEADER_BYTES = 8
_STREAMS = {1: LogStream.STDOUT, 2: LogStream.STDERR}


class LogDecoder:
    """Feed it bytes as they come. A frame is ``time, space, text``; a long line comes in several frames.

    Only the last frame of a line ends in a newline. What exceeds ``MAX_LINE_BYTES`` of a line is dropped.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun: dict[LogStream, tuple[datetime, bytearray]] = {}
        self.latest = ""
        """The time of the newest frame, as the engine wrote it, to the nanosecond."""

    def feed(self, data: bytes) -> list[LogLine]:
        """The lines that ``data`` completes. Raises RuntimeFailure for what is no log stream."""
        self._buffer += data
        lines: list[LogLine] = []
        start = 0
        while len(self._buffer) - start >= _HEADER_BYTES:
            stream = _STREAMS.get(self._buffer[start])
            length = int.from_bytes(self._buffer[start + 4 : start + _HEADER_BYTES], "big")
            if stream is None or length > MAX_FRAME_BYTES:
                raise RuntimeFailure("the engine's log stream cannot be read: a frame has no valid header")
            end = start + _HEADER_BYTES + length
            if len(self._buffer) < end:
                break
            line = self._frame(stream, bytes(self._buffer[start + _HEADER_BYTES : end]))
            if line is not None:
                lines.append(line)
            start = end
        del self._buffer[:start]
        return lines

    def rest(self) -> list[LogLine]:
        """The lines that the program began and did not end. The stream is over."""
        lines = [_line(at, stream, text) for stream, (at, text) in self._begun.items()]
        self._begun.clear()
        return sorted(lines, key=lambda line: line.at)

    def _frame(self, stream: LogStream, frame: bytes) -> LogLine | None:
        stamp, _, text = frame.partition(b" ")
        self.latest = stamp.decode("ascii", "replace")
        if stream not in self._begun:
            self._begun[stream] = _moment(self.latest), bytearray()
        at, line = self._begun[stream]
        is_complete = text.endswith(b"\n")
        line += text.removesuffix(b"\n")[: MAX_LINE_BYTES - len(line)]
        if not is_complete:
            return None
        del self._begun[stream]
        return _line(at, stream, line)


def after(stamp: str) -> str:
    """The next nanosecond, as the engine's ``since`` wants it; for reading on where a stream ended."""
    fraction = stamp.rpartition(".")[2].rstrip("Z")
    nanoseconds = int(fraction[:9].ljust(9, "0")) + 1 if fraction.isdigit() else 1
    seconds = int(_moment(stamp).timestamp()) + nanoseconds // 1_000_000_000
    return f"{seconds}.{nanoseconds % 1_000_000_000:09d}"


def since(moment: datetime) -> str:
    """A moment as the engine's ``since`` wants it: seconds and nanoseconds, without rounding."""
    whole = moment.replace(microsecond=0)
    return f"{int(whole.timestamp())}.{moment.microsecond * 1000:09d}"


def _moment(stamp: str) -> datetime:
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        raise RuntimeFailure(f"the engine's log stream cannot be read: {stamp!r:.80} is no time") from None


def _line(at: datetime, stream: LogStream, text: bytearray) -> LogLine:
    return LogLine(at, stream, text.decode("utf-8", "replace"))
