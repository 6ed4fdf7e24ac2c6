"""Builds with BuildKit through the ``docker-buildx`` binary, run by itself: the docker command isn't needed.

It gets an empty configuration folder and an environment of our own making: what is built comes from strangers,
so neither the Host's registry credentials, nor its proxies, nor anything else in its environment may reach it.
"""

import asyncio
import os
import re
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import BuildError
from hershy.ports.builder import BuildOutput

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
TAIL_LINES = 30
KEPT_LINES = 500
"""How many lines are kept to look for the failing step's in; other stages print in between."""
MESSAGE_CHARS = 1000
INSPECT_DEADLINE_S = 10.0

_INHERITED = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
_FAILED_STEP = re.compile(r"(#\d+) ERROR: ")
_FINAL_ERROR = re.compile(r"ERROR: (?:failed to solve: )?(.+)")


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
        printed: deque[str] = deque(maxlen=KEPT_LINES)
        splitter = LineSplitter()
        with TemporaryDirectory(prefix="hershy-buildx-") as config:
            try:
                async with running(self._command(spec, name, labels), self._environment(config), context) as process:
                    async for chunk in chunks(process):
                        for line in splitter.feed(chunk):
                            printed.append(line)
                            output(line)
                    for line in splitter.flush():
                        printed.append(line)
                        output(line)
                    code = await process.wait()
            except OSError as error:
                raise BuildError(f"{spec.build_id} failed: cannot run {self.binary}: {error}") from error
        if code:
            raise failure(f"{spec.build_id} failed", printed, code)

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


def failure(what: str, printed: Sequence[str], code: int) -> BuildError:
    """Tell the failing step's lines from those of steps that ran beside it."""
    errors = [match[1] for line in printed if (match := _FINAL_ERROR.fullmatch(line))]
    message = errors[-1][:MESSAGE_CHARS] if errors else f"docker-buildx ended with {code}"
    steps = [match[1] for line in printed if (match := _FAILED_STEP.match(line))]
    of_step = [line for line in printed if steps and line.startswith(f"{steps[-1]} ")]
    return BuildError(f"{what}: {message}", (of_step or [line for line in printed if line])[-TAIL_LINES:])
