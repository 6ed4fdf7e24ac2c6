"""Bytes in, lines of text out, bounded."""

import codecs
from collections.abc import Iterator

MAX_LINE_CHARS = 1024 * 1024
"""A line longer than this is handed out in pieces."""


class LineDecoder:
    """Splits at line feeds only: a program's output may hold any other character that Python calls a line end."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that ``chunk`` completes, without their ends."""
        *lines, self._pending = (self._pending + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            yield line.removesuffix("\r")
        if len(self._pending) > MAX_LINE_CHARS:
            piece, self._pending = self._pending, ""
            yield piece

    def flush(self) -> Iterator[str]:
        """Yield what is left when the stream has ended without a line feed."""
        rest, self._pending = self._pending + self._decoder.decode(b"", final=True), ""
        if rest:
            yield rest
