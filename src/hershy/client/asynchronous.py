"""The client for asyncio."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Unpack

from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.errors import DeadlineExceeded, HershyError, HostUnreachable, Unavailable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import (
    BulkResult,
    CreatedProgram,
    DeletedEvent,
    JournalInfo,
    LogsInfo,
    NewProgram,
    ProgramEvent,
    ProgramInfo,
    ProgramSource,
    ProxyInfo,
    RiskInfo,
    StatsInfo,
    Transition,
)

from . import _calls, _sandbox_calls
from ._async_handle import AsyncProgramHandle, start_and_wait
from ._awaiting import AsyncConnection
from ._deploying import Progress, pass_over, registration
from ._resuming import STREAM_ENDED, Resuming
from .options import DeployOptions, ProgramCriteria, RunOptions
from .waiting import Wait, WaitStep


class AsyncClient(AsyncConnection):
    """``Client`` for asyncio: the same methods, arguments, results and errors. Calls may be cancelled freely;
    what the Host has accepted by then goes on. Close it with ``aclose``, or use ``async with``.

    Iterators hold a connection until they end or are closed: leave one early inside ``contextlib.aclosing``.
    """

    async def create_program(
        self,
        user_id: str,
        dockerfile: str,
        src_files: Mapping[str, str] | None = None,
        **options: Unpack[DeployOptions],
    ) -> CreatedProgram:
        """Register a program, as ``Client.create_program``."""
        return await self._send(_calls.create(NewProgram(user_id, dockerfile, src_files or {}, **options)))

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

    async def create_programs(self, programs: Iterable[NewProgram]) -> Sequence[CreatedProgram]:
        """Register several programs, all or none, as ``Client.create_programs``."""
        return await self._send(_calls.create_many(programs))

    async def start(self, program_id: str) -> Transition:
        """Begin to build and run, as ``Client.start``."""
        return await self._send(_calls.start(program_id))

    async def stop(self, program_id: str) -> Transition:
        """Begin to stop, as ``Client.stop``."""
        return await self._send(_calls.stop(program_id))

    async def restart(self, program_id: str) -> Transition:
        """Begin to replace the container, as ``Client.restart``."""
        return await self._send(_calls.restart(program_id))

    async def get(self, program_id: str) -> ProgramInfo:
        """The program as it is now. Raises ProgramNotFound."""
        return await self._send(_calls.get(program_id))

    async def list(self, *, text: str | None = None, **criteria: Unpack[ProgramCriteria]) -> tuple[ProgramInfo, ...]:
        """The programs that meet every criterion given, oldest first.

        ``text`` is part of the description, the id, the user or a label, whatever its case.
        """
        return await self._send(_calls.list_programs(text, **criteria))

    async def delete(self, program_id: str) -> None:
        """Stop and remove the program, as ``Client.delete``."""
        await self._send(_calls.delete(program_id))

    async def start_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``start`` every program that meets all criteria given, as ``Client.start_all``."""
        return await self._send(_calls.bulk("start", **criteria))

    async def stop_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``stop`` every program that meets all criteria given, as ``start_all``."""
        return await self._send(_calls.bulk("stop", **criteria))

    async def restart_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``restart`` every program that meets all criteria given, as ``start_all``."""
        return await self._send(_calls.bulk("restart", **criteria))

    async def delete_all(self, **criteria: Unpack[ProgramCriteria]) -> Sequence[BulkResult]:
        """``delete`` every program that meets all criteria given, as ``start_all``; returns when all are gone."""
        return await self._send(_calls.bulk("delete", **criteria))

    async def logs(
        self,
        program_id: str,
        *,
        tail: int | None = None,
        stream: str | None = None,
        since: _calls.Since | None = None,
    ) -> LogsInfo:
        """The newest lines of output, as ``Client.logs``."""
        return await self._send(_calls.logs(program_id, tail, stream, since))

    async def build_log(self, program_id: str, *, tail: int | None = None) -> LogsInfo:
        """The last ``tail`` lines of the last build's output."""
        return await self._send(_calls.logs(program_id, tail, "build"))

    async def follow_logs(
        self,
        program_id: str,
        *,
        tail: int | None = None,
        stream: str | None = None,
        since: _calls.Since | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield lines until the container ends, as ``Client.follow_logs``."""
        path, params = _calls.follow_path(program_id), _calls.follow_params(tail, stream, since)
        async with aclosing(self._lines(path, params, silence_s=None)) as lines:
            async for line in lines:
                yield line

    async def stats(self, program_id: str) -> StatsInfo:
        """What the program uses of the machine, as ``Client.stats``."""
        return await self._send(_calls.stats(program_id))

    async def journal(
        self, program_id: str, *, after: int | None = None, limit: int | None = None
    ) -> Sequence[JournalInfo]:
        """What has happened to the program, as ``Client.journal``."""
        return await self._send(_calls.journal(program_id, after, limit))

    async def source(self, program_id: str) -> ProgramSource:
        """What the program was built from, ``Dockerfile`` included. Raises ProgramNotFound."""
        return await self._send(_calls.source(program_id))

    async def message(self, program_id: str, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Raises ProgramNotReady unless the program is Ready."""
        return await self._send(_calls.message(program_id, text))

    async def request(self, program_id: str, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send any request to the program's 8080, as ``Client.request``."""
        path = _calls.proxy_path(program_id, path)
        response, body = await self._exchange(method, path, **parts)
        return ProgramAnswer(response.status_code, tuple(response.headers.multi_items()), body)

    async def run_code(self, code: str | None = None, **options: Unpack[RunOptions]) -> SandboxResult:
        """Run code once in a sandbox, as ``Client.run_code``. Cancelled, it kills the run."""
        return await self._send(_sandbox_calls.run(code, **options))

    async def score_code(self, code: str | None = None, *, files: Mapping[str, bytes | str] | None = None) -> RiskInfo:
        """How risky code looks, as ``Client.score_code``."""
        return await self._send(_sandbox_calls.score(code, files or {}))

    async def debug_proxy(self, program_id: str) -> ProxyInfo:
        """What the Host's proxy holds for the program. Raises ProgramNotFound."""
        return await self._send(_calls.debug_proxy(program_id))

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
