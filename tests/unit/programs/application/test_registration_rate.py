"""How fast one user may register programs; an admin, and a Host without users, may as they like."""

from datetime import timedelta

import pytest

from hershy import BuildSpec, ProgramRequest, UserID
from hershy.access.principals import LOCAL, Principal
from hershy.errors import QuotaExceeded
from hershy.programs.application.registration_rate import RegistrationRate
from hershy.testing.twins import Twins
from hershy_adapters.memory.clock import VirtualClock

ALICE, BOB = UserID("alice"), UserID("bob")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


async def test_a_minute(clock: VirtualClock) -> None:
    """As many as in a minute at once, then one whenever its part of the minute has passed; others are not concerned."""
    rate = RegistrationRate(clock, 4)
    rate.take(ALICE, 3)
    rate.take(ALICE, 1)
    with pytest.raises(QuotaExceeded, match="user alice") as refused:
        rate.take(ALICE, 1)
    assert refused.value.retry_after_s == pytest.approx(15)
    assert "15 s" in refused.value.remedy
    rate.take(BOB, 4)
    await clock.sleep(timedelta(seconds=15))
    rate.take(ALICE, 1)
    with pytest.raises(QuotaExceeded):
        rate.take(ALICE, 1)
    await clock.sleep(timedelta(seconds=60))
    rate.take(ALICE, 4)


async def test_refused_costs_nothing(clock: VirtualClock) -> None:
    """More than is left takes nothing of what is left; more than ever can be says so."""
    rate = RegistrationRate(clock, 4)
    rate.take(ALICE, 2)
    with pytest.raises(QuotaExceeded, match="as many"):
        rate.take(ALICE, 3)
    with pytest.raises(QuotaExceeded, match="not 5 at once") as refused:
        rate.take(ALICE, 5)
    assert refused.value.retry_after_s is None
    rate.take(ALICE, 2)


async def test_users_of_long_ago_are_forgotten(clock: VirtualClock) -> None:
    """What is kept of a user ends with the minute."""
    rate = RegistrationRate(clock, 4)
    for number in range(100):
        rate.take(UserID(f"user{number}"), 4)
    await clock.sleep(timedelta(seconds=61))
    rate.take(ALICE, 1)
    assert list(rate._free_at) == [ALICE]


async def test_on_a_host(hershy_twins: Twins) -> None:
    """A user's token that registers and deletes in a loop is refused, and leaves nothing; nobody else is."""
    request = ProgramRequest(UserID("alice"), BuildSpec("FROM scratch"))
    alice, host = Principal("token x (alice)", ALICE), hershy_twins.host
    for _ in range(600):
        program = await host.create(request, by=alice)
        await host.delete(program.id, by=alice)
    with pytest.raises(QuotaExceeded):
        await host.create(request, by=alice)
    assert not await host.list()
    await host.create(request, by=LOCAL)
    await host.create(request, by=Principal("token y (admin)"))
