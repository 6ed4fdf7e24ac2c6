"""What the Host answers, as the wire has it."""

from collections.abc import Sequence
from datetime import datetime

from hershy.builds.spec import DOCKERFILE, BuildSpec
from hershy.core.exits import ExitReason
from hershy.core.ids import ProgramID
from hershy.programs.application import answers
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.proxy import ProxyRoute
from hershy.wire import CreatedProgram, ExitInfo, Journal, JournalInfo, ProgramSource, ProxyInfo, StatsInfo, Transition


def created(program: Program) -> CreatedProgram:
    return CreatedProgram(
        str(program.id), str(program.build_id), program.state, program.proxy_url, created_at=program.created_at
    )


def transition(program: Program, what: str) -> Transition:
    """Something was begun; ``state`` is that before a start, Stopping for a stop or restart."""
    return Transition(str(program.id), program.state, initiated(what))


def initiated(what: str) -> str:
    return f"program {what} initiated"


def exit_info(reason: ExitReason) -> ExitInfo:
    return ExitInfo(reason.kind, reason.code)


def journal_entry(entry: JournalEntry) -> JournalInfo:
    return JournalInfo(
        id=entry.id,
        program_id=str(entry.program_id),
        at=entry.at,
        event=entry.event,
        previous=entry.previous,
        state=entry.state,
        detail=entry.detail,
        error_msg=entry.detail if entry.state is ProgramState.ERROR else "",
        exit_reason=exit_info(entry.exit_reason) if entry.exit_reason else None,
        actor=entry.actor,
    )


def journal(program_id: ProgramID, entries: Sequence[JournalEntry]) -> Journal:
    return Journal(str(program_id), [journal_entry(it) for it in entries], len(entries))


def program_stats(program: Program, stats: answers.ProgramStats, now: datetime) -> StatsInfo:
    container = stats.container
    if container is None:
        return StatsInfo(str(program.id), program.state, now, stats.state_bytes)
    return StatsInfo(
        str(program.id),
        program.state,
        container.at,
        stats.state_bytes,
        cpu_cores=stats.cpu_cores,
        cpu_seconds=container.cpu_seconds,
        memory_bytes=container.memory_bytes,
        memory_limit_bytes=container.memory_limit_bytes,
        pids=container.pids,
        network_rx_bytes=container.network_rx_bytes,
        network_tx_bytes=container.network_tx_bytes,
    )


def program_source(program_id: ProgramID, spec: BuildSpec, at: datetime) -> ProgramSource:
    return ProgramSource(str(program_id), {DOCKERFILE: spec.dockerfile, **spec.src_files}, at)


def proxy_info(program: Program, route: ProxyRoute | None) -> ProxyInfo:
    if route is None:
        return ProxyInfo(str(program.id), open=False)
    return ProxyInfo(
        str(program.id),
        open=True,
        publish_port=None if program.publish_port is None else program.publish_port.value,
        target_url=route.endpoint.url,
        requests=route.requests,
        active=route.active,
        opened_at=route.opened_at,
    )
