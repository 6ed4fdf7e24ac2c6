"""Builds with the engine's classic builder, where BuildKit cannot be had.

Speaks to ``POST /build`` by the client's session: only whoever holds the answer can close it, and closing it is
what makes the engine end a build.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Never

import aiohttp

from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError, EngineUnavailable, HershyError
from hershy.builds.builder import BuildOutput

from .cgroup import CPU_PERIOD_US, quota_us
from .._engine import CONNECT_TIMEOUT_S, Engine
from .._errors import translated
from .lines import LineSplitter

TAIL_LINES = 30
MAX_OUTPUT_CHARS = 16 * 1024 * 1024
"""Of one build; BuildKit bounds what a step prints by itself."""
END_POLL_S = 0.05
END_DEADLINE_S = 10.0
"""How long to wait for the engine to end a build whose connection was closed."""

_STEP = re.compile(r"Step \d+/\d+ : ")
_RUNNING_IN = re.compile(r" ---> Running in ([0-9a-f]{12})")


class ClassicBuild:
    """One build of ``spec``, each of its steps within the policy's memory and CPU, all of them in ``cgroup_parent``."""

    def __init__(
        self, engine: Engine, spec: BuildSpec, output: BuildOutput, policy: BuildPolicy, cgroup_parent: str | None
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._output = output
        self._policy = policy
        self._cgroup_parent = cgroup_parent
        self._printed = 0
        self._splitter = LineSplitter()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._container: str | None = None
        self._has_result = False

    async def run(self, context: bytes, name: str, labels: Mapping[str, str]) -> None:
        """Build and tag. Raises BuildError and EngineUnavailable; cancelled, returns once the engine has ended it."""
        try:
            with translated("building", name):
                await self._follow(context, name, labels)
        except aiohttp.ClientPayloadError as error:
            raise self._broken_off(name) from error
        except BaseException:
            await self._ended()
            raise
        if not self._has_result:
            raise self._broken_off(name)

    def _broken_off(self, name: str) -> EngineUnavailable:
        return EngineUnavailable(f"building {name}: the engine broke off before the end; is dockerd running?")

    async def _follow(self, context: bytes, name: str, labels: Mapping[str, str]) -> None:
        client = self._engine.client
        query = {
            "t": name,
            "rm": "true",
            "forcerm": "true",
            "networkmode": "default" if self._policy.allow_network else "none",
            "labels": json.dumps(dict(labels)),
            "buildargs": json.dumps({**self._spec.build_args, **self._policy.proxy_args}),
            **self._limits(),
        }
        # A step may be silent for as long as it likes: the deadline of a build is its callers'.
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S)
        headers = {"Content-Type": "application/x-tar"}
        async with client.session.post(
            f"{client.docker_host}/build", params=query, data=context, headers=headers, timeout=timeout
        ) as response:
            if response.status != HTTPStatus.OK:
                self._fail(_message(await response.text()))
            try:
                async for record in _records(response):
                    self._take(record)
            finally:
                response.close()

    def _limits(self) -> Mapping[str, str]:
        limits = {}
        if self._cgroup_parent is not None:
            limits["cgroupparent"] = self._cgroup_parent
        if memory := self._policy.memory_bytes:
            limits |= {"memory": str(memory), "memswap": str(memory)}
        if quota := quota_us(self._policy):
            limits |= {"cpuperiod": str(CPU_PERIOD_US), "cpuquota": str(quota)}
        return limits

    def _take(self, record: Mapping[str, Any]) -> None:
        if "error" in record:
            self._fail(str(record["error"]))
        self._has_result = self._has_result or "ID" in (record.get("aux") or {})
        for line in self._splitter.feed(_text(record).encode(errors="replace")):
            self._print(line)

    def _print(self, line: str) -> None:
        if _STEP.match(line):
            self._tail.clear()
        elif match := _RUNNING_IN.fullmatch(line):
            self._container = match[1]
        self._tail.append(line)
        self._printed += len(line) + 1
        if self._printed <= MAX_OUTPUT_CHARS:
            self._output(line)
        elif self._printed - len(line) - 1 <= MAX_OUTPUT_CHARS:
            self._output(f"[output beyond {MAX_OUTPUT_CHARS} characters is left out]")

    def _fail(self, message: str) -> Never:
        for line in self._splitter.flush():
            self._print(line)
        # The engine quotes the command that failed, with whatever it holds.
        message = " ".join([*self._splitter.feed(message.encode(errors="replace")), *self._splitter.flush()])
        self._output(f"ERROR: {message}")
        raise BuildError(message, self._tail)

    async def _ended(self) -> None:
        """Wait until the engine has removed the container of the step that ran last.

        Never removes it itself: what is built could print the id of a container of somebody else's.
        """
        if self._container is None:
            return
        container = self._engine.client.containers.container(self._container)
        with suppress(HershyError), translated("waiting for the end of build container", self._container):
            async with asyncio.timeout(END_DEADLINE_S):
                while True:
                    await container.show()
                    await asyncio.sleep(END_POLL_S)


async def _records(response: aiohttp.ClientResponse) -> AsyncIterator[Mapping[str, Any]]:
    """The JSON records of the stream, one a line. A record is as long as one write of the step's process."""
    pending = b""
    async for chunk in response.content.iter_any():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _message(answer: str) -> str:
    """The engine's own words in the body of a refusal."""
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(answer)["message"])
    return answer.strip()


def _text(record: Mapping[str, Any]) -> str:
    """A record's output; of the progress of a pull only what does not repeat."""
    if "stream" in record:
        return str(record["stream"])
    if "status" in record and not record.get("progressDetail"):
        subject = f"{record['id']}: " if record.get("id") else ""
        return f"{subject}{record['status']}\n"
    return ""
