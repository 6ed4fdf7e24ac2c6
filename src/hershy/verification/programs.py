"""Probes as programs on a Host: deployed, asked, and removed again."""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

from httpx import URL

from hershy.client import AsyncClient
from hershy.programs.domain.state import ProgramState

from .rows import CheckResult, Row

USER, STRANGER = "hershy-verify", "hershy-verify-stranger"
PATIENCE = timedelta(minutes=5)
MIB = 1024 * 1024
LIMITS: Mapping[str, float] = {
    "cpus": 0.5,
    "memory_bytes": 96 * MIB,
    "pids": 48,
    "open_files": 128,
    "log_bytes": MIB,
    "state_bytes": 8 * MIB,
    "state_entries": 2000,
}


def sources() -> tuple[str, dict[str, str]]:
    """The probe's Dockerfile and source files, each time another build, so that it removes no image of another run."""
    folder = files(__package__) / "probe"
    texts = {f"probe/{it.name}": it.read_text("utf-8") for it in folder.iterdir() if it.name.endswith(".py")}
    dockerfile = (folder / "Dockerfile").read_text("utf-8")
    return dockerfile, {**texts, "probe/nonce": secrets.token_hex(8)}


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe that is Ready. ``address`` is its container's, ``gateway`` the machine's as its network shows it."""

    client: AsyncClient
    program_id: str
    publish_port: int
    address: str
    gateway: str | None
    kernel: str

    async def ask(self, name: str, **given: Any) -> Row:
        """Have it make one try. Raises HershyError subclasses when it does not answer."""
        answer = await post(self.client, self.program_id, f"tries/{name}", given)
        if "verdict" not in answer:
            return Row(name, "", name, f"the probe said {str(answer)[:300]}", CheckResult.INCONCLUSIVE)
        return Row.parse(answer)

    async def connect(self, host: str | None, port: int) -> Row:
        """Have it connect somewhere; None where there is nothing to connect to."""
        if host is None:
            return Row("connect", "", "", "its network has no gateway", CheckResult.CONTAINED)
        return await self.ask("connect", host=host, port=port)


class Probes:
    """Deploys probes of one image."""

    def __init__(self, client: AsyncClient, base: str) -> None:
        self._client = client
        self._base = base
        self._dockerfile, self._files = sources()

    @asynccontextmanager
    async def deployed(self, limits: Mapping[str, float] = LIMITS, *, user: str = USER) -> AsyncIterator[Probe]:
        """A probe, deleted on leaving, whatever has become of it."""
        client = self._client
        created = await client.create_program(
            user,
            self._dockerfile,
            self._files,
            build_args={"BASE": self._base},
            resources=limits,
        )
        try:
            await client.start(created.program_id)
            ready = await client.wait_for(created.program_id, ProgramState.READY, PATIENCE)
            about = (await client.request(created.program_id, "GET", "/about")).json()
            port = URL(ready.proxy_url or "").port or 0
            yield Probe(client, created.program_id, port, about["address"], about["gateway"], about["kernel"])
        finally:
            await client.delete(created.program_id)

    async def names(self, probe: Probe) -> list[str]:
        """Every try that it can make."""
        answer = (await self._client.request(probe.program_id, "GET", "/tries")).json()
        return [str(name) for name in answer["tries"]]


async def post(client: AsyncClient, program_id: str, path: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    headers = {"Content-Type": "application/json"}
    content = json.dumps(given).encode()
    answer = await client.request(program_id, "POST", f"/{path}", headers=headers, content=content)
    document: Mapping[str, Any] = answer.json()
    return document
