"""Identifiers accept what their rule says and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hershy.core.endpoint import Endpoint
from hershy.core.ids import BuildID, ContainerID, OwnerID, ProgramID, PublishPort, UserID
from hershy.errors import InvalidValue


@pytest.mark.parametrize("text", ["a", "alice", "team-7.bob_x", "0", "A" * 63, "a-b", "1.2"])
def test_user_id_accepts_letters_digits_and_inner_punctuation(text: str) -> None:
    """Valid user ids print as they were given."""
    assert str(UserID(text)) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", ".a", "a.", "_a", "a_", "a" * 64, "a b", "a/b", "ä", "a\n", "a\0", "../etc"]
)
def test_user_id_refuses_everything_else(text: str) -> None:
    """Invalid user ids raise, naming the rule."""
    with pytest.raises(InvalidValue, match="UserID must be 1 to 63"):
        UserID(text)


@given(st.text(alphabet="abz019AZ.-_", min_size=1, max_size=70))
def test_user_id_rule_holds_for_any_text(text: str) -> None:
    """First and last character are alphanumeric and the length is 1 to 63, or it raises."""
    allowed = len(text) <= 63 and text[0].isalnum() and text[-1].isalnum()
    if allowed:
        assert UserID(text).value == text
    else:
        with pytest.raises(InvalidValue):
            UserID(text)


def test_ids_of_different_types_are_never_equal() -> None:
    """Two value objects with the same text but other types differ."""
    assert UserID("abc") != ContainerID("abc")
    assert len({UserID("abc"), UserID("abc"), ContainerID("abc")}) == 2


def test_wrong_types_are_refused() -> None:
    """A number is not a user id, a text or a bool no port."""
    for wrong in (7, None, b"abc"):
        with pytest.raises(InvalidValue):
            UserID(wrong)  # type: ignore[arg-type]
    for wrong in ("19001", True, 19001.0, None):
        with pytest.raises(InvalidValue):
            PublishPort(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("port", [19001, 29999])
def test_publish_port_accepts_the_ends_of_its_range(port: int) -> None:
    """The range is inclusive, and a port knows its URL."""
    assert int(PublishPort(port)) == port
    assert PublishPort(port).url == f"http://localhost:{port}"
    assert PublishPort(port).endpoint == Endpoint("127.0.0.1", port, name="localhost")


@pytest.mark.parametrize("port", [19000, 30000, 0, -1, 80, 65536])
def test_publish_port_refuses_others(port: int) -> None:
    """Ports outside 19001 to 29999 raise."""
    with pytest.raises(InvalidValue, match="19001 to 29999"):
        PublishPort(port)


def test_program_id_joins_user_build_and_nonce() -> None:
    """``{user_id}-{build_id}-{8 hex}``, and it reads back as itself."""
    program_id = ProgramID.compose(UserID("a-b.c"), BuildID("build-0123456789ab"), "deadbeef")
    assert str(program_id) == "a-b.c-build-0123456789ab-deadbeef"
    assert ProgramID(str(program_id)) == program_id


@pytest.mark.parametrize(
    "text",
    ["", "nope", "alice-build-0123456789ab", "alice-build-0123456789ab-DEADBEEF", "-build-0123456789ab-deadbeef"],
)
def test_malformed_program_ids_are_refused(text: str) -> None:
    """Anything but the exact form raises."""
    with pytest.raises(InvalidValue):
        ProgramID(text)


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    """An error message does not repeat a megabyte of bad input."""
    with pytest.raises(InvalidValue) as caught:
        OwnerID("x" * 1_000_000)
    assert len(str(caught.value)) < 300
