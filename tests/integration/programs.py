"""Programs to deploy in integration tests, and what must not be left of them."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import docker

from hershy import BuildSpec, Program

TALLY = Path(__file__).parents[2] / "examples" / "tally"


def tally(base: str) -> BuildSpec:
    """The example program, each time as another build, so that no test meets the image of another run."""
    sources = {"tally.py": (TALLY / "tally.py").read_text(), "nonce.txt": secrets.token_hex(8)}
    return BuildSpec((TALLY / "Dockerfile").read_text(), sources, {"BASE": base})


def shell(busybox: str, script: str) -> BuildSpec:
    """A program that is a shell script, likewise another build each time."""
    return BuildSpec(
        f'FROM {busybox}\nCOPY run.sh /run.sh\nCMD ["/bin/sh", "/run.sh"]\n',
        {"run.sh": script, "nonce.txt": secrets.token_hex(8)},
    )


def serving_shell(words: str = "hello", then: str = "wait") -> str:
    """A script that answers HTTP with ``words`` and then does something else."""
    return f"mkdir -p /state/www; echo {words} > /state/www/index.html; httpd -f -p 8080 -h /state/www & {then}"


def written(build: BuildSpec, directory: Path) -> Path:
    """The directory, made, with the Dockerfile and the sources in it."""
    directory.mkdir()
    for name, text in {"Dockerfile": build.dockerfile, **build.src_files}.items():
        (directory / name).write_text(text)
    return directory


@dataclass(frozen=True)
class Witness:
    """Looks at the engine independently of hershy."""

    client: docker.DockerClient

    def containers(self, program: Program) -> list[str]:
        """Ids of the program's containers, running or not."""
        return self.containers_of(str(program.id))

    def containers_of(self, program_id: str) -> list[str]:
        found = self.client.containers.list(all=True, filters={"label": f"hershy.program-id={program_id}"})
        return [container.id for container in found]

    def has_image(self, program: Program) -> bool:
        return bool(self.client.images.list(name=f"hersh-program-{program.build_id}"))

    def runtime_of(self, program: Program) -> str:
        (container_id,) = self.containers(program)
        return str(self.client.api.inspect_container(container_id)["HostConfig"]["Runtime"])
