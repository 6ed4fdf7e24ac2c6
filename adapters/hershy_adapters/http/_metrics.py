"""Requests counted, by route template: never by what callers choose, so that their number of series is bounded."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder

from hershy.programs.ports.api_server import ASGIApp, Message, Receive, Scope, Send

ROUTE = "hershy.route"
"""Where in the scope a route that the framework does not know leaves its template."""

UNMATCHED = "unmatched"
OTHER = "OTHER"
WEBSOCKET = "WEBSOCKET"
CALLER_GONE = 499
"""Nothing was answered. nginx's code for it."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class HttpMetrics:
    """Of one application: an application mounted twice counts both times."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "hershy_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "hershy_http_request_seconds",
            "From a request to the beginning of its answer",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)


def measured(app: ASGIApp, metrics: HttpMetrics) -> ASGIApp:
    async def measuring(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        status, answered = CALLER_GONE, began

        async def noting(message: Message) -> None:
            nonlocal status, answered
            if (now := _status(message)) is not None and status == CALLER_GONE:
                status, answered = now, time.perf_counter()
            await send(message)

        try:
            await app(scope, receive, noting)
        finally:
            if status == CALLER_GONE:
                answered = time.perf_counter()
            metrics.observe(_method(scope), _route(scope), status, answered - began)

    return measuring


def exposition(accept: str, *registries: CollectorRegistry) -> tuple[bytes, str]:
    """All metrics in the format that the scraper prefers, and its media type."""
    encode, media_type = choose_encoder(accept)
    return b"".join(encode(it) for it in registries), media_type


def _status(message: Message) -> int | None:
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            status: int = message["status"]
            return status
        case "websocket.accept":
            return 101
        case "websocket.close":
            return 403
    return None


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return WEBSOCKET
    method: str = scope["method"]
    return method if method in _METHODS else OTHER


def _route(scope: Scope) -> str:
    if ROUTE in scope:
        return str(scope[ROUTE])
    return str(getattr(scope.get("route"), "path", UNMATCHED))
