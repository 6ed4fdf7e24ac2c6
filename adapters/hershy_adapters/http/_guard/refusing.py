"""A refusal in the shape of the wire contract, to a request or to the handshake of a WebSocket."""

from starlette.responses import Response

from hershy.programs.ports.api_server import Receive, Scope, Send

POLICY_VIOLATION = 1008


async def refuse(
    answer: Response, scope: Scope, receive: Receive, send: Send, close_code: int = POLICY_VIOLATION
) -> None:
    """``close_code`` is for servers that cannot answer a handshake, only close it."""
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    await receive()  # websocket.connect
    await deny(answer, scope, send, close_code)


async def deny(answer: Response, scope: Scope, send: Send, close_code: int) -> None:
    """Of a handshake whose ``websocket.connect`` has been received."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": close_code, "reason": ""})
        return
    start = {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": bytes(answer.body)})
