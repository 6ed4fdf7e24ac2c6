"""Translates the HTTP client's errors into hershy's, keeping the cause."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from hershy.errors import ProgramTimeout, ProgramUnreachable
from hershy_adapters._proxy_routes import Route

from ._sending import Patience

CLIENT_ERRORS = (aiohttp.ClientError, OSError, TimeoutError)


@contextmanager
def translated(route: Route) -> Iterator[None]:
    try:
        yield
    except CLIENT_ERRORS as error:
        if route.closed:
            raise route.lost() from error
        detail = str(error) or type(error).__name__
        raise ProgramUnreachable(f"program {route.program_id} does not answer on {route.endpoint}: {detail}") from error


@contextmanager
def in_time(route: Route, patience: Patience) -> Iterator[None]:
    """The same, and ProgramTimeout when ``patience`` has run out."""
    try:
        with translated(route):
            yield
    except ProgramUnreachable as error:
        if patience.scope.expired():
            limit = f"{patience.timeout_s:g} s"
            raise ProgramTimeout(f"program {route.program_id} began no answer within {limit}") from error
        raise
