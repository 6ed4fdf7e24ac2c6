"""Builds with BuildKit through the ``docker-buildx`` binary, run by itself: the docker command isn't needed.

It gets an empty configuration folder and an environment of our own making: what is built comes from strangers,
so neither the Host's registry credentials, nor its proxies, nor anything else in its environment may reach it.
"""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hershy.errors import BuildError
from hershy.builds.builder import BuildOutput, BuildRequest
from hershy_adapters._child_processes import find_program
from hershy_adapters._names import STAGING_PREFIX

from .build_args import configuration, handed_over
from .buildkit_output import BuildKitOutput
from .lines import LineSplitter
from .process import chunks, running
from .source_policy import VARIABLE, source_policy

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
    return find_program(BINARY, folders)


@dataclass(frozen=True, slots=True)
class Buildx:
    """``docker_host`` is the engine's address as DOCKER_HOST says it.

    ``scratch`` is an existing folder for short-lived files; None for the system's own place for them.
    """

    binary: str
    docker_host: str
    scratch: Path | None = None

    async def is_usable(self) -> bool:
        """Whether the binary runs and this engine has BuildKit."""
        with TemporaryDirectory(prefix=f"{STAGING_PREFIX}buildx-", dir=self.scratch) as config:
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
        self,
        request: BuildRequest,
        context: bytes,
        name: str,
        labels: Mapping[str, str],
        cgroup_parent: str | None,
        output: BuildOutput,
    ) -> None:
        """Build and tag. Raises BuildError; cancelled, it ends the build before it returns."""
        progress = BuildKitOutput()
        splitter = LineSplitter()
        build_args, variables = handed_over(request.spec.build_args)
        command = self._command(request, name, labels, cgroup_parent, build_args)
        try:
            with TemporaryDirectory(prefix=f"{STAGING_PREFIX}buildx-", dir=self.scratch) as config:
                rules = Path(config, "source-policy.json")
                await asyncio.to_thread(rules.write_text, source_policy(request.policy))
                await asyncio.to_thread(Path(config, "config.json").write_text, configuration(request.policy))
                environment = {**variables, **self._environment(config), VARIABLE: str(rules)}
                async with running(command, environment, context) as process:
                    async for chunk in chunks(process):
                        for line in splitter.feed(chunk):
                            progress.add(line)
                            output(line)
                    for line in splitter.flush():
                        progress.add(line)
                        output(line)
                    code = await process.wait()
        except OSError as error:
            raise BuildError(f"cannot run {self.binary}: {error}") from error
        if code:
            raise progress.failure(code)

    def _command(
        self,
        request: BuildRequest,
        name: str,
        labels: Mapping[str, str],
        cgroup_parent: str | None,
        build_args: Sequence[str],
    ) -> Sequence[str]:
        network = "default" if request.policy.allow_network else "none"
        # Attestations would make the image an index whose id changes with every build. What one build leaves in a
        # cache mount, no other may find: it could be anybody's.
        return [
            *(self.binary, "--builder", "default", "build", "--load", "--progress=plain", f"--network={network}"),
            *("--provenance=false", "--sbom=false", f"--tag={name}"),
            *([] if cgroup_parent is None else [f"--cgroup-parent={cgroup_parent}"]),
            *(f"--label={key}={value}" for key, value in labels.items()),
            *build_args,
            f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={request.spec.digest}",
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
