"""What a sandbox has written so far, and where in it the code's output ends and the bootstrap's answer begins."""

import asyncio
from enum import Enum

from .wire import ARCHIVE_OVERHEAD_BYTES, MAX_HEAD_BYTES, READY

_STDOUT, _STDERR = 1, 2
_MAX_WORDS_CHARS = 300


class Phase(Enum):
    STARTING = "starting"
    WAITING = "waiting for a job"
    RUNNING = "the code runs"
    ANSWERING = "the code has ended"
    COMPLETE = "all is said"
    OVERFLOWN = "more output than there may be"
    BROKEN = "the stream has ended"


class Transcript:
    """Fed with frames as they come; bounded, whatever comes.

    The code's own output is all that comes before ``nonce``. That stands for the end of it on each stream, since the
    engine brings the two in no order.
    """

    def __init__(self) -> None:
        self._streams = {_STDOUT: bytearray(), _STDERR: bytearray()}
        self._ends: dict[int, int] = {}
        self._nonce = b""
        self._most = 0
        self._most_answer = 0
        self._changed = asyncio.Event()
        self.phase = Phase.STARTING

    async def until_not(self, *phases: Phase) -> Phase:
        """Return the phase as soon as it is none of these."""
        while self.phase in phases:
            self._changed.clear()
            await self._changed.wait()
        return self.phase

    def expect(self, nonce: bytes, output_bytes: int, archive_bytes: int) -> None:
        """A job is about to be sent."""
        self._nonce = nonce
        self._most = output_bytes
        self._most_answer = MAX_HEAD_BYTES + (archive_bytes + ARCHIVE_OVERHEAD_BYTES if archive_bytes else 0)
        self._enter(Phase.RUNNING)

    def feed(self, stream: int, data: bytes) -> None:
        if self.phase in (Phase.COMPLETE, Phase.OVERFLOWN, Phase.BROKEN) or stream not in self._streams:
            return
        buffer = self._streams[stream]
        searched = max(0, len(buffer) - len(self._nonce) + 1)
        buffer += data
        if self.phase is Phase.STARTING:
            self._look_for_readiness()
        elif self.phase is Phase.WAITING:
            self._enter(Phase.BROKEN)  # nothing is written that nobody has asked for
        else:
            if stream not in self._ends and (at := buffer.find(self._nonce, searched)) >= 0:
                self._ends[stream] = at
            self._look_for_end()

    def end(self) -> None:
        """Nothing more comes."""
        if self.phase not in (Phase.COMPLETE, Phase.OVERFLOWN):
            self._enter(Phase.BROKEN)

    @property
    def output(self) -> tuple[bytes, bytes, bool]:
        """What the code wrote to each stream, cut to the limit together, and whether that has cut something."""
        out, err = (bytes(self._of_code(stream)) for stream in (_STDOUT, _STDERR))
        room = max(0, self._most - len(out))
        return out[: self._most], err[:room], len(out) + len(err) > self._most

    @property
    def answer(self) -> bytes:
        """What stands between the nonces; all behind the first while there is no second."""
        begin = self._ends[_STDOUT] + len(self._nonce)
        said = bytes(self._streams[_STDOUT][begin:])
        return said.removesuffix(self._nonce)

    @property
    def last_words(self) -> str:
        """The end of what a sandbox wrote that never became ready."""
        said = bytes(self._streams[_STDERR] or self._streams[_STDOUT])
        return said.decode("utf-8", "replace").strip()[-_MAX_WORDS_CHARS:]

    def _of_code(self, stream: int) -> bytearray:
        buffer = self._streams[stream]
        return buffer[: self._ends[stream]] if stream in self._ends else buffer

    def _look_for_readiness(self) -> None:
        out = self._streams[_STDOUT]
        if out.startswith(READY):
            del out[: len(READY)]
            self._enter(Phase.WAITING)
        elif len(out) + len(self._streams[_STDERR]) > MAX_HEAD_BYTES:
            self._enter(Phase.BROKEN)

    def _look_for_end(self) -> None:
        partial = len(self._nonce) - 1
        written = sum(self._ends.get(it, max(0, len(buffer) - partial)) for it, buffer in self._streams.items())
        if written > self._most:
            self._enter(Phase.OVERFLOWN)
        elif _STDOUT in self._ends:
            begin = self._ends[_STDOUT] + len(self._nonce)
            out = self._streams[_STDOUT]
            is_whole = len(out) >= begin + len(self._nonce) and out.endswith(self._nonce)
            if (is_whole and _STDERR in self._ends) or len(out) - begin > self._most_answer:
                self._enter(Phase.COMPLETE)
            elif self.phase is Phase.RUNNING:
                self._enter(Phase.ANSWERING)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._changed.set()
