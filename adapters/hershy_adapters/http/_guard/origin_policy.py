"""What browsers are kept from doing to a Host on the machine they run on.

A page on the web can make its visitor's browser send requests to loopback. It gets an address of its own by letting its
name point to 127.0.0.1 (DNS rebinding), which the Host header gives away; and it can send without reading, which
``Origin`` and ``Sec-Fetch-Site`` give away. No answer carries a CORS header, so that nothing can be read across.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from hershy.programs.ports.api_server import ASGIApp, Receive, Scope, Send

from .._errors import refusal
from .refusing import refuse

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY = "*"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_ELSEWHERE = frozenset({"cross-site", "same-site"})  # same-site: another port of this machine, a program's say
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:/@\[\]]+))(?::(?P<port>\d*))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """``hosts``: names this Host answers to beside loopback's and the address that a caller has connected to; None or
    one that is ``*`` for every name. ``origins``: of pages that may call it from a browser, ``https://example.org``.
    """

    hosts: Collection[str] | None = None
    origins: Collection[str] = ()

    def knows(self, scope: Scope) -> bool:
        if self.hosts is None or ANY in self.hosts:
            return True
        names = _values(scope, b"host")
        match = _AUTHORITY.fullmatch(names[0]) if len(names) == 1 else None
        if match is None:
            return False
        name = (match["v6"] or match["name"]).lower().removesuffix(".")
        address = (scope.get("server") or ("",))[0]
        return name in LOOPBACK or name == address or name in {it.lower() for it in self.hosts}

    def lets_in(self, scope: Scope) -> bool:
        """Whether no page of elsewhere has sent it, or it can change nothing."""
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return True
        origins = _values(scope, b"origin")
        if origins:
            return all(it in self.origins or _is_own(it, scope) for it in origins)
        return not _ELSEWHERE.intersection(_values(scope, b"sec-fetch-site"))


def guarded(app: ASGIApp, origin_policy: OriginPolicy) -> ASGIApp:
    """Refuse before anything else what comes through the back."""

    async def guarding(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
        elif not origin_policy.knows(scope):
            given = " ".join(_values(scope, b"host"))
            remedy = "if it is, the setting allowed_hosts makes that known"
            answer = refusal(
                HTTPStatus.MISDIRECTED_REQUEST, f"no Host of the name {given!r:.100} is here", remedy=remedy
            )
            await refuse(answer, scope, receive, send)
        elif not origin_policy.lets_in(scope):
            message, remedy = "a web page of another origin may not do this", "if it is yours, set allowed_origins"
            await refuse(refusal(HTTPStatus.FORBIDDEN, message, remedy=remedy), scope, receive, send)
        else:
            await app(scope, receive, send)

    return guarding


def _is_own(origin: str, scope: Scope) -> bool:
    """By authority alone: whether TLS ended in front of this server, it cannot know."""
    scheme, separator, authority = origin.partition("://")
    hosts = _values(scope, b"host")
    default = _DEFAULT_PORTS.get(scheme)
    if not separator or default is None or len(hosts) != 1:
        return False
    own, its = _with_port(hosts[0], default), _with_port(authority, default)
    return its is not None and own == its


def _with_port(authority: str, default: str) -> tuple[str, str] | None:
    match = _AUTHORITY.fullmatch(authority)
    return None if match is None else ((match["v6"] or match["name"]).lower(), match["port"] or default)


def _values(scope: Scope, name: bytes) -> Sequence[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
