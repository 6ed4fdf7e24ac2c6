"""How the loopback proxy puts a request to its HTTP client; what all proxies keep to themselves."""

import pytest

from hershy.core.ids import PublishPort
from hershy_adapters._http_rules import announces_body, end_to_end, to_program
from hershy_adapters.loopback._sending import as_sent
from hershy_adapters.loopback._sessions import url_of

PORT = PublishPort(19001).endpoint


@pytest.mark.parametrize("target", ["/", "/a%2Fb", "//a//b", "/../x", "/?a=1?b", "/%zz", "/a:b@c", "/a?x=http://y/"])
def test_target(target: str) -> None:
    """A target is what the program sees, never a part of the address."""
    url = url_of(PORT, target)
    assert url.raw_path_qs == target
    assert (url.host, url.port) == ("127.0.0.1", 19001)


def test_header_bytes() -> None:
    """UTF-8 read as Latin-1 is undone; what never was UTF-8 stays as read."""
    sent = as_sent([("A", "\u00c3\u00a4"), ("B", "\u00e4"), ("A", "plain")])
    assert list(sent.items()) == [("A", "\u00e4"), ("B", "\u00e4"), ("A", "plain")]


def test_end_to_end() -> None:
    """What Connection names stays behind, in any case and however often it occurs."""
    headers = [("Connection", "a, B"), ("connection", "c"), ("A", "1"), ("b", "2"), ("C", "3"), ("D", "4")]
    assert end_to_end(headers) == (("D", "4"),)


def test_to_program() -> None:
    """Host becomes the publish port; Expect was answered by whoever took the request."""
    headers = [("host", "evil"), ("Expect", "100-continue"), ("X", "1")]
    assert to_program(headers, PORT) == (("Host", "localhost:19001"), ("X", "1"))


def test_announces_body() -> None:
    """Content-Length or Transfer-Encoding announce a body, nothing else."""
    assert announces_body([("content-length", "0")])
    assert announces_body([("Transfer-Encoding", "chunked")])
    assert not announces_body([("Content-Type", "text/plain")])
