"""A Host killed with SIGKILL at every boundary of a program's life: the next one makes it good, on the real engine."""

import asyncio
import itertools
import secrets
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.integration.killed_host.lanes import Lane, open_lane
from tests.integration.killed_host.life import LIVES, PORTS_EACH, Job, Strike
from tests.integration.killed_host.plan import strikes
from tests.integration.killed_host.verdict import clean_up, judge

LANES = 5
FIRST_PORT = 20_000
UNDER_GVISOR = 5
WITH_TOKENS = 20
LEAST_STRUCK = 0.9
"""Of the boundaries of one life nearly all are met in the next; how often a port is polled varies."""


class Killing:
    """Lives on several lanes at once, each with ports and folders of its own."""

    def __init__(self, lanes: Sequence[Lane], home: Path, image: str) -> None:
        self._free: asyncio.Queue[Lane] = asyncio.Queue()
        for lane in lanes:
            self._free.put_nowait(lane)
        self._home = home
        self._image = image
        self._numbers = itertools.count()

    async def live(
        self, runtime: str, life: str, strike: Strike | None = None, with_tokens: bool = False
    ) -> tuple[Job, bool]:
        """One of ``LIVES``, and whether it was cut short."""
        number = next(self._numbers)
        first_port = FIRST_PORT + number * PORTS_EACH
        home, name = str(self._home / f"{number:03}"), secrets.token_hex(8)
        job = Job(home, life, runtime, self._image, name, first_port, strike, with_tokens)
        lane = await self._free.get()
        try:
            code = await lane.run(job)
            try:
                assert code == 0 or (strike is not None and code == -signal.SIGKILL), code
                await judge(job)
            except Exception as error:
                await asyncio.to_thread(clean_up, job)
                raise AssertionError(f"killed {strike}: {error!r}\n{_log(job, code)}") from error
        finally:
            self._free.put_nowait(lane)
        return job, code != 0

    async def moments(self) -> Sequence[tuple[str, Strike]]:
        """Every life with every moment of it, as whole lives under runc show them."""
        whole = await asyncio.gather(*(self.live("runc", life) for life in LIVES))
        return [(job.life, strike) for job, _ in whole for strike in strikes(job)]

    async def strike_all(self, runtime: str, chosen: Sequence[tuple[str, Strike]], with_tokens: bool = False) -> None:
        began = time.monotonic()
        lives = (self.live(runtime, life, strike, with_tokens) for life, strike in chosen)
        outcomes = await asyncio.gather(*lives, return_exceptions=True)
        failures = [str(it) for it in outcomes if isinstance(it, BaseException)]
        assert not failures, f"{len(failures)} of {len(chosen)}:\n" + "\n".join(failures)
        struck = sum(it[1] for it in outcomes if not isinstance(it, BaseException))
        print(f"killed at {struck} of {len(chosen)} boundaries under {runtime} in {time.monotonic() - began:.0f} s")
        assert struck >= LEAST_STRUCK * len(chosen)


def _log(job: Job, code: int) -> str:
    log = Path(job.home) / "log"
    return f"{job.home} ended with {code}\n{log.read_text()[-3000:] if log.exists() else ''}"


@pytest.fixture
async def killing(busybox_image: str, tmp_path: Path) -> AsyncIterator[Killing]:
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(open_lane()) for _ in range(LANES)]
        yield Killing(lanes, tmp_path, busybox_image)


async def test_a_host_killed_at_any_boundary_is_made_good_by_the_next(killing: Killing) -> None:
    """No orphan container, no second one, no lost port, no acknowledged program missing, nothing left in the end."""
    await killing.strike_all("runc", await killing.moments())


async def test_so_it_is_under_gvisor(killing: Killing) -> None:
    """A sample of the moments, spread over the lives."""
    found = await killing.moments()
    await killing.strike_all("runsc", found[5 :: len(found) // UNDER_GVISOR][:UNDER_GVISOR])


async def test_so_it_is_with_tokens(killing: Killing) -> None:
    """A sample of the moments, in lives of a Host that looks at tokens, beside which a command has made one."""
    found = await killing.moments()
    await killing.strike_all("runc", found[2 :: len(found) // WITH_TOKENS][:WITH_TOKENS], with_tokens=True)
