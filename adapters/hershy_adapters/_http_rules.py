"""What an HTTP intermediary keeps to itself, and what it must not send (RFC 9110 and 9112)."""

import re
from collections.abc import Iterator, Sequence

from hershy.core.endpoint import Endpoint
from hershy.errors import InvalidValue
from hershy.programs.ports.proxy import Header

HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
"""Headers about one connection; so is every ``proxy-…`` header and whatever Connection names."""

BODILESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Requests that carry no body unless their headers announce one."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[^\x00-\x20\x7f]*")
_VALUE = re.compile(r"[^\x00\r\n]*")


def end_to_end(headers: Sequence[Header]) -> tuple[Header, ...]:
    """The headers that go on to the other side, in order, repeated ones included."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == "connection" for token in value.split(",")
    }
    return tuple(_without(headers, HOP_BY_HOP | named))


def to_program(headers: Sequence[Header], endpoint: Endpoint) -> tuple[Header, ...]:
    """A request's headers as its program gets them: as received, but for what concerns the caller's connection.

    Host names the endpoint, as for those who use ``proxy_url`` directly. Expect is answered by the server that
    took the request, whose body is then sent on as it comes.
    """
    host = ("Host", endpoint.authority)
    return (host, *_without(end_to_end(headers), {"host", "expect"}))


def _without(headers: Sequence[Header], dropped: frozenset[str] | set[str]) -> Iterator[Header]:
    for name, value in headers:
        lower = name.lower()
        if lower not in dropped and not lower.startswith("proxy-"):
            yield name, value


def announces_body(headers: Sequence[Header]) -> bool:
    return any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)


def require_sendable(method: str, target: str, headers: Sequence[Header]) -> None:
    """Raise InvalidValue for what could be read as more, or other, than one request."""
    if method == "CONNECT" or not _TOKEN.fullmatch(method):
        raise InvalidValue(f"method must be an HTTP token other than CONNECT, not {method!r:.80}")
    if not _TARGET.fullmatch(target):
        raise InvalidValue(f"target must be a path, percent-encoded and beginning with '/', not {target!r:.80}")
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise InvalidValue(f"header {name!r:.80} is not a token and a value on one line")
