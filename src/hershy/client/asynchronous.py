"""The client for asyncio."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import timedelta
from typing import Unpack

from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.errors import DeadlineExceeded, HershyError, HostUnreachable, Unavailable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.wire import (
    DeletedEvent,
    ProgramEvent,
    ProgramInfo,
)

from . import _calls, _sandbox_calls
from ._async_handle import AsyncProgramHandle, start_and_wait
from ._awaiting import AsyncConnection
from ._deploying import Progress, pass_over, registration
from ._resuming import STREAM_ENDED, Resuming
from ._sent import awaiting
from .options import DeployOptions, LogOptions
from .waiting import Wait, WaitStep


class AsyncClient(AsyncConnection):
    """``Client`` for asyncio: the same methods, arguments, results and errors. Calls may be cancelled freely;
    what the Host has accepted by then goes on. Close it with ``aclose``, or use ``async with``.

    Iterators hold a connection until they end or are closed: leave one early inside ``contextlib.aclosing``.
    """

    create_program = awaiting(_calls.create_program)
    create_programs = awaiting(_calls.create_programs)
    start = awaiting(_calls.start)
    stop = awaiting(_calls.stop)
    restart = awaiting(_calls.restart)
    get = awaiting(_calls.get)
    list = awaiting(_calls.list_programs)
    delete = awaiting(_calls.delete)
    start_all = awaiting(_calls.start_all)
    stop_all = awaiting(_calls.stop_all)
    restart_all = awaiting(_calls.restart_all)
    delete_all = awaiting(_calls.delete_all)
    logs = awaiting(_calls.logs)
    build_log = awaiting(_calls.build_log)
    stats = awaiting(_calls.stats)
    journal = awaiting(_calls.journal)
    source = awaiting(_calls.source)
    message = awaiting(_calls.message)
    run_code = awaiting(_sandbox_calls.run_code)
    score_code = awaiting(_sandbox_calls.score_code)
    debug_proxy = awaiting(_calls.debug_proxy)

    async def deploy(
        self,
        directory: str | PathLike,
        *,
        user: UserID | str,
        timeout: timedelta = patience.STARTING,
        progress: Progress = pass_over,
        **options: Unpack[DeployOptions],
    ) -> AsyncProgramHandle:
        """Register the program in a directory, start it, and return it once it is Ready, as ``Client.deploy``."""
        created = await self._send(registration(directory, user, options))
        await start_and_wait(self, created.program_id, timeout, progress)
        return await self.program(created.program_id)

    async def program(self, program_id: str) -> AsyncProgramHandle:
        """A handle of the program. Raises ProgramNotFound."""
        return AsyncProgramHandle(self, await self.get(program_id))

    async def follow_logs(self, program_id: str, **options: Unpack[LogOptions]) -> AsyncGenerator[str, None]:
        """Yield lines until the container ends, as ``Client.follow_logs``."""
        path, params = _calls.follow(program_id, **options)
        async with aclosing(self._lines(path, params, silence_s=None)) as lines:
            async for line in lines:
                yield line

    async def request(self, program_id: str, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send any request to the program's 8080, as ``Client.request``."""
        path = _calls.proxy_path(program_id, path)
        response, body = await self._exchange(method, path, **parts)
        return ProgramAnswer(response.status_code, tuple(response.headers.multi_items()), body)

    async def events(
        self, program_id: str | None = None, *, after: int | None = None
    ) -> AsyncGenerator[ProgramEvent, None]:
        """Yield what happens to a program or to all, through broken connections, as ``Client.events``."""
        resuming = Resuming(after)
        while True:
            try:
                async with aclosing(self._events(program_id, resuming)) as events:
                    async for event in events:
                        yield event
                        if program_id is not None and isinstance(event, DeletedEvent):
                            return
                raise HostUnreachable(self.url, STREAM_ENDED)
            except (Unavailable, DeadlineExceeded) as failure:
                await asyncio.sleep(resuming.delay_s(failure))

    async def wait_for(
        self,
        program_id: str,
        states: ProgramState | str | Collection[ProgramState | str],
        timeout: timedelta,
    ) -> ProgramInfo:
        """Return the program once it has reached one of ``states``; at once if it is there.

        Raises ProgramFailed as soon as it rests in Stopped or Error and that is not waited for, WaitTimeout after
        ``timeout``, ProgramNotFound when it is deleted.
        """
        wait = Wait.make(program_id, states)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                while not await self._listen(wait):
                    pass
                return await self.get(program_id)
        except HershyError:  # the Host's own, which may be a TimeoutError too
            raise
        except TimeoutError as error:
            raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds()) from error

    async def _listen(self, wait: Wait) -> bool:
        """Whether the state was reached, before events were lost."""
        async with aclosing(self._events(wait.program_id, Resuming(None))) as events:
            async for event in events:
                verdict = wait.judge(event)
                if verdict is not WaitStep.GO_ON:
                    return verdict is WaitStep.REACHED
        raise HostUnreachable(self.url, STREAM_ENDED)
