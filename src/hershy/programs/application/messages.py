"""Requests to a program that are answered as a whole: any, and a message to its WatcherAPI."""

import json
from contextlib import aclosing
from http import HTTPStatus

from hershy.core.ids import ProgramID
from hershy.errors import InvalidValue, ProgramUnreachable
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer
from hershy.programs.ports.proxy import Proxy, ProxyRequest, ProxyResponse

MAX_MESSAGE_ANSWER_BYTES = 1024 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""More than this is refused rather than kept in memory: a program may answer whatever it likes."""


async def send_message(proxy: Proxy, program_id: ProgramID, text: str) -> MessageReceipt:
    """Raises InvalidValue when the program refuses it, and as ``Proxy.request``."""
    body = json.dumps({"content": text}).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    request = ProxyRequest("POST", "/watcher/message", headers, body)
    response = await proxy.request(program_id, request)
    answer = await whole_answer(program_id, response, MAX_MESSAGE_ANSWER_BYTES)
    if answer.status == HTTPStatus.BAD_REQUEST:
        raise InvalidValue(f"program {program_id} refused the message: {answer.text}")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise ProgramUnreachable(f"program {program_id} answered the message with {answer.status}: {answer.text}")
    try:
        return MessageReceipt.of(answer.json())
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        told = f"{answer.text!r:.200}, which is no receipt"
        raise ProgramUnreachable(f"program {program_id} answered the message with {told}") from error


async def whole_answer(program_id: ProgramID, response: ProxyResponse, most: int = MAX_ANSWER_BYTES) -> ProgramAnswer:
    """Read a response to its end. Raises ProgramUnreachable when it is longer than ``most`` bytes or breaks off."""
    content = bytearray()
    async with aclosing(response.body):
        async for chunk in response.body:
            content += chunk
            if len(content) > most:
                raise ProgramUnreachable(f"program {program_id}: its answer is longer than {most} bytes")
    headers = tuple((name.lower(), value) for name, value in response.headers)
    return ProgramAnswer(response.status, headers, bytes(content))
