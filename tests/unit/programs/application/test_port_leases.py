"""A publish port belongs to one program at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hershy.core.ids import BuildID, ProgramID, PublishPort, UserID
from hershy.errors import AlreadyExists, QuotaExceeded
from hershy.programs.application.port_leases import PortLeases


def program_id(number: int) -> ProgramID:
    return ProgramID.compose(UserID("a"), BuildID("build-0123456789ab"), f"{number:08x}")


def test_ports_are_handed_out_in_sequence_and_rest_after_release() -> None:
    """A released port comes back only after all the others had their turn."""
    leases = PortLeases(19001, 19003)
    assert [leases.lease(program_id(number)).value for number in range(2)] == [19001, 19002]
    leases.release(program_id(0))
    leases.release(program_id(0))
    assert [leases.lease(program_id(number)).value for number in (2, 3)] == [19003, 19001]
    with pytest.raises(QuotaExceeded, match="all 3 publish ports are leased; delete a program"):
        leases.lease(program_id(4))
    with pytest.raises(QuotaExceeded):
        leases.exchange(program_id(3))
    assert len(leases) == 3


def test_a_lease_is_restored_once() -> None:
    """A port known from before a restart is not handed out, and not restored for two."""
    leases = PortLeases()
    leases.restore(program_id(0), PublishPort(19001))
    assert leases.lease(program_id(1)) == PublishPort(19002)
    with pytest.raises(AlreadyExists):
        leases.restore(program_id(2), PublishPort(19002))
    with pytest.raises(AlreadyExists):
        leases.lease(program_id(1))


def test_an_exchanged_port_is_given_up_only_when_the_other_is_saved() -> None:
    """Until then both are the program's; whichever is confirmed stays, the other is free."""
    leases = PortLeases(19001, 19003)
    old = leases.lease(program_id(0))
    new = leases.exchange(program_id(0))
    assert leases.lease(program_id(1)) == PublishPort(19003)
    with pytest.raises(QuotaExceeded):
        leases.lease(program_id(2))
    leases.confirm(program_id(0), new)
    assert leases.lease(program_id(2)) == old
    leases.release(program_id(1))
    leases.exchange(program_id(0))
    leases.confirm(program_id(0), new)
    assert leases.lease(program_id(3)) == PublishPort(19003)


STEPS = st.sampled_from(["lease", "release", "exchange", "confirm", "confirm the old one"])


@given(st.lists(st.tuples(st.integers(0, 5), STEPS), max_size=60))
def test_no_two_programs_ever_share_a_port_and_none_is_lost(steps: list[tuple[int, str]]) -> None:
    """Whatever the order; in the end, when all is released, every port can be leased."""
    leases = PortLeases(19001, 19004)
    held: dict[int, list[PublishPort]] = {}
    for number, step in steps:
        owner = program_id(number)
        try:
            if step == "lease":
                held[number] = [leases.lease(owner)]
            elif step == "release":
                leases.release(owner)
                held.pop(number, None)
            elif number in held and step == "exchange":
                held[number].append(leases.exchange(owner))
            elif number in held:
                kept = held[number][0 if step == "confirm the old one" else -1]
                leases.confirm(owner, kept)
                held[number] = [kept]
        except (AlreadyExists, QuotaExceeded):
            assert number in held or sum(map(len, held.values())) == 4
        ports = [port for several in held.values() for port in several]
        assert len(set(ports)) == len(ports)
    for number in held:
        leases.release(program_id(number))
    assert len({leases.lease(program_id(10 + number)) for number in range(4)}) == 4
