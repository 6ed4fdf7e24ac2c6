"""What a caller may do, as the callers' views of a Host and of a sandbox ask for it."""

import pytest

from hershy.access.principals import LOCAL, Principal
from hershy.core.ids import ProgramID, UserID
from hershy.errors import Forbidden, ProgramNotFound

ALICE, BOB = UserID("alice"), UserID("bob")
ALICES = ProgramID(f"alice-build-{'0' * 12}-{'0' * 8}")


def test_a_user_s_own() -> None:
    """Programs of its own, registered for itself; a share of the sandbox for each user, however many its tokens are."""
    one, other = Principal("token 1 (alice)", ALICE), Principal("token 2 (alice)", ALICE)
    assert one.own(ALICES) == ALICES
    one.require_own_user(ALICE)
    assert one.share == other.share == ALICE


def test_what_is_another_s() -> None:
    """A program of another user does not exist; registering one for it, and what tells of everybody, is forbidden."""
    bob = Principal("token 3 (bob)", BOB)
    with pytest.raises(ProgramNotFound):
        bob.own(ALICES)
    with pytest.raises(Forbidden, match="for user bob"):
        bob.require_own_user(ALICE)
    with pytest.raises(Forbidden, match=r"all users.*admin's token"):
        bob.require_admin("it tells of all users")


def test_who_may_do_everything() -> None:
    """An admin, and whoever calls in this process; no share of the sandbox bounds them."""
    for it in (LOCAL, Principal("token 4 (admin)")):
        assert it.own(ALICES) == ALICES
        it.require_own_user(BOB)
        it.require_admin("it tells of all users")
        assert it.share is None
