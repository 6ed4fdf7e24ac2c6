"""What every Clock must do. Subclass ClockContract and override its ``clock`` fixture."""

import asyncio
from datetime import UTC, timedelta

import pytest

from hershy.core.clock import Clock

TICK = timedelta(milliseconds=5)


@pytest.mark.asyncio
class ClockContract:
    """Override the fixture ``clock``."""

    async def test_now_is_in_utc(self, clock: Clock) -> None:
        """The time of day knows its zone."""
        assert clock.now().tzinfo is UTC

    async def test_sleeping_lets_at_least_the_delay_pass(self, clock: Clock) -> None:
        """Both clocks advance by the delay or more."""
        began, at = clock.monotonic(), clock.now()
        await clock.sleep(TICK)
        assert clock.monotonic() - began >= TICK.total_seconds() * 0.99
        assert clock.now() - at >= TICK * 0.99

    async def test_no_delay_lets_others_run(self, clock: Clock) -> None:
        """A sleep of zero or less returns, after other tasks had a turn."""
        seen: list[str] = []
        other = asyncio.create_task(_note(seen, "other"))
        await clock.sleep(timedelta())
        seen.append("me")
        await clock.sleep(timedelta(seconds=-5))
        await other
        assert seen == ["other", "me"]

    async def test_sleepers_wake_in_order_of_their_moments(self, clock: Clock) -> None:
        """The shorter delay ends first, whichever began first."""
        seen: list[str] = []

        async def sleeper(name: str, delay: timedelta) -> None:
            await clock.sleep(delay)
            seen.append(name)

        await asyncio.gather(sleeper("late", 6 * TICK), sleeper("early", TICK))
        assert seen == ["early", "late"]

    async def test_a_sleep_can_be_cancelled(self, clock: Clock) -> None:
        """Cancelled, it ends at once and disturbs no other sleeper."""
        long = asyncio.create_task(clock.sleep(timedelta(hours=1)))
        await clock.sleep(timedelta())
        long.cancel()
        await clock.sleep(TICK)
        assert long.cancelled()


async def _note(seen: list[str], name: str) -> None:
    seen.append(name)
