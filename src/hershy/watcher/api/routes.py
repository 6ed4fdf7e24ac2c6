"""Calls and their answers, without HTTP: a method, a target and a body in, a status and a JSON value out."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ..engine import Engine
from ..errors import NotRunning, QueueFull
from .shapes import LOG_FIELDS, Shapes

DEFAULT_LOG_LIMIT: Final = 100
MOST_LIMIT_DIGITS: Final = 9
ROOM_LIMIT_S: Final = 10.0
"""How long a message waits for room in a full queue."""

Answer = tuple[HTTPStatus, object]


class Routes:
    def __init__(self, engine: Engine, port: int) -> None:
        self._engine = engine
        self._shapes = Shapes(engine, port)
        self._readings: dict[str, Callable[[], object]] = {
            "/watcher/status": self._shapes.status,
            "/watcher/state": self._shapes.state,
            "/watcher/vars": self._shapes.vars,
            "/watcher/signals": self._shapes.signals,
            "/watcher/watching": self._shapes.watching,
            "/watcher/memoCache": self._shapes.memo_cache,
            "/watcher/varState": self._shapes.var_state,
            "/watcher/config": self._shapes.config,
        }

    async def answer(self, method: str, target: str, body: bytes) -> Answer:
        path, query = _split(target)
        if path == "/watcher/message":
            return await self._message(body) if method == "POST" else _not_allowed(path, "POST")
        if path != "/watcher/logs" and path not in self._readings:
            return HTTPStatus.NOT_FOUND, {"error": f"not found: {path}"}
        if method != "GET":
            return _not_allowed(path, "GET")
        if path == "/watcher/logs":
            return self._logs(query)
        return HTTPStatus.OK, self._readings[path]()

    async def _message(self, body: bytes) -> Answer:
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            return _refused('the body must be JSON: {"content": "..."}')
        if not isinstance(sent, dict):
            return _refused('the body must be an object: {"content": "..."}')
        content = sent.get("content", "")
        if content is not None and not isinstance(content, str):
            return _refused("message content must be a string")
        if not content:
            return _refused("message content cannot be empty")
        if not _is_text(content):
            return _refused("message content must be Unicode text: it has half a surrogate pair")
        try:
            parked = self._engine.offer(content)
            if parked is not None and not await _is_accepted(parked):
                return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the queue of messages is full: send it again later"}
        except (NotRunning, QueueFull) as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)}
        return HTTPStatus.OK, {"status": "message sent"}

    def _logs(self, query: str) -> Answer:
        asked = parse_qs(query, keep_blank_values=True)
        kind = asked.get("type", ["all"])[0]
        limit = asked.get("limit", [str(DEFAULT_LOG_LIMIT)])[0]
        if kind != "all" and kind not in LOG_FIELDS:
            return _refused(f"type must be one of all, {', '.join(LOG_FIELDS)}")
        if not (limit.isascii() and limit.isdigit() and len(limit) <= MOST_LIMIT_DIGITS):
            return _refused(f"limit must be a whole number, 0 or more, of at most {MOST_LIMIT_DIGITS} digits")
        return HTTPStatus.OK, self._shapes.logs(kind, int(limit))


async def _is_accepted(parked: Future[None]) -> bool:
    """False: it was withdrawn, for there was no room in time. Never both withdrawn and executed."""
    waiting = asyncio.wrap_future(parked)
    await asyncio.wait({waiting}, timeout=ROOM_LIMIT_S)
    if not waiting.done() and parked.cancel():
        return False
    await waiting
    return True


def _is_text(content: str) -> bool:
    """A lone surrogate can neither be printed nor written to a file: it would fail a program that does either."""
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split(target: str) -> tuple[str, str]:
    try:
        parts = urlsplit(target)
    except ValueError:
        return target, ""
    return parts.path, parts.query


def _refused(why: str) -> Answer:
    return HTTPStatus.BAD_REQUEST, {"error": why}


def _not_allowed(path: str, method: str) -> Answer:
    return HTTPStatus.METHOD_NOT_ALLOWED, {"error": f"{path} answers {method}"}
