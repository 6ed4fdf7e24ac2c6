"""A log file that stays below a limit by dropping its older half."""

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

MAX_LOG_BYTES = 16 * 1024 * 1024


class LogFile:
    """Lines of UTF-8; a line end inside a line is replaced, so that one line stays one."""

    def __init__(self, path: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def append(self, lines: Iterable[str]) -> None:
        """Raises FileNotFoundError when the log's folder is gone."""
        data = "".join(f"{_one_line(line)}\n" for line in lines).encode(errors="replace")
        if len(data) > self._max_bytes:
            _, _, data = data[-self._max_bytes :].partition(b"\n")  # whole lines only
        with self._path.open("ab") as file:
            file.write(data)
            size = file.tell()
        if size > self._max_bytes:
            self._drop_older_half(size)

    def read(self, tail: int | None) -> Sequence[str]:
        if not self._path.exists():
            return []
        with self._path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            return [line.removesuffix("\n") for line in (file if tail is None else deque(file, tail))]

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def _drop_older_half(self, size: int) -> None:
        with self._path.open("rb") as file:
            file.seek(size - self._max_bytes // 2)
            file.readline()
            recent = file.read()
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(recent)
        fresh.replace(self._path)


def _one_line(text: str) -> str:
    return text.replace("\n", "\N{SYMBOL FOR NEWLINE}")
