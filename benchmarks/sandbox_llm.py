"""llm-sandbox as a contestant: in an environment of its own, over a pipe, with its pool and otherwise its defaults.

Its containers are made of the same image and one symbolic link, where it looks for the interpreter of the virtual
environment that it would make with the network's help.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox_contestants import IMAGE
from sandbox_engine import BENCH, BENCH_LABEL, Failed, containers_of, docker, remove_labelled
from sandbox_measures import AT_ONCE, CODE, PRINTED, Contestant

PACKAGE = "llm-sandbox[docker]"
INSTALL_DEADLINE_S = 300.0
START_DEADLINE_S = 120.0
OWN_IMAGE = f"hershy-bench-llm:{BENCH}"
_LABEL = "hershy-bench-contestant"
_LINK = "/sandbox/.sandbox-venv/bin/python"
_INSIDE = Path(__file__).with_name("sandbox_llm_inside.py")


class LlmSandbox(Contestant):
    def __init__(self, name: str, process: asyncio.subprocess.Process, version: str) -> None:
        self.name = name
        self.version = version
        self._process = process
        self._numbers = 0
        self._waited_for: dict[int, asyncio.Future[str]] = {}
        self._reading = asyncio.create_task(self._read())

    async def run(self) -> None:
        number, self._numbers = self._numbers, self._numbers + 1
        answered = self._waited_for[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n".encode())
        error = await answered
        if error:
            raise Failed(error)

    async def rest(self) -> None:
        """Its runs end with their cleaning up."""

    async def aclose(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                answer = json.loads(line)
                self._waited_for.pop(answer["number"]).set_result(answer["error"])
        finally:
            for answered in self._waited_for.values():
                answered.cancel()


@asynccontextmanager
async def environment() -> AsyncIterator[Path]:
    """A Python that has llm-sandbox, and the image for it; both are gone afterwards. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="hershy-bench-") as folder:
        print(f"installing {PACKAGE} into an environment of its own", flush=True)
        python = Path(folder) / "bin" / "python"
        try:
            async with asyncio.timeout(INSTALL_DEADLINE_S):
                await _done(sys.executable, "-m", "venv", folder)
                await _done(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE)
        except TimeoutError:
            raise Failed(f"not installed within {INSTALL_DEADLINE_S:g} s") from None
        link = f'mkdir -p {Path(_LINK).parent} && ln -s "$(command -v python3)" {_LINK}'
        name = OWN_IMAGE.replace(":", "-")
        try:
            await docker("run", "--name", name, "--label", BENCH_LABEL, "--network", "none", IMAGE, "sh", "-c", link)
            await docker("commit", "--change", 'CMD ["python3"]', name, OWN_IMAGE)
            await docker("rm", "-f", name)
            yield python
        finally:
            await remove_labelled(BENCH_LABEL)
            if await docker("images", "-q", OWN_IMAGE):
                await docker("rmi", OWN_IMAGE)


@asynccontextmanager
async def llm_sandbox(
    python: Path, name: str, runtime: str, pool_size: int, *, used_once: bool = False
) -> AsyncIterator[LlmSandbox]:
    """``used_once``: as hershy does it, and killed at once, for its ten seconds of waiting for SIGTERM say nothing."""
    own = secrets.token_hex(4)
    configs: dict[str, Any] = {"runtime": runtime, "labels": {"hershy-bench": BENCH, _LABEL: own}}
    if used_once:
        configs["stop_signal"] = "SIGKILL"
    given = {
        "image": OWN_IMAGE,
        "pool_size": pool_size,
        "pool": {"max_container_uses": 1} if used_once else {},
        "at_once": AT_ONCE,
        "runtime_configs": configs,
        "code": CODE,
        "printed": PRINTED,
    }
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(_INSIDE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        contestant = LlmSandbox(name, process, await _started(process, given))
        try:
            yield contestant
        finally:
            await contestant.aclose()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await remove_labelled(f"{_LABEL}={own}")


async def its_wall() -> str:
    """What holds the code in one of its containers, which must be there, by the engine's account."""
    found = await containers_of(_LABEL)
    (account,) = json.loads(await docker("inspect", found[0]))
    host: Mapping[str, Any] = account["HostConfig"]
    said = {
        "user": account["Config"]["User"] or "root",
        "network": host["NetworkMode"],
        "read-only root": host["ReadonlyRootfs"],
        "capabilities dropped": host["CapDrop"] or "none",
        "security options": host["SecurityOpt"] or "none",
        "memory": host["Memory"] or "unlimited",
        "cpus": host["NanoCpus"] or "unlimited",
        "processes": host["PidsLimit"] or "unlimited",
    }
    return ", ".join(f"{what} {it}" for what, it in said.items())


async def _started(process: asyncio.subprocess.Process, given: Mapping[str, Any]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(given).encode() + b"\n")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_DEADLINE_S)
    except TimeoutError:
        raise Failed(f"llm-sandbox's pool was not full within {START_DEADLINE_S:g} s") from None
    if not line:
        raise Failed("llm-sandbox ended at once; what it said is above")
    version: str = json.loads(line)["version"]
    return version


async def _done(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        _, err = await process.communicate()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)  # venv has pip installed by a process of its own
        await process.wait()
        raise
    if process.returncode:
        raise Failed(f"{PACKAGE} cannot be installed: {err.decode().strip()[-500:]}")
