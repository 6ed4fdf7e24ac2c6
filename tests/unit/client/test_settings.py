"""Where the client looks for the Host, and what bounds it."""

import json
from dataclasses import FrozenInstanceError

import httpx
import pytest

import hershy.client
from hershy.client import Client, MessageReceipt
from hershy.client import _http as http
from hershy.client._lines import MAX_LINE_CHARS, LineDecoder
from hershy.client._sse import MAX_EVENT_CHARS, EventDecoder
from hershy.errors import UnexpectedAnswer


def test_the_address_comes_from_the_argument_then_the_environment_then_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An argument wins; a trailing slash does no harm."""
    monkeypatch.delenv("HERSHY_URL", raising=False)
    assert http.resolve_url(None) == "http://127.0.0.1:9000"
    monkeypatch.setenv("HERSHY_URL", "http://127.0.0.1:9100/")
    assert http.resolve_url(None) == "http://127.0.0.1:9100"
    assert http.resolve_url("https://h.test/hershy/") == "https://h.test/hershy"


def test_the_token_comes_from_the_argument_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent as a bearer's; without one nothing is; one that would be two headers is refused, and not repeated."""
    monkeypatch.delenv("HERSHY_TOKEN", raising=False)
    assert http.resolve_headers(None) == {}
    monkeypatch.setenv("HERSHY_TOKEN", "hershy_1_2\n")
    assert http.resolve_headers(None) == {"Authorization": "Bearer hershy_1_2"}
    assert http.resolve_headers("hershy_3_4") == {"Authorization": "Bearer hershy_3_4"}
    for bad in ("a b", "a\r\nX-Evil: 1", "ä"):
        with pytest.raises(ValueError, match="API token is not one line") as caught:
            http.resolve_headers(bad)
        assert bad not in str(caught.value)


def test_the_token_is_sent_with_every_call() -> None:
    """Streams too, since they share the client's headers."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"programs": [], "count": 0})

    with Client("http://h.test", token="hershy_1_2", transport=httpx.MockTransport(answer)) as client:
        client.list()
    assert seen == ["Bearer hershy_1_2"]


@pytest.mark.parametrize("url", ["localhost:9000", "ftp://h.test", "http://", "http://h.test:port"])
def test_an_address_that_is_no_url_is_refused(url: str) -> None:
    """The error repeats what was given."""
    with pytest.raises(ValueError, match="is not a"):
        Client(url)


def test_a_host_below_a_path_is_reached_below_it() -> None:
    """A Host mounted in another application has a path of its own."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"programs": [], "count": 0})

    with Client("http://h.test/sub", transport=httpx.MockTransport(answer)) as client:
        client.list()
    assert seen == ["http://h.test/sub/programs"]


@pytest.mark.parametrize(
    ("url", "uses"),
    [("http://127.0.0.1:9000", False), ("http://localhost", False), ("http://[::1]:1", False), ("http://h.test", True)],
)
def test_a_host_on_this_machine_is_never_asked_through_a_proxy(url: str, uses: bool) -> None:
    """HTTP_PROXY of the environment applies to other machines only."""
    assert http.uses_environment(url) is uses


def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may answer whatever it likes; the client's memory is bounded."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * 11))
    with Client("http://h.test", transport=transport) as client, pytest.raises(UnexpectedAnswer, match="larger than"):
        client.request("p", "GET", "/")


def test_closing_twice_is_allowed() -> None:
    """close is idempotent."""
    client = Client("http://h.test")
    client.close()
    client.close()


def test_a_line_without_end_is_handed_out_in_pieces() -> None:
    """No line grows beyond the bound."""
    decoder = LineDecoder()
    (piece,) = decoder.feed(b"x" * (MAX_LINE_CHARS + 1))
    assert len(piece) == MAX_LINE_CHARS + 1
    assert list(decoder.feed(b"y\n")) == ["y"]


def test_a_character_split_between_chunks_is_put_together() -> None:
    """UTF-8 sequences may be cut anywhere."""
    decoder = LineDecoder()
    assert [line for byte in "é\n".encode() for line in decoder.feed(bytes([byte]))] == ["é"]


def test_an_event_without_end_is_refused() -> None:
    """A stream of data lines without a blank line does not fill the memory."""
    decoder = EventDecoder()
    decoder.feed("data: " + "x" * MAX_EVENT_CHARS)
    with pytest.raises(UnexpectedAnswer, match="longer than"):
        decoder.feed("data: x")


def test_data_of_several_lines_is_joined() -> None:
    """As server-sent events have it."""
    decoder = EventDecoder()
    assert [decoder.feed(line) for line in ("data: [1,", "data:2]", "")][-1] == ("message", "[1,\n2]")
    assert json.loads("[1,\n2]") == [1, 2]


def test_results_are_frozen() -> None:
    """What was answered does not change."""
    receipt = MessageReceipt("message sent")
    with pytest.raises(FrozenInstanceError):
        receipt.status = "x"  # type: ignore[misc]


def test_the_public_names_exist() -> None:
    """Everything in __all__ is there, and nothing private."""
    assert all(hasattr(hershy.client, name) and not name.startswith("_") for name in hershy.client.__all__)
