"""A message to a program: ``POST /watcher/message`` of its WatcherAPI."""

import json
from contextlib import aclosing
from http import HTTPStatus

from hershy.core.ids import ProgramID
from hershy.errors import InvalidValue, ProgramUnreachable
from hershy.programs.ports.proxy import Proxy, ProxyRequest

MAX_ANSWER_BYTES = 1024 * 1024


async def send_message(proxy: Proxy, program_id: ProgramID, content: str) -> str:
    """Return the answer's body. Raises InvalidValue when the program refuses it, and as ``Proxy.request``."""
    body = json.dumps({"content": content}).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    request = ProxyRequest("POST", "/watcher/message", headers, body)
    response = await proxy.request(program_id, request)
    answer = bytearray()
    async with aclosing(response.body):
        async for chunk in response.body:
            answer += chunk
            if len(answer) > MAX_ANSWER_BYTES:
                limit = f"its answer is longer than {MAX_ANSWER_BYTES} bytes"
                raise ProgramUnreachable(f"program {program_id}: {limit}")
    text = answer.decode(errors="replace")
    if response.status == HTTPStatus.BAD_REQUEST:
        raise InvalidValue(f"program {program_id} refused the message: {text}")
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise ProgramUnreachable(f"program {program_id} answered the message with {response.status}: {text}")
    return text
