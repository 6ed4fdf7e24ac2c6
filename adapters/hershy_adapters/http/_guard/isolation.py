"""What keeps a program's answers, which come from the Host's own origin, from acting there as the Host.

Its pages are sandboxed: they run, in an origin of their own, so that what they send to the Host's API says
``Origin: null`` and is refused, and what they get from it they cannot read. Headers that are about the whole origin are
left out; cookies, and redirects within the origin, are held to the program's own path.
"""

from collections.abc import Sequence

from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

from .redirects import redirected

RawHeader = tuple[bytes, bytes]

SANDBOX = (b"content-security-policy", b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads")
OF_THE_HOST = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On answers of the Host's own: they show what programs print, and are for nobody to embed."""

_OF_THE_ORIGIN = frozenset(
    {
        b"alt-svc",
        b"clear-site-data",
        b"nel",
        b"origin-agent-cluster",
        b"report-to",
        b"service-worker-allowed",
        b"strict-transport-security",
    }
)


def own_headers(app: ASGIApp) -> ASGIApp:
    """Put ``OF_THE_HOST`` on every answer of ``app``."""

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        async def marking(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *OF_THE_HOST]
            await send(message)

        await app(scope, receive, marking)

    return marked


def isolated(headers: Sequence[RawHeader], mount: str, target: str, host: str) -> list[RawHeader]:
    """The headers of a program's answer to a request for ``target``; ``mount`` is the path below which the caller, who
    calls the Host ``host``, finds the program."""
    kept = []
    for name, value in headers:
        match name:
            case b"set-cookie":
                kept.append(_cookie((name, value), mount))
            case b"location":
                kept.append(
                    (name, redirected(value.decode("latin-1"), mount, target, host).encode("latin-1", "replace"))
                )
            case _ if name not in _OF_THE_ORIGIN:
                kept.append((name, value))
    return [*kept, SANDBOX]


def _cookie(header: RawHeader, mount: str) -> RawHeader:
    """The same cookie, for ``mount`` and below only."""
    first, *attributes = header[1].split(b";")
    path = b"/"
    kept = [first]
    for attribute in attributes:
        name, _, value = attribute.partition(b"=")
        match name.strip().lower():
            case b"path":
                path = value.strip() if value.strip().startswith(b"/") else b"/"
            case b"domain":
                pass
            case _:
                kept.append(attribute)
    return header[0], b";".join([*kept, b" Path=" + mount.encode("latin-1", "replace") + path])
