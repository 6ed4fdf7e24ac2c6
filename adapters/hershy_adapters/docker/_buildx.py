"""Builds with BuildKit through the ``docker-buildx`` binary, run by itself: the docker command isn't needed.

It gets an empty configuration folder and an environment of our own making: what is built comes from strangers,
so neither the Host's registry credentials, nor its proxies, nor anything else in its environment may reach it.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import BuildError
from hershy.ports.builder import BuildOutput

from ._buildkit_output import BuildKitOutput
from ._lines import LineSplitter
from ._process import chunks, running

BINARY = "docker-buildx"
PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
INSPECT_DEADLINE_S = 10.0

_INHERITED = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def find_buildx() -> str | None:
    """The path of the binary, as a plugin of the docker command or on PATH."""
    folders = [str(Path(folder).expanduser()) for folder in PLUGIN_FOLDERS]
    return shutil.which(BINARY, path=os.pathsep.join(folders)) or shutil.which(BINARY)


@dataclass(frozen=True, slots=True)
class Buildx:
    """``docker_host`` is the engine's address as DOCKER_HOST says it."""

    binary: str
    docker_host: str

    async def is_usable(self) -> bool:
        """Whether the binary runs and this engine has BuildKit."""
        with TemporaryDirectory(prefix="hershy-buildx-") as config:
            command = [self.binary, "inspect", "default"]
            try:
                async with (
                    asyncio.timeout(INSPECT_DEADLINE_S),
                    running(command, self._environment(config)) as process,
                ):
                    answer = b"".join([chunk async for chunk in chunks(process)])
                    return await process.wait() == 0 and re.search(rb"Status:\s+running", answer) is not None
            except OSError:
                return False

    async def build(
        self, spec: BuildSpec, context: bytes, name: str, labels: Mapping[str, str], output: BuildOutput
    ) -> None:
        """Build and tag. Raises BuildError; cancelled, it ends the build before it returns."""
        progress = BuildKitOutput()
        splitter = LineSplitter()
        try:
            with TemporaryDirectory(prefix="hershy-buildx-") as config:
                async with running(self._command(spec, name, labels), self._environment(config), context) as process:
                    async for chunk in chunks(process):
                        for line in splitter.feed(chunk):
                            progress.add(line)
                            output(line)
                    for line in splitter.flush():
                        progress.add(line)
                        output(line)
                    code = await process.wait()
        except OSError as error:
            raise BuildError(f"{spec.build_id} failed: cannot run {self.binary}: {error}") from error
        if code:
            raise progress.failure(f"{spec.build_id} failed", code)

    def _command(self, spec: BuildSpec, name: str, labels: Mapping[str, str]) -> Sequence[str]:
        # Attestations would make the image an index whose id changes with every build.
        return [
            *(self.binary, "--builder", "default", "build", "--load", "--progress=plain", "--network=default"),
            *("--provenance=false", "--sbom=false", f"--tag={name}"),
            *(f"--label={key}={value}" for key, value in labels.items()),
            *(f"--build-arg={key}={value}" for key, value in spec.build_args.items()),
            "-",
        ]

    def _environment(self, config: str) -> Mapping[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | {
            "PATH": os.defpath,
            "HOME": config,
            "DOCKER_CONFIG": config,
            "DOCKER_HOST": self.docker_host,
            "NO_COLOR": "1",
        }
