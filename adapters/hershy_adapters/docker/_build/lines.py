"""Cuts a stream of build output into clean lines of bounded length."""

import re
from collections.abc import Iterator

from hershy.core.terminal import harmless

MAX_LINE_BYTES = 8192
CUT_MARK = " …"

_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


class LineSplitter:
    """Fed with chunks as they come, it gives complete lines: UTF-8 with replacements, no terminal controls.

    A carriage return starts the line over, as on a terminal. What is beyond ``MAX_LINE_BYTES`` is dropped and
    the line marked.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._is_cut = False

    def feed(self, data: bytes) -> Iterator[str]:
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._append(piece)
            yield self._take()
        self._append(rest)

    def flush(self) -> Iterator[str]:
        """The last line, if it had no line end."""
        if self._pending:
            yield self._take()

    def _append(self, piece: bytes) -> None:
        self._pending += piece
        line = self._pending.rstrip(b"\r")  # of CR LF the line feed may come in the next chunk
        start = line.rfind(b"\r") + 1
        if start:
            del self._pending[:start]
            self._is_cut = False
        if len(self._pending) > MAX_LINE_BYTES:
            # A carriage return at the end counts when more text follows it.
            returns = b"\r" if self._pending.endswith(b"\r") else b""
            self._is_cut = self._is_cut or len(line) - start > MAX_LINE_BYTES
            self._pending = self._pending[:MAX_LINE_BYTES].rstrip(b"\r") + returns

    def _take(self) -> str:
        text = self._pending.rstrip(b"\r").decode(errors="replace")
        mark = CUT_MARK if self._is_cut else ""
        self._pending.clear()
        self._is_cut = False
        return harmless(_ESCAPE_SEQUENCES.sub("", text), mark="") + mark
