"""How a request is put to the HTTP client: headers byte for byte, the body as a stream, a deadline on the answer."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

from multidict import CIMultiDict

from hershy.errors import InvalidValue
from hershy.programs.ports.proxy import Header, ProxyRequest
from hershy_adapters._http_rules import BODILESS_METHODS, announces_body

_LENGTH = re.compile("[0-9]{1,18}")


class Patience:
    """How long to wait for an answer to begin, counted anew from each piece of the request that was sent."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.scope = asyncio.timeout(timeout_s)
        self._answered = False

    def renew(self) -> None:
        if not self._answered:
            self.scope.reschedule(asyncio.get_running_loop().time() + self.timeout_s)

    def answered(self) -> None:
        """An answer may begin before the request's body has ended; the body goes on without a deadline."""
        self._answered = True


def as_sent(headers: Sequence[Header]) -> CIMultiDict[str]:
    """The client encodes header text as UTF-8; undo the Latin-1 reading so that the bytes come out as they were."""
    return CIMultiDict([(name, value if value.isascii() else _utf8(value)) for name, value in headers])


def _utf8(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def upload_of(request: ProxyRequest, headers: CIMultiDict[str], patience: Patience) -> AsyncIterator[bytes] | None:
    """The body to send, None for none; sets Content-Length where it is known and was not given.

    Always a stream: the client never sends a stream twice, but would repeat bytes when a connection breaks.
    """
    if isinstance(request.body, bytes):
        if request.body or "Content-Length" in headers:
            headers["Content-Length"] = str(len(request.body))
        return _stream(_once(request.body), patience, len(request.body)) if request.body else None
    length = _announced(headers)
    if request.method in BODILESS_METHODS and not announces_body(request.headers):
        return None
    return _stream(request.body, patience, length)


def _announced(headers: CIMultiDict[str]) -> int | None:
    """Raises InvalidValue unless there is at most one length, in digits."""
    lengths = headers.getall("Content-Length", [])
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise InvalidValue(f"Content-Length must be one number of bytes, not {', '.join(lengths)!r:.80}")
    return int(lengths[0])


async def _stream(body: AsyncIterator[bytes], patience: Patience, length: int | None) -> AsyncIterator[bytes]:
    """Raising makes the client drop the connection: on it the program would take the next request for the rest."""
    sent = 0
    async for chunk in body:
        patience.renew()
        sent += len(chunk)
        if length is not None and sent > length:
            break
        yield chunk
    if length is not None and sent != length:
        raise InvalidValue(f"the request's body is not of the {length} bytes that its Content-Length announces")
    patience.renew()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
