"""What both transports share: the address, the deadlines, and how httpx's errors are told."""

import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx

from hershy.errors import HostTimeout, HostUnreachable, UnexpectedAnswer

DEFAULT_URL = "http://127.0.0.1:9000"
URL_VARIABLE = "HERSHY_URL"
TOKEN_VARIABLE = "HERSHY_TOKEN"  # noqa: S105

DEFAULT_TIMEOUT = timedelta(seconds=60)
"""Of a call's answer. A deletion waits for the program to stop, so it is well above the stop's grace."""

CONNECT_TIMEOUT_S = 5.0
EVENTS_SILENCE_S = 60.0
"""The Host sends a comment every 15 s on an event stream; four of them missing means it is gone."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""More than this is refused rather than kept in memory: a program may answer whatever it likes."""


def resolve_url(base_url: str | None) -> str:
    """The argument, else HERSHY_URL, else the default; without a trailing slash. Raises ValueError."""
    url = (base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r:.200} is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"{url!r:.200} is not an http:// or https:// URL")
    return url


def resolve_headers(token: str | None) -> dict[str, str]:
    """With the argument, else HERSHY_TOKEN, as credential; none without either. Raises ValueError, not telling it."""
    text = (token or os.environ.get(TOKEN_VARIABLE) or "").strip()
    if not text:
        return {}
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("the API token is not one line of visible characters; 'hershy token create' prints one")
    return {"Authorization": f"Bearer {text}"}


def uses_environment(url: str) -> bool:
    """Whether proxies named in the environment apply: a Host on this machine is never behind one."""
    host = httpx.URL(url).host
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def answer_timeout(timeout: timedelta) -> httpx.Timeout:
    seconds = timeout.total_seconds()
    return httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT_S, seconds))


def stream_timeout(timeout: timedelta, silence_s: float | None) -> httpx.Timeout:
    """For streams: ``silence_s`` seconds may pass without a byte, None for any silence."""
    return httpx.Timeout(
        timeout.total_seconds(), connect=min(CONNECT_TIMEOUT_S, timeout.total_seconds()), read=silence_s
    )


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Run httpx inside; what it raises comes out as HostTimeout or HostUnreachable."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise HostUnreachable(url, "connecting took too long", was_asked=False) from error
    except httpx.ConnectError as error:
        raise HostUnreachable(url, str(error) or "no connection", was_asked=False) from error
    except httpx.TimeoutException as error:
        raise HostTimeout(url, f"no answer in time, {type(error).__name__}") from error
    except httpx.RequestError as error:
        raise HostUnreachable(url, str(error) or type(error).__name__) from error


def require_bounded(size: int, url: str, most: int | None = None) -> None:
    most = MAX_ANSWER_BYTES if most is None else most
    if size > most:
        raise UnexpectedAnswer(f"the answer of {url} is larger than {most // 1024 // 1024} MiB")
