"""One HTTP connection: requests in, JSON out. h11 reads the protocol; here are the limits."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import h11

from ..logs import logger

LARGEST_HEAD: Final = 16 * 1024
LARGEST_BODY: Final = 1024 * 1024
READ_SIZE: Final = 64 * 1024
IDLE_LIMIT_S: Final = 75.0
BODY_LIMIT_S: Final = 30.0
WRITE_LIMIT_S: Final = 30.0
LINGER_LIMIT_S: Final = 2.0

Answering = Callable[[str, str, bytes], Awaitable[tuple[HTTPStatus, object]]]


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: Answering) -> None:
        self.is_answering = False
        self._is_ending = False
        self._reader = reader
        self._writer = writer
        self._answering = answering
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)

    async def serve(self) -> None:
        """Until the other side is done, keeps silent for too long, or breaks the protocol. Raises nothing of that."""
        try:
            while await self._exchange():
                self._http.start_next_cycle()
        except (OSError, TimeoutError, h11.LocalProtocolError):
            return
        finally:
            self._writer.close()

    def end(self) -> None:
        """Take no other request after the one under way."""
        self._is_ending = True

    async def refuse(self, status: HTTPStatus, why: str) -> None:
        """Answer without having read the request, and close."""
        try:
            await self._send(status, {"error": why}, is_last=True)
            await self._linger()
        except (OSError, TimeoutError):
            return
        finally:
            self._writer.close()

    async def _exchange(self) -> bool:
        """One request and its answer. False when no other can follow."""
        try:
            async with asyncio.timeout(IDLE_LIMIT_S):
                request = await self._next_event()
            if not isinstance(request, h11.Request):
                return False
            self.is_answering = True
            async with asyncio.timeout(BODY_LIMIT_S):
                body = await self._body()
        except h11.RemoteProtocolError as error:
            return await self._break_off(HTTPStatus(error.error_status_hint), f"malformed request: {error}")
        except _Refused as refused:
            return await self._break_off(refused.status, str(refused))
        try:
            status, answer = await self._answering(request.method.decode(), request.target.decode("latin-1"), body)
        except Exception:
            logger.exception("no answer to %s %s", request.method, request.target)
            status, answer = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "the WatcherAPI itself has failed"}
        await self._send(status, answer, has_body=request.method != b"HEAD")
        self.is_answering = False
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _break_off(self, status: HTTPStatus, why: str) -> bool:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._send(status, {"error": why}, is_last=True)
            self.is_answering = False
            await self._linger()
        return False

    async def _linger(self) -> None:
        """Read what is still on its way: to close before resets the connection, and may take the answer along."""
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_LIMIT_S):
                while await self._reader.read(READ_SIZE):
                    pass

    async def _body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        if self._http.they_are_waiting_for_100_continue:
            await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        while isinstance(event := await self._next_event(), h11.Data):
            parts.append(bytes(event.data))
            size += len(event.data)
            if size > LARGEST_BODY:
                raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {LARGEST_BODY} bytes")
        return b"".join(parts)

    async def _next_event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(await self._reader.read(READ_SIZE))

    async def _send(self, status: HTTPStatus, answer: object, *, has_body: bool = True, is_last: bool = False) -> None:
        body = json.dumps(answer, separators=(",", ":")).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if is_last or self._is_ending:
            headers.append(("Connection", "close"))
        response = h11.Response(status_code=status, headers=headers, reason=status.phrase)
        parts = [self._http.send(response)]
        if has_body:
            parts.append(self._http.send(h11.Data(data=body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        await self._write(b"".join(part for part in parts if part))

    async def _write(self, data: bytes | None) -> None:
        self._writer.write(data or b"")
        async with asyncio.timeout(WRITE_LIMIT_S):
            await self._writer.drain()
