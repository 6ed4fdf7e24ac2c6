"""Decodes the engine's log stream: frames of two output streams, each line with its time."""

from collections.abc import Mapping
from types import MappingProxyType

from hershy.errors import RuntimeFailure
from hershy.programs.ports.runtime import LogLine, LogStream

from .moments import from_stamp, moment_of

MAX_LINE_BYTES = 64 * 1024
CUT = "\N{HORIZONTAL ELLIPSIS}"
MAX_FRAME_BYTES = 1024 * 1024
"""The engine splits lines at 16 KiB; a longer frame than this is not its log stream."""

_HEADER_BYTES = 8
_STREAMS = {1: LogStream.STDOUT, 2: LogStream.STDERR}
_ENGINE_ERROR = 3
_MAX_ERROR_CHARS = 300
_KNOWN_STREAMS = {*_STREAMS, _ENGINE_ERROR}


class LogDecoder:
    """Feed it bytes as they come. A frame is ``time, space, text``; a long line comes in several frames.

    Only the last frame of a line ends in a newline. What exceeds ``MAX_LINE_BYTES`` of a line is dropped and marked.
    Lines from before ``begin``, in nanoseconds of the epoch, are left out (the engine leaves out only those before the
    first later one, and the lines of two streams are not in the order of their times), and those up to the time that
    ``after`` has for their stream.
    """

    def __init__(self, begin: int = 0, after: Mapping[LogStream, int] = MappingProxyType({})) -> None:
        self._begin = begin
        self._after = after
        self._buffer = bytearray()
        self._begun: dict[LogStream, tuple[int, bytearray]] = {}
        self.frames = 0
        self.latest: dict[LogStream, int] = {}
        """The time of each stream's newest line that has ended, of its last frame."""
        self.engine_error = ""
        """Why the engine cannot go on, once it has said so; nothing more comes then."""

    def feed(self, data: bytes) -> list[LogLine]:
        """The lines that ``data`` completes. Raises RuntimeFailure for what is no log stream."""
        self._buffer += data
        lines: list[LogLine] = []
        start = 0
        while len(self._buffer) - start >= _HEADER_BYTES:
            number = self._buffer[start]
            length = int.from_bytes(self._buffer[start + 4 : start + _HEADER_BYTES], "big")
            if number not in _KNOWN_STREAMS or length > MAX_FRAME_BYTES:
                raise RuntimeFailure("the engine's log stream cannot be read: a frame has no valid header")
            end = start + _HEADER_BYTES + length
            if len(self._buffer) < end:
                break
            frame = bytes(self._buffer[start + _HEADER_BYTES : end])
            start = end
            if number == _ENGINE_ERROR:
                self.engine_error = frame.decode("utf-8", "replace")[:_MAX_ERROR_CHARS]
                break
            lines += self._frame(_STREAMS[number], frame)
        del self._buffer[:start]
        return lines

    def rest(self) -> list[LogLine]:
        """The lines that the program began and did not end. The stream is over."""
        lines = [line for stream in list(self._begun) for line in self._finished(stream)]
        return sorted(lines, key=lambda line: line.at)

    def _frame(self, stream: LogStream, frame: bytes) -> list[LogLine]:
        stamp, _, text = frame.partition(b" ")
        at = _from_stamp(stamp.decode("ascii", "replace"))
        self.frames += 1
        _, line = self._begun.setdefault(stream, (at, bytearray()))
        line += text.removesuffix(b"\n")[: MAX_LINE_BYTES + 1 - len(line)]
        if not text.endswith(b"\n"):
            return []
        self.latest[stream] = at
        return self._finished(stream)

    def _finished(self, stream: LogStream) -> list[LogLine]:
        at, line = self._begun.pop(stream)
        if at < self._begin or at <= self._after.get(stream, -1):
            return []
        return [LogLine(moment_of(at), stream, _text(line))]


def _text(line: bytearray) -> str:
    if len(line) <= MAX_LINE_BYTES:
        return line.decode("utf-8", "replace")
    return line[: MAX_LINE_BYTES - 1].decode("utf-8", "replace").rstrip("\N{REPLACEMENT CHARACTER}") + CUT


def _from_stamp(stamp: str) -> int:
    try:
        return from_stamp(stamp)
    except ValueError:
        raise RuntimeFailure(f"the engine's log stream cannot be read: {stamp!r:.80} is no time") from None
