"""Every attack of the corpus, run with the check off: the score is advice, the container is the wall."""

import asyncio
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome, SandboxResult
from hershy_adapters.analysis.code_analyzer import IsolatedCodeAnalyzer

from .sandboxes import KINDS, left, opened

EVASIONS = sorted((Path(__file__).parents[2] / "corpus" / "evasions").glob("*.py"))
LIMITS = SandboxLimits(timeout=timedelta(seconds=2), memory_bytes=2**27, pids=32, work_bytes=2**24)
AT_ONCE = 6
ENDED_BY_A_LIMIT = {Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.OUTPUT_LIMIT, Outcome.KILLED}


@dataclass(frozen=True)
class Canary:
    """What is there to be read, written and connected to on this machine, and must not be."""

    secret: str
    file: Path
    writable: Path
    listener: socket.socket
    host: str

    @property
    def env(self) -> dict[str, str]:
        return {
            "HERSHY_CANARY_FILE": str(self.file),
            "HERSHY_CANARY_WRITE": str(self.writable / "written"),
            "HERSHY_CANARY_HOST": self.host,
            "HERSHY_CANARY_PORT": str(self.listener.getsockname()[1]),
        }

    def was_reached(self) -> bool:
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def canary(engine: docker.DockerClient) -> Iterator[Canary]:
    """Open to everybody on this machine, so that nothing but the wall is in the way."""
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="hershy-canary-") as folder, socket.create_server(("0.0.0.0", 0)) as it:
        it.setblocking(False)
        place = Path(folder)
        (place / "secret").write_text(secret)
        for path, mode in ((place, 0o777), (place / "secret", 0o666)):
            path.chmod(mode)
        gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "172.17.0.1")
        yield Canary(secret, place / "secret", place, it, gateway)


@pytest.mark.parametrize("runtime", sorted(KINDS))
async def test_every_attack_is_contained_with_the_check_off(
    runtime: str, python_image: str, tmp_path: Path, canary: Canary, engine: docker.DockerClient
) -> None:
    """Nothing of the machine is read, written or reached; each ends in time with an outcome; nothing is left."""
    assert len(EVASIONS) >= 60
    slots = asyncio.Semaphore(AT_ONCE)
    async with opened(runtime, python_image, tmp_path) as sandbox:
        analyzer = IsolatedCodeAnalyzer()
        service = SandboxService(sandbox, analyzer)

        async def attack(path: Path) -> SandboxResult:
            async with slots:
                job = SandboxJob(path.read_text(), env=canary.env, collect=["."], limits=LIMITS)
                return await service.run(job, check=False)

        results = await asyncio.gather(*(attack(path) for path in EVASIONS))
        await analyzer.aclose()
    for path, result in zip(EVASIONS, results, strict=True):
        said = result.raw_stdout + result.raw_stderr + b"".join(result.files.values())
        assert canary.secret.encode() not in said, path.name
        assert f"root:{_own_shadow()}".encode() not in said, path.name
        assert result.outcome is not Outcome.REFUSED
        assert result.risk is not None
        assert result.risk.score >= 30, path.name
        if path.read_text().startswith("# endless"):
            assert result.outcome in ENDED_BY_A_LIMIT, (path.name, result.message)
        assert result.duration < LIMITS.timeout + timedelta(seconds=0.5), path.name
    assert not canary.was_reached()
    assert canary.file.read_text() == canary.secret
    assert [it.name for it in canary.writable.iterdir()] == ["secret"]
    assert left(engine, tmp_path) == []


def _own_shadow() -> str:
    """What stands behind root's name in this machine's passwords; something that is nowhere, where there is none."""
    lines = Path("/etc/shadow").read_text().splitlines() if os.access("/etc/shadow", os.R_OK) else []
    field = next((it.split(":")[1] for it in lines if it.startswith("root:")), "")
    return field if len(field) > 3 else secrets.token_hex(16)
