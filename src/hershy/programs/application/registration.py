"""Registering programs: several at once, all or none, within the operator's limits."""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hershy.access.principals import Principal
from hershy.core.deadline import ended, within
from hershy.core.ids import ProgramID, UserID
from hershy.core.log import get_logger
from hershy.errors import InvalidValue, QuotaExceeded, RepositoryUnavailable
from hershy.programs.domain import journal
from hershy.programs.domain.program import Program
from hershy.programs.ports.event_bus import Happened
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.repository import Record

from .port_leases import PORT_ATTEMPTS
from .registration_rate import RegistrationRate
from .requests import ProgramRequest
from .services import Services
from .supervision.registry import Registry

MOST_AT_ONCE = 100

_log = get_logger("hershy.registration")


class Registration:
    def __init__(self, services: Services, registry: Registry) -> None:
        self._services = services
        self._registry = registry
        self._pending: Counter[UserID] = Counter()
        self._rate = RegistrationRate(services.clock, services.limits.max_registrations_per_minute)

    async def register(self, requests: Sequence[ProgramRequest], by: Principal) -> Sequence[Program]:
        """Give each program an id and a port, write its sources, store it, and supervise it from then on.

        Raises InvalidValue and QuotaExceeded. Failed or cancelled, it leaves nothing behind.
        """
        requests = self._within_limits(requests)
        if by.user_id is not None:
            self._rate.take(by.user_id, len(requests))
        users = Counter(it.user_id for it in requests)
        self._pending += users
        try:
            records = await self._store(requests, by.name)
            for record in records:
                self._registry.supervise(record.program)
                event = Happened(record.program, record.entry)
                self._services.event_bus.publish(record.program.id, record.entry.at, event)
            return [record.program for record in records]
        finally:
            self._pending -= users

    def _within_limits(self, requests: Sequence[ProgramRequest]) -> Sequence[ProgramRequest]:
        """The requests, with defaults lowered to what this Host gives. Raises for what it does not give."""
        limits = self._services.limits
        if not 1 <= len(requests) <= MOST_AT_ONCE:
            raise InvalidValue(f"programs: 1 to {MOST_AT_ONCE} can be registered at once, not {len(requests)}")
        accepted = []
        for index, request in enumerate(requests):
            try:
                accepted.append(self._accepted(request))
            except InvalidValue as error:
                if len(requests) == 1:
                    raise
                raise InvalidValue(f"programs.{index}: {error}") from error
        self._require_room(
            "on this Host", len(self._registry) + self._pending.total(), len(requests), limits.max_programs
        )
        for user_id, wanted in Counter(it.user_id for it in requests).items():
            present = self._registry.count_of(user_id) + self._pending[user_id]
            self._require_room(f"of user {user_id}", present, wanted, limits.max_programs_per_user)
        return accepted

    def _accepted(self, request: ProgramRequest) -> ProgramRequest:
        limits = self._services.limits
        size = request.build.size
        if size > limits.max_source_bytes:
            raise InvalidValue(f"src_files: {size} bytes with the Dockerfile; at most {limits.max_source_bytes}")
        limits.build_policy.require(request.build)
        resources = request.options.resources.within(limits.max_resources)
        egress = request.options.egress.within(limits.egress)
        return replace(request, options=replace(request.options, resources=resources, egress=egress))

    def _require_room(self, whose: str, present: int, wanted: int, most: int) -> None:
        if present + wanted > most:
            raise QuotaExceeded(
                f"{present} of {most} programs {whose} exist already", remedy="delete some to make room"
            )

    async def _store(self, requests: Sequence[ProgramRequest], actor: str) -> Sequence[Record]:
        programs: list[Program] = []
        storing = asyncio.ensure_future(self._lease_and_store(requests, programs, actor))
        try:
            return await asyncio.shield(storing)
        except BaseException:
            undoing = asyncio.ensure_future(self._undo(storing, programs))
            with contextlib.suppress(asyncio.CancelledError):
                await ended(undoing)
            raise

    async def _lease_and_store(
        self, requests: Sequence[ProgramRequest], programs: list[Program], actor: str
    ) -> Sequence[Record]:
        services = self._services
        for request in requests:
            build_id = request.build.build_id
            program_id = ProgramID.compose(request.user_id, build_id, secrets.token_hex(4))
            now = services.clock.now()
            programs.append(
                Program(
                    id=program_id,
                    user_id=request.user_id,
                    build_id=build_id,
                    publish_port=services.port_leases.lease(program_id),
                    created_at=now,
                    updated_at=now,
                    build_args=request.build.build_args,
                    options=request.options,
                )
            )
        looking = asyncio.ensure_future(self._on_free_ports(programs))
        try:
            for request, program in zip(requests, programs, strict=True):
                await services.storage.write_sources(program.id, request.build)
        finally:
            await ended(looking)
        programs[:] = looking.result()
        return await services.repository.add([Record(it, journal.registration(it, actor)) for it in programs])

    async def _on_free_ports(self, programs: Sequence[Program]) -> list[Program]:
        return [await self._on_a_free_port(it) for it in programs]

    async def _on_a_free_port(self, program: Program) -> Program:
        """Callers keep the address that they are told now, so a port that a stranger holds is passed over already."""
        services = self._services
        runtime, leases = services.runtime, services.port_leases
        if not isinstance(runtime, LocalRuntime):
            return program
        for _ in range(PORT_ATTEMPTS):
            assert program.publish_port is not None, "a local runtime's programs are leased one"
            looking = runtime.is_port_free(program.publish_port)
            if await within(services.clock, services.limits.engine, f"looking for a port for {program.id}", looking):
                break
            port = leases.exchange(program.id)
            leases.confirm(program.id, port)
            program = replace(program, publish_port=port)
        return program

    async def _undo(self, storing: asyncio.Future[Sequence[Record]], programs: Sequence[Program]) -> None:
        """Compensate in reverse. What can't be taken back now is found when the Host starts the next time."""
        await asyncio.wait({storing})
        error = storing.exception()
        services = self._services
        for program in reversed(programs):
            try:
                if error is None or isinstance(error, RepositoryUnavailable):  # which may have stored it all the same
                    await services.repository.remove(journal.deletion(program, services.clock.now()))
                await services.storage.delete(program.id)
                services.port_leases.release(program.id)
            except Exception as failure:
                _log.error("registration not undone", program_id=str(program.id), error=str(failure))
