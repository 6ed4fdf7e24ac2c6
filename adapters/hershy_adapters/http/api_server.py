"""UvicornApiServer: serves the Host API at an address."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace

import uvicorn

from hershy.access.principals import Authentication, is_loopback
from hershy.core.adapter import AdapterContext
from hershy.core.log import get_logger
from hershy.errors import ConfigurationError
from hershy.programs.ports.api_server import DEFAULT_HOST, DEFAULT_PORT, ApiServer, ASGIApp

from ._server.connection import Bounds, bounded
from ._server.middleware import answer_when_cut
from ._server.open_files import room_for
from ._server.wired import wired_app

MAX_CONNECTIONS = Bounds().max_connections
GRACE_S = 3
MAX_WEBSOCKET_MESSAGE_BYTES = 16 * 1024 * 1024
_STARTUP_POLL_S = 0.005
_KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""A machine that has vanished with a connection open is noticed within two minutes."""

_log = get_logger("hershy.http")


def create(context: AdapterContext) -> ApiServer:
    host, port = context.setting("http_host", str), context.setting("http_port", int)
    bounds = Bounds(max_connections=context.option("max_connections", MAX_CONNECTIONS))
    authenticates = context.setting("auth", Authentication) is not Authentication.NONE
    return UvicornApiServer(wired_app(context, checks_names=True), host, port, bounds, authenticates=authenticates)


class UvicornApiServer(ApiServer):
    """Listens on ``host:port``, a loopback address unless ``app`` authenticates; port 0 takes a free one.

    Runs in the caller's event loop and leaves its signal handlers alone. Requests that still run ``GRACE_S``
    seconds after ``aclose`` are cut: with 503 where no answer has begun. ``bounds`` is what each caller, and all of
    them together, can make it hold open; the process's soft limit of open files is raised to what that takes.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        bounds: Bounds | None = None,
        *,
        authenticates: bool = False,
    ) -> None:
        if not (authenticates or is_loopback(host)):
            raise ConfigurationError(
                f"http_host must be a loopback address, not {host!r:.80}, while nobody is authenticated: whoever "
                "reached it would control every program",
                remedy=(
                    "'hershy token create --admin' makes a token, and the "
                    'setting auth="tokens" (HERSHY_AUTH) asks callers for one'
                ),
            )
        self._app = answer_when_cut(app, lambda: self._server is not None and self._server.should_exit)
        self._host = host
        self._port = port
        self._bounds = bounds or Bounds()
        self._url = ""
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._server is not None:
            raise RuntimeError("the server has been started already")
        listener = _listen(self._host, self._port)
        try:
            bounds = replace(self._bounds, max_connections=self._room())
            self._server = _Server(
                uvicorn.Config(
                    self._app,
                    http=bounded(bounds),
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    # Answers of programs carry these of their own, and X-Forwarded-… is theirs to read.
                    server_header=False,
                    date_header=False,
                    proxy_headers=False,
                    ws_max_size=MAX_WEBSOCKET_MESSAGE_BYTES,
                    timeout_graceful_shutdown=GRACE_S,
                )
            )
            self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
            while not self._server.started:
                if self._serving.done():
                    self._serving.result()
                await asyncio.sleep(_STARTUP_POLL_S)
        except BaseException:
            listener.close()
            raise
        host, port = listener.getsockname()[:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def url(self) -> str:
        if not self._url:
            raise RuntimeError("the server has no address before it is started")
        return self._url

    def _room(self) -> int:
        wanted = self._bounds.max_connections
        room = room_for(wanted)
        if room < wanted:
            _log.warning("fewer connections than max_connections: raise the limit of open files", room=room)
        return room

    async def aclose(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.shield(self._serving)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the application around this server."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio does so only where a socket was made with the protocol's number; bodies would come 40 ms after heads.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for level, option, value in _KEEP_ALIVE:
            listener.setsockopt(level, option, value)  # what is accepted here inherits it
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror})",
            remedy="stop what uses it, or set http_port to another port",
        ) from error
    return listener
