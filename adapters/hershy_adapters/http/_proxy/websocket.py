"""A WebSocket between a caller and a program."""

import asyncio
from collections.abc import Sequence

from hershy.core.ids import ProgramID
from hershy.errors import HershyError, InvalidValue, ProgramNotFound, ProgramUnreachable
from hershy.programs.application.caller_access import Access
from hershy.programs.ports.api_server import Receive, Scope, Send
from hershy.programs.ports.proxy import Header, ProxyWebSocket, WebSocketClosed

from .._errors import refusal_of
from .._guard.credentials import CHOSEN
from .._guard.refusing import deny

NORMAL, GOING_AWAY, NO_STATUS, BROKEN, INTERNAL_ERROR, BAD_GATEWAY = 1000, 1001, 1005, 1006, 1011, 1014


async def pass_websocket(
    host: Access,
    program_id: str,
    target: str,
    headers: Sequence[Header],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Accept once the program has; then pass messages both ways until either side closes."""
    await receive()  # websocket.connect
    try:
        upstream = await _connect(host, program_id, target, headers, scope.get("subprotocols", ()))
    except HershyError as error:
        await deny(refusal_of(error), scope, send, INTERNAL_ERROR)
        return
    try:
        await send({"type": "websocket.accept", "subprotocol": upstream.subprotocol or scope.get(CHOSEN)})
        pumps = [
            asyncio.ensure_future(_to_program(upstream, receive)),
            asyncio.ensure_future(_to_caller(upstream, send)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            outcomes = await asyncio.gather(*pumps, return_exceptions=True)
    except OSError:
        return  # the server's way to say that the caller has gone
    finally:
        await upstream.aclose(GOING_AWAY)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
            raise outcome


async def _connect(
    host: Access, program_id: str, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
) -> ProxyWebSocket:
    try:
        known_form = ProgramID(program_id)
    except InvalidValue:
        raise ProgramNotFound(program_id) from None
    return await host.connect_websocket(known_form, target, headers, subprotocols)


async def _to_program(upstream: ProxyWebSocket, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            code: int = message.get("code") or NO_STATUS
            sent = {NO_STATUS: NORMAL, BROKEN: GOING_AWAY}.get(code, code)
            await upstream.aclose(sent, message.get("reason") or "")
            return
        text = message.get("text")
        try:
            await upstream.send(text if text is not None else message["bytes"])
        except ProgramUnreachable:
            await asyncio.Event().wait()  # the other direction is about to learn how the program closed


async def _to_caller(upstream: ProxyWebSocket, send: Send) -> None:
    while True:
        message = await upstream.receive()
        if isinstance(message, WebSocketClosed):
            code = {NO_STATUS: NORMAL, BROKEN: BAD_GATEWAY, 1015: BAD_GATEWAY}.get(message.code, message.code)
            await send({"type": "websocket.close", "code": code, "reason": message.reason})
            return
        kind = "text" if isinstance(message, str) else "bytes"
        await send({"type": "websocket.send", kind: message})
