"""Builds with the engine's classic builder, where BuildKit cannot be had."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from io import BytesIO
from typing import Any, cast

import aiodocker
from aiodocker.exceptions import DockerError

from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import BuildError, EngineUnavailable, HershyError
from hershy.ports.builder import BuildOutput

from ._errors import CLIENT_CANNOT_CONNECT, translated
from ._lines import LineSplitter

TAIL_LINES = 30
END_POLL_S = 0.05
END_DEADLINE_S = 10.0
"""How long to wait for the engine to end a build whose connection was closed."""

_STEP = re.compile(r"Step \d+/\d+ : ")
_RUNNING_IN = re.compile(r" ---> Running in ([0-9a-f]{12})")


class ClassicBuild:
    """One build. The engine ends it when the connection is closed."""

    def __init__(self, client: aiodocker.Docker, spec: BuildSpec, output: BuildOutput) -> None:
        self._client = client
        self._spec = spec
        self._output = output
        self._splitter = LineSplitter()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._container: str | None = None
        self._has_result = False

    async def run(self, context: bytes, name: str, labels: Mapping[str, str]) -> None:
        """Build and tag. Raises BuildError and EngineUnavailable; cancelled, returns when the engine has ended it."""
        try:
            with translated("building", name):
                await self._follow(context, name, labels)
        except BaseException:
            await self._ended()
            raise
        if not self._has_result:
            raise EngineUnavailable(f"building {name}: the engine broke off; is dockerd running?")

    async def _follow(self, context: bytes, name: str, labels: Mapping[str, str]) -> None:
        records = self._client.images.build(
            fileobj=BytesIO(context),
            encoding="identity",
            tag=name,
            labels=labels,
            buildargs=self._spec.build_args and dict(self._spec.build_args),
            forcerm=True,
            stream=True,
        )
        try:
            # Closing it closes the connection, which otherwise stays until the garbage is collected.
            async with aclosing(cast("AsyncGenerator[dict[str, Any]]", records)) as stream:
                async for record in stream:
                    self._take(record)
        except DockerError as error:
            if error.status == CLIENT_CANNOT_CONNECT:
                raise
            self._fail(str(error.message), error)

    def _take(self, record: Mapping[str, Any]) -> None:
        if "error" in record:
            self._fail(str(record["error"]), None)
        self._has_result = self._has_result or "ID" in record.get("aux", {})
        for line in self._splitter.feed(_text(record).encode(errors="replace")):
            self._print(line)

    def _print(self, line: str) -> None:
        if _STEP.match(line):
            self._tail.clear()
        elif match := _RUNNING_IN.fullmatch(line):
            self._container = match[1]
        self._tail.append(line)
        self._output(line)

    def _fail(self, message: str, cause: Exception | None) -> None:
        for line in self._splitter.flush():
            self._print(line)
        self._output(f"ERROR: {message}")
        raise BuildError(f"{self._spec.build_id} failed: {message}", self._tail) from cause

    async def _ended(self) -> None:
        """Wait until the engine has removed the container of the step that ran last.

        Never removes it itself: what is built could print the id of a container of somebody else's.
        """
        if self._container is None:
            return
        container = self._client.containers.container(self._container)
        with suppress(HershyError), translated("waiting for the end of build container", self._container):
            async with asyncio.timeout(END_DEADLINE_S):
                while True:
                    await container.show()
                    await asyncio.sleep(END_POLL_S)


def _text(record: Mapping[str, Any]) -> str:
    """A record's output; of the progress of a pull only what does not repeat."""
    if "stream" in record:
        return str(record["stream"])
    if "status" in record and not record.get("progressDetail"):
        subject = f"{record['id']}: " if record.get("id") else ""
        return f"{subject}{record['status']}\n"
    return ""
