"""A log file that stays below a limit by dropping its older half."""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from hershy.programs.ports.storage import ProgramLog

MAX_LOG_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 64 * 1024


class LogFile(ProgramLog):
    """Lines of UTF-8; a line end inside a line is replaced, so that one line stays one.

    A crash may leave the last line cut short; it stays one of its own.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def append(self, lines: Sequence[str]) -> None:
        """Raises FileNotFoundError when the log's folder is gone."""
        data = "".join(f"{_one_line(line)}\n" for line in lines).encode(errors="replace")
        if len(data) > self._max_bytes:
            _, _, data = data[-self._max_bytes :].partition(b"\n")  # whole lines only
        with self._path.open("a+b") as file:
            if _is_cut_short(file):
                file.write(b"\n")
            file.write(data)
            size = file.tell()
        if size > self._max_bytes:
            self._drop_older_half(size)

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)

    async def read(self, tail: int | None) -> Sequence[str]:
        """Reads no more of the file than ``tail`` needs."""
        return await asyncio.to_thread(self._read, tail)

    def _read(self, tail: int | None) -> Sequence[str]:
        try:
            with self._path.open("rb") as file:
                data = file.read() if tail is None else _end_of(file, tail)
        except FileNotFoundError:
            return []
        lines = data.removesuffix(b"\n").decode(errors="replace").split("\n") if data else []
        return lines if tail is None else lines[max(0, len(lines) - tail) :]

    def _drop_older_half(self, size: int) -> None:
        with self._path.open("rb") as file:
            file.seek(size - self._max_bytes // 2)
            file.readline()
            recent = file.read()
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(recent)
        fresh.replace(self._path)


def _is_cut_short(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _end_of(file: BinaryIO, lines: int) -> bytes:
    """The last ``lines`` lines, and what else is in their blocks."""
    position = file.seek(0, os.SEEK_END)
    blocks: deque[bytes] = deque()
    line_ends = 0
    while position > 0 and line_ends <= lines:
        size = min(BLOCK_BYTES, position)
        position -= size
        file.seek(position)
        blocks.appendleft(file.read(size))
        line_ends += blocks[0].count(b"\n")
    return b"".join(blocks)


def _one_line(text: str) -> str:
    return text.replace("\n", "\N{SYMBOL FOR NEWLINE}")
