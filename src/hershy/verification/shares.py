"""What becomes of a probe, and of those beside it, that takes more than its share. Each has a program of its own."""

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any

from hershy.client import AsyncClient, ProgramInfo
from hershy.errors import HershyError, WaitTimeout
from hershy.programs.domain.state import ProgramState

from .programs import LIMITS, MIB, Probe, Probes, post
from .rows import CheckResult, Row

BOUNDED = "bounded"
END_PATIENCE = timedelta(seconds=60)
BUSY_S = 3
BUSY_PROCESSES = 3
ROOMY = {"memory_bytes": 512 * MIB}
"""So that it is not the memory of all its processes that ends a fork bomb."""
LEEWAY = 1.4
"""An engine gives processor time in slices, and measures from outside, with what encloses the program."""
MOST_LOG_LINES = 100_000


async def taken(probes: Probes, beside: Probe) -> AsyncGenerator[Row, None]:
    """Rows, as they come. ``beside`` must still answer after each."""
    for attempt in (_processes, _memory, _all_memory, _state, _entries, _log, _processor):
        more = ROOMY if attempt is _processes else {}
        async with probes.deployed({**LIMITS, **more}) as probe:
            row = await attempt(probe)
        answer = (await beside.ask("who-am-i")).verdict
        if answer is CheckResult.INCONCLUSIVE:
            row = row.judged(CheckResult.BREACHED, f"{row.happened}; a program beside it does not answer any more")
        yield row


async def _processes(probe: Probe) -> Row:
    row = Row("processes", BOUNDED, "a fork bomb", "", CheckResult.INCONCLUSIVE)
    return await _or_its_end(probe, row, "processes", {"limit": LIMITS["pids"]}, ())


async def _memory(probe: Probe) -> Row:
    row = Row("memory", BOUNDED, "take more memory than its limit, in a child", "", CheckResult.INCONCLUSIVE)
    return await _or_its_end(probe, row, "memory", {"limit": LIMITS["memory_bytes"]}, ("out_of_memory",))


async def _or_its_end(probe: Probe, row: Row, name: str, given: Mapping[str, Any], kinds: tuple[str, ...]) -> Row:
    """A sandbox as a whole may be what is killed: then there is no answer, and an exit that says why."""
    try:
        answered = await probe.ask(name, **given)
    except HershyError:
        ended = await _ended(probe.client, probe.program_id)
        return _judged_by_exit(row, ended, kinds)
    if answered.verdict is CheckResult.INCONCLUSIVE:
        ended = await _ended(probe.client, probe.program_id, timedelta(seconds=2))
        if ended is not None:
            return _judged_by_exit(row, ended, kinds)
    return row.judged(answered.verdict, answered.happened)


async def _all_memory(probe: Probe) -> Row:
    row = Row(
        "all-memory", BOUNDED, "take more memory than its limit, as the program itself", "", CheckResult.INCONCLUSIVE
    )
    with contextlib.suppress(HershyError, ValueError):  # nobody is left to answer
        await post(probe.client, probe.program_id, "eat", {})
    return _judged_by_exit(row, await _ended(probe.client, probe.program_id), ("out_of_memory",))


async def _state(probe: Probe) -> Row:
    return await _filled(probe, "fill-state", "fill /state by many files", LIMITS["state_bytes"])


async def _entries(probe: Probe) -> Row:
    return await _filled(probe, "many-entries", "fill /state by files of no size", LIMITS["state_entries"])


async def _filled(probe: Probe, name: str, tried: str, limit: float) -> Row:
    row = Row(name, BOUNDED, tried, "", CheckResult.INCONCLUSIVE)
    try:
        wrote = await probe.ask(name, limit=limit)
    except HershyError:
        wrote = row  # it was stopped before it had written all
    else:
        if wrote.verdict is CheckResult.CONTAINED:
            return row.judged(wrote.verdict, wrote.happened)
    return _judged_by_exit(row, await _ended(probe.client, probe.program_id), ("state_limit",))


async def _log(probe: Probe) -> Row:
    row = Row("fill-log", BOUNDED, "fill the log", "", CheckResult.INCONCLUSIVE)
    wrote = await probe.ask("fill-log", limit=LIMITS["log_bytes"])
    kept = len((await probe.client.logs(probe.program_id, tail=MOST_LOG_LINES)).logs.encode())
    verdict = CheckResult.CONTAINED if 0 < kept <= LIMITS["log_bytes"] else CheckResult.BREACHED
    return row.judged(verdict if kept else CheckResult.INCONCLUSIVE, f"{wrote.happened}, {kept} are kept")


async def _processor(probe: Probe) -> Row:
    row = Row("processor", BOUNDED, "keep every core busy", "", CheckResult.INCONCLUSIVE)
    client, began = probe.client, time.monotonic()
    before = (await client.stats(probe.program_id)).cpu_seconds
    await probe.ask("processor", processes=BUSY_PROCESSES, seconds=BUSY_S)
    after = (await client.stats(probe.program_id)).cpu_seconds
    if before is None or after is None:
        return row.judged(CheckResult.INCONCLUSIVE, "the engine does not say what it has used")
    cores = (after - before) / (time.monotonic() - began)
    verdict = CheckResult.CONTAINED if cores <= LIMITS["cpus"] * LEEWAY else CheckResult.BREACHED
    return row.judged(verdict, f"{cores:.2f} cores were used, {LIMITS['cpus']:g} is its share")


async def _ended(client: AsyncClient, program_id: str, patience: timedelta = END_PATIENCE) -> ProgramInfo | None:
    try:
        return await client.wait_for(program_id, (ProgramState.ERROR, ProgramState.STOPPED), patience)
    except WaitTimeout:
        return None


def _judged_by_exit(row: Row, ended: ProgramInfo | None, kinds: tuple[str, ...]) -> Row:
    if ended is None:
        return row.judged(CheckResult.BREACHED, "it still runs")
    if ended.exit_reason is None:
        return row.judged(CheckResult.INCONCLUSIVE, ended.error_msg)
    words = f"it ended, and alone: {ended.error_msg.splitlines()[0] if ended.error_msg else ended.exit_reason.kind}"
    if kinds and ended.exit_reason.kind not in kinds:
        return row.judged(CheckResult.INCONCLUSIVE, f"{words}; the reason should be {' or '.join(kinds)}")
    return row.judged(CheckResult.CONTAINED, words)
