"""A program's output and its build's: what is there, and what comes."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from hershy.core.deadline import within
from hershy.core.ids import ContainerID, ProgramID
from hershy.errors import ContainerNotFound, RuntimeFailure
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ON_THE_WAY, ProgramState
from hershy.programs.ports.event_bus import BuildLine, Happened, ProgramDeleted
from hershy.programs.ports.runtime import LogLine, LogQuery
from hershy.programs.ports.storage import LogKind

from ..answers import ProgramLogs
from ..services import Services
from ..supervision.registry import Registry


class LogReader:
    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry

    async def read(self, program_id: ProgramID, query: LogQuery) -> ProgramLogs:
        supervisor = self._registry.get(program_id)
        program = supervisor.program
        if program.container_id is None:
            return ProgramLogs(None, await self._archived(program_id, query))
        reading = self._present(program.container_id, replace(query, follow=False))
        limit = self._services.limits.engine
        try:
            lines = await within(self._services.clock, limit, f"reading the logs of {program_id}", reading)
        except (ContainerNotFound, RuntimeFailure):
            now = supervisor.program
            if now.container_id == program.container_id and now.state is not ProgramState.STOPPING:
                raise
            return ProgramLogs(None, await self._archived(program_id, query))  # kept before it is removed
        return ProgramLogs(program.container_id, lines)

    async def follow(self, program_id: ProgramID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        container_id = await self._present_or_coming(self._registry.get(program_id).program)
        if container_id is None:
            for line in await self._archived(program_id, query):
                yield line
            return
        following = replace(query, follow=True)
        async with aclosing(self._services.runtime.logs(container_id, following)) as lines:
            async for line in lines:
                yield line

    async def build(self, program_id: ProgramID, tail: int | None) -> Sequence[str]:
        self._registry.get(program_id)
        return await self._services.storage.log(program_id, LogKind.BUILD).read(tail)

    async def follow_build(self, program_id: ProgramID, tail: int | None) -> AsyncGenerator[str, None]:
        supervisor = self._registry.get(program_id)
        async with self._services.event_bus.subscribe(program_id) as published:
            is_building = supervisor.program.state is ProgramState.BUILDING
            # A line is kept and published at one moment; so those numbered up to what is kept have been read.
            kept = await self._services.storage.log(program_id, LogKind.BUILD).read(None)
            for text in kept if tail is None else kept[max(0, len(kept) - tail) :]:
                yield text
            if not is_building:
                return
            async for it in published:
                match it.notice:
                    case BuildLine(text, number) if number > len(kept):
                        yield text
                    case Happened(program, _) if program.state is not ProgramState.BUILDING:
                        return
                    case ProgramDeleted():
                        return

    async def _present(self, container_id: ContainerID, query: LogQuery) -> tuple[LogLine, ...]:
        return tuple([line async for line in self._services.runtime.logs(container_id, query)])

    async def _archived(self, program_id: ProgramID, query: LogQuery) -> tuple[LogLine, ...]:
        supervisor = self._registry.get(program_id)
        if not supervisor.program.state.is_active:
            await supervisor.settled()  # the end of a container is visible a moment before its logs are kept
        return tuple(await self._services.log_archive.read(program_id, query))

    async def _present_or_coming(self, program: Program) -> ContainerID | None:
        """Wait for the container of a program that is on its way to one."""
        async with self._services.event_bus.subscribe(program.id) as published:
            program = self._registry.get(program.id).program
            while program.container_id is None and program.state in ON_THE_WAY:
                it = await anext(published, None)
                if it is None or isinstance(it.notice, ProgramDeleted):
                    return None
                program = self._registry.get(program.id).program
        return program.container_id
