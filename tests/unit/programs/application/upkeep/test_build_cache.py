"""What builds leave on the disk for the next, kept within the operator's bounds by the Host's own rounds."""

from datetime import timedelta
from typing import Any

import pytest

from hershy.testing.twins import open_twins, twin_container

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=1)


async def cached_after(wait: timedelta, **settings: Any) -> tuple[int, int]:
    """How many bytes one build has left at once, and how many of them are there after a wait."""
    async with open_twins(twin_container(**settings)) as twins:
        program = await twins.ready()
        left = twins.builder.cache_bytes
        twins.host._housekeeping.start()
        await twins.clock.sleep(wait)
        await twins.host._housekeeping.aclose()
        assert await twins.builder.find(program.build_id) is not None
        return left, twins.builder.cache_bytes


@pytest.mark.parametrize(
    ("settings", "wait"),
    [({"build_cache_bytes": 0}, HOUR + SOON), ({"build_cache_days": 0.5}, 13 * HOUR + SOON)],
    ids=["size", "age"],
)
async def test_the_cache_is_kept_within_its_bounds(settings: dict[str, Any], wait: timedelta) -> None:
    """Within the hour; the image of a program stays."""
    left, remains = await cached_after(wait, **settings)
    assert left > remains == 0


@pytest.mark.parametrize(
    ("settings", "wait"),
    [({}, 2 * HOUR), ({"build_cache_bytes": None, "build_cache_days": 0}, 2 * HOUR)],
    ids=["within", "switched off"],
)
async def test_a_cache_is_left_alone(settings: dict[str, Any], wait: timedelta) -> None:
    """Where it is within its bounds, or there are none."""
    left, remains = await cached_after(wait, **settings)
    assert left == remains > 0
