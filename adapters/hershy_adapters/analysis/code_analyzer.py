"""CodeAnalyzer by worker processes: hostile source may crash or hang its reader, and the Host lives on."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from hershy.core.adapter import AdapterContext
from hershy.errors import Unavailable
from hershy.sandbox.domain.risk import RiskReport
from hershy.sandbox.ports.code_analyzer import CodeAnalyzer
from hershy.sandbox.risk.analysis import MAX_TOTAL_BYTES, size_of, too_large
from hershy_adapters._child_processes import AWAY, dying_with_us

from . import _frames

WORKERS = 2
DEADLINE = timedelta(seconds=5)
"""For one analysis; a worker that takes longer is killed."""
START_DEADLINE_S = 30.0
"""For a new worker's first answer, its imports included."""
END_DEADLINE_S = 5.0


class IsolatedCodeAnalyzer(CodeAnalyzer):
    """Keeps up to ``WORKERS`` processes, started when first needed; more analyses at a time wait for their turn."""

    def __init__(self, deadline: timedelta = DEADLINE, argv: tuple[str, ...] = ()) -> None:
        """``argv``: another worker than the one that comes with this package."""
        self._deadline_s = deadline.total_seconds()
        self._argv = argv or (sys.executable, "-I", "-m", "hershy_adapters.analysis.worker")
        self._turns = asyncio.Semaphore(WORKERS)
        self._idle: list[_Worker] = []
        self._every: set[_Worker] = set()
        self._is_closed = False

    async def analyze(self, files: Mapping[str, str]) -> RiskReport:
        if size_of(files) > MAX_TOTAL_BYTES:
            return too_large()
        question = _frames.framed(_frames.question_of(files))
        async with self._turns:
            worker = await self._take()
            try:
                async with asyncio.timeout(self._deadline_s):
                    report = await worker.ask(question)
            except TimeoutError:
                await self._discard(worker)
                return RiskReport(unreadable=f"takes too long to read: more than {self._deadline_s:g} s")
            except (OSError, ValueError, asyncio.IncompleteReadError):
                await self._discard(worker)
                return RiskReport(unreadable="its reader has failed: too much memory, or a fault of the parser")
            except BaseException:
                await self._discard(worker)
                raise
            if self._is_closed:
                await self._discard(worker)
            else:
                self._idle.append(worker)
            return report

    async def aclose(self) -> None:
        self._is_closed = True
        self._idle.clear()
        await asyncio.gather(*(self._discard(worker) for worker in list(self._every)))

    async def _take(self) -> "_Worker":
        """An idle worker that lives, or a new one that is ready. Raises Unavailable when none can be had."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await self._discard(worker)
        if self._is_closed:
            _refuse("is closed")
        try:
            worker = _Worker(await _started(self._argv))
        except OSError as error:
            _refuse(f"its process cannot be started ({error})")
        self._every.add(worker)
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await worker.ask(_frames.framed({}))  # answered once its imports are done
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            await self._discard(worker)
            _refuse(f"its process does not answer ({type(error).__name__})")
        except BaseException:
            await self._discard(worker)
            raise
        return worker

    async def _discard(self, worker: "_Worker") -> None:
        self._every.discard(worker)
        worker.kill()
        # Killed, it ends whatever happens here; waiting only keeps it from staying as a zombie.
        await asyncio.shield(worker.ended())


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def is_alive(self) -> bool:
        """As the kernel knows it: this process may not have heard yet."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def ask(self, question: bytes) -> RiskReport:
        """Raises OSError and IncompleteReadError when it ends meanwhile, ValueError for an answer that is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question)
        await self._process.stdin.drain()
        size = int.from_bytes(await self._process.stdout.readexactly(_frames.LENGTH_BYTES), "big")
        if size > _frames.MAX_ANSWER_BYTES:
            raise ValueError("the worker's answer is too long")
        return _frames.report_of(await self._process.stdout.readexactly(size))

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def ended(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_DEADLINE_S):
                await self._process.wait()


async def _started(argv: tuple[str, ...]) -> asyncio.subprocess.Process:
    """Ends with its standard input; where util-linux is installed, the kernel also kills it when the Host is killed."""
    return await asyncio.create_subprocess_exec(
        *dying_with_us(),
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0"},
        cwd=AWAY,
        start_new_session=True,
    )


def _refuse(why: str) -> NoReturn:
    raise Unavailable(f"the analyzer of code {why}")


def create(context: AdapterContext) -> IsolatedCodeAnalyzer:
    return IsolatedCodeAnalyzer()
