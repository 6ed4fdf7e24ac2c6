"""What one user may hold open of the API at one time, so that something is left for the others.

An admin's calls are not counted: whoever runs the Host must get through while somebody holds all there is.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hershy.core.ids import UserID
from hershy.errors import QuotaExceeded
from hershy.programs.ports.api_server import ASGIApp, Receive, Scope, Send

from .._errors import refusal_of
from .admission import ACCESS, access_of
from .body_limit import CLOSE
from .refusing import refuse

RETRY_AFTER_S = 1.0
_STREAMS = "hershy.streams"


@dataclass(frozen=True, slots=True)
class UserShare:
    """``requests``: calls, those to programs and WebSockets included; ``streams``: events and followed logs of them."""

    requests: int = 128
    streams: int = 32


def shared(app: ASGIApp, share: UserShare) -> ASGIApp:
    """Refuse with 429 what one user asks for beyond ``share``. Behind ``admission``, which says who asks."""
    requests = _OpenNow("calls", share.requests, "http_max_requests_per_user")
    streams = _OpenNow("streams", share.streams, "http_max_streams_per_user")

    async def sharing(scope: Scope, receive: Receive, send: Send) -> None:
        user = access_of(scope).principal.user_id if ACCESS in scope else None
        if user is None:
            await app(scope, receive, send)
            return
        try:
            requests.enter(user)
        except QuotaExceeded as error:
            await refuse(refusal_of(error, CLOSE), scope, receive, send)
            return
        scope[_STREAMS] = streams
        try:
            await app(scope, receive, send)
        finally:
            requests.leave(user)

    return sharing


@contextmanager
def one_stream(scope: Scope) -> Iterator[None]:
    """Count a stream of the caller's while it is open. Raises QuotaExceeded."""
    if _STREAMS not in scope:
        yield
        return
    streams: _OpenNow = scope[_STREAMS]
    user = access_of(scope).principal.user_id
    assert user is not None
    streams.enter(user)
    try:
        yield
    finally:
        streams.leave(user)


class _OpenNow:
    """How many of one kind each user has open."""

    def __init__(self, kind: str, most: int, setting: str) -> None:
        self._kind = kind
        self._most = most
        self._setting = setting
        self._open: Counter[UserID] = Counter()

    def enter(self, user: UserID) -> None:
        """Raises QuotaExceeded where the user has as many as a user may."""
        if self._open[user] >= self._most:
            raise QuotaExceeded(
                f"{self._most} {self._kind} of user {user} are open already",
                remedy=f"end some first; the operator's {self._setting} says how many there may be",
                retry_after_s=RETRY_AFTER_S,
            )
        self._open[user] += 1

    def leave(self, user: UserID) -> None:
        self._open[user] -= 1
        if not self._open[user]:
            del self._open[user]
