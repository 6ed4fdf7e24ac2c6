"""What the loud user of ``fairness.py`` does, without a pause, in a process of its own."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any

import aiohttp

BASE = "hershy-test-busybox:local"
SERVING = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/bin"]'
DOCKERFILE = f"FROM {BASE}\n{SERVING}\n"
BUSY_BUILD = f"FROM {BASE}\nENV NUMBER=%s\nRUN dd if=/dev/zero bs=1M count=2000 | sha256sum\n{SERVING}\n"
FLOOD = f'FROM {BASE}\nCMD ["sh", "-c", "httpd -p 8080 -h /bin; exec yes flood"]\n'
DEADLINE_S = 120.0
REFUSED_PAUSE_S = 0.1
UPLOAD_BYTES = 8_000_000
STREAMED_S = 5.0
IN_THE_WAY = ("Building", "Built", "Starting", "Running", "Stopping")


@dataclass
class Caller:
    """One user's calls. What the Host refuses for the user's share (429) is counted, and tried again after a pause."""

    session: aiohttp.ClientSession
    url: str
    user: str
    token: str
    calls: Counter[str] = field(default_factory=Counter)

    async def ask(self, method: str, path: str, body: object = None, *, refusals: tuple[int, ...] = ()) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS and answer.status not in refusals:
                    self.calls["refused"] += 1
                elif answer.status < HTTPStatus.BAD_REQUEST or answer.status in refusals:
                    return await answer.json()
                else:
                    raise AssertionError(f"{method} {path}: {answer.status} {await answer.text()}")
            await asyncio.sleep(REFUSED_PAUSE_S)

    async def create(self, dockerfile: str = DOCKERFILE, **more: object) -> str:
        body = {"user_id": self.user, "dockerfile": dockerfile, **more}
        return str((await self.ask("POST", "/programs", body))["program_id"])

    async def delete(self, program_id: str) -> None:
        await self.ask("DELETE", f"/programs/{program_id}")

    async def start(self, program_id: str) -> None:
        """Returns once it is Ready."""
        await self.ask("POST", f"/programs/{program_id}/start")
        await self.settled(program_id, "Ready")

    async def stop(self, program_id: str) -> None:
        await self.ask("POST", f"/programs/{program_id}/stop")
        await self.settled(program_id, "Stopped")

    async def settled(self, program_id: str, state: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while (shown := await self.ask("GET", f"/programs/{program_id}"))["state"] != state:
            assert shown["state"] in (*IN_THE_WAY, "Ready"), shown
            assert time.monotonic() < deadline, shown
            await asyncio.sleep(0.02)


_numbers = itertools.count(time.time_ns())


async def build(caller: Caller) -> None:
    program_id = await caller.create(BUSY_BUILD % next(_numbers))
    await caller.start(program_id)
    await caller.delete(program_id)


async def start(caller: Caller) -> None:
    program_id = await caller.create()
    await caller.start(program_id)
    await caller.stop(program_id)
    await caller.delete(program_id)


async def stream(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    async with caller.session.get(f"{caller.url}/events", headers=headers) as answer:
        if answer.status != HTTPStatus.OK:
            caller.calls["refused"] += 1
            await asyncio.sleep(REFUSED_PAUSE_S)
            return
        try:
            async with asyncio.timeout(STREAMED_S):
                async for _ in answer.content:
                    pass
        except TimeoutError:
            return


async def upload(caller: Caller) -> None:
    await caller.delete(await caller.create(src_files={"large.txt": "x" * UPLOAD_BYTES}))


async def run_code(caller: Caller) -> None:
    await caller.ask("POST", "/sandbox/runs", {"code": "sum(range(5_000_000))"})


async def register(caller: Caller) -> None:
    await caller.delete(await caller.create())


async def flood(caller: Caller) -> None:
    program_id = await caller.create(FLOOD)
    await caller.start(program_id)
    headers = {"Authorization": f"Bearer {caller.token}"}
    try:
        async with (
            asyncio.timeout(STREAMED_S),
            caller.session.get(f"{caller.url}/programs/{program_id}/logs?follow=true", headers=headers) as answer,
        ):
            async for _ in answer.content.iter_any():
                pass
    except TimeoutError:
        pass
    await caller.delete(program_id)


LOADS: Mapping[str, tuple[int, Callable[[Caller], Awaitable[None]]]] = {
    "builds": (6, build),
    "starts": (4, start),
    "streams": (40, stream),
    "uploads": (4, upload),
    "runs": (4, run_code),
    "registrations": (8, register),
    "floods": (2, flood),
}
"""By name: how many callers do it at one time, and what each does again and again."""


async def _repeat(name: str, work: Callable[[Caller], Awaitable[None]], caller: Caller) -> None:
    while True:
        try:
            await work(caller)
            caller.calls[name] += 1
        except (AssertionError, aiohttp.ClientError) as error:
            caller.calls[f"{name} failed"] += 1
            caller.calls[f"  {str(error)[:160]}"] += 1
            await asyncio.sleep(REFUSED_PAUSE_S)


async def _press(url: str, user: str, token: str, names: list[str], pipe: Connection) -> None:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        caller = Caller(session, url, user, token)
        tasks = [
            asyncio.create_task(_repeat(name, LOADS[name][1], caller)) for name in names for _ in range(LOADS[name][0])
        ]
        await asyncio.to_thread(pipe.recv)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        pipe.send(dict(caller.calls))
        for program in (await caller.ask("GET", f"/programs?user_id={user}"))["programs"]:
            await caller.ask("DELETE", f"/programs/{program['program_id']}", refusals=(404, 409))


def press(url: str, user: str, token: str, names: list[str], pipe: Connection) -> None:
    """Until something is sent by ``pipe``; then tell by it how often each was done, and delete what there is left."""
    asyncio.run(_press(url, user, token, names, pipe))
