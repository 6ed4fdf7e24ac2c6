"""One build at a time for each BuildID, however many callers ask for it.

The build runs in a task of its own. A caller that leaves (cancelled, or out of time) leaves it running for the
others; the last one to leave ends it and waits for its end.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from hershy.builds.builder import BuildOutput, BuildRequest
from hershy.core.clock import Clock
from hershy.core.deadline import ended
from hershy.core.ids import BuildID, ImageID
from hershy.errors import BuildError, DeadlineExceeded, InvalidValue

BACKLOG_LINES = 10_000
BACKLOG_CHARS = 8 * 1024 * 1024

Work = Callable[[BuildOutput], Coroutine[Any, Any, ImageID]]
"""Carries one build out. Cancelled, it ends within a bound of its own and leaves nothing behind."""


def taken(build_id: BuildID) -> BuildError:
    """What a build is refused by whose BuildID names the image of another specification."""
    return BuildError(
        f"{build_id} names the image of other sources already",
        remedy="change anything in yours, such as a comment, to get another",
    )


class SharedBuilds:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._builds: dict[BuildID, _SharedBuild] = {}

    async def run(self, request: BuildRequest, output: BuildOutput, work: Work) -> ImageID:
        """Join the build of ``request`` that is under way, or begin ``work``; see ``Builder.build``."""
        build_id, digest = request.spec.build_id, request.spec.digest
        try:
            request.policy.require(request.spec)
        except InvalidValue as error:
            raise BuildError(f"{build_id} failed: {error}") from error
        deadline = asyncio.create_task(self._clock.sleep(request.timeout), name=f"deadline of {build_id}")
        try:
            shared = await self._current(build_id, digest, work, deadline)
            image_id = await shared.join(output, deadline) if shared else None
        finally:
            deadline.cancel()
        if image_id is None:
            raise DeadlineExceeded(
                f"{build_id} was not built within {request.timeout}", remedy="allow it a longer timeout"
            )
        return image_id

    async def _current(
        self, build_id: BuildID, digest: str, work: Work, deadline: asyncio.Task[None]
    ) -> "_SharedBuild | None":
        """The build to join: never one that is being ended, whose end is waited for. None out of time."""
        while (shared := self._builds.get(build_id)) and shared.is_ending and not shared.task.done():
            await asyncio.wait({shared.task, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if deadline.done():
                return None
        if shared is None or shared.task.done():
            shared = self._builds[build_id] = _SharedBuild(build_id, digest, work)
            shared.task.add_done_callback(lambda task: self._forget(build_id, task))
        elif shared.digest != digest:
            raise taken(build_id)
        return shared

    def _forget(self, build_id: BuildID, task: "asyncio.Task[ImageID]") -> None:
        if (shared := self._builds.get(build_id)) and shared.task is task:
            del self._builds[build_id]

    async def aclose(self) -> None:
        """End every build; their callers get BuildError. Idempotent."""
        await asyncio.gather(*(shared.end() for shared in list(self._builds.values())))


class _SharedBuild:
    def __init__(self, build_id: BuildID, digest: str, work: Work) -> None:
        self._build_id = build_id
        self.digest = digest
        self._backlog: deque[str] = deque()
        self._backlog_chars = 0
        self._outputs: dict[object, BuildOutput] = {}  # by caller: two may bring outputs that compare equal
        self.is_ending = False
        self.task = asyncio.create_task(work(self._emit), name=f"build of {build_id}")

    async def join(self, output: BuildOutput, deadline: asyncio.Task[None]) -> ImageID | None:
        """The result of the build; None when the deadline passes first."""
        for line in self._backlog:
            output(line)
        caller = object()
        self._outputs[caller] = output
        try:
            await asyncio.wait({self.task, deadline}, return_when=asyncio.FIRST_COMPLETED)
            is_in_time = self.task.done()
        finally:
            del self._outputs[caller]
            if not self._outputs:
                await self.end()
        if not is_in_time:
            return None
        if self.task.cancelled():
            raise BuildError(f"{self._build_id} was not built to its end: the builder has been closed")
        return self.task.result()

    async def end(self) -> None:
        """Cancel the build if it runs and return once it has ended, however often the caller is cancelled."""
        if not self.is_ending:
            self.is_ending = True
            self.task.cancel()
        await ended(self.task)

    def _emit(self, line: str) -> None:
        self._backlog.append(line)
        self._backlog_chars += len(line)
        while len(self._backlog) > BACKLOG_LINES or self._backlog_chars > BACKLOG_CHARS:
            self._backlog_chars -= len(self._backlog.popleft())
        for output in list(self._outputs.values()):
            output(line)
