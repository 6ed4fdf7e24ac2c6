"""What is sent to the engine to make a sandbox, and how its own account of it is compared with that contract."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from hershy.sandbox.domain.job import WORK_DIR, SandboxJob, SandboxLimits

from .._container.account import Account, Difference, compared, lookup, own_paths
from .._container.enclosure import Bounds, expected, sent
from .._container.places import SCRATCH
from .._container.policy import NO_NETWORK, Config, ContainerPolicy, ImageFacts
from .wire import PYTHON_BOOTSTRAP, SHELL_BOOTSTRAP

OWNER_LABEL = "hershy.sandbox-owner"
"""Of sandboxes alone: no Host takes one for a program's container."""
RUNTIME_LABEL = "hershy.sandbox-runtime"
NAME_PREFIX = "hersh-sandbox-"
MAX_FILES = 100_000
"""In each writable place; they take the kernel's memory, beside that of what is in them."""

_NOTHING_OF_CONFIG = ("NetworkDisabled", "Tty", "ExposedPorts")


class Bootstrap(StrEnum):
    PYTHON = "python"
    SHELL = "shell"

    @property
    def argv(self) -> list[str]:
        match self:
            case Bootstrap.PYTHON:
                return ["python3", "-c", PYTHON_BOOTSTRAP]
            case Bootstrap.SHELL:
                return ["sh", "-c", SHELL_BOOTSTRAP]


NEEDS = {
    Bootstrap.PYTHON: "to run Python code, the image needs python3",
    Bootstrap.SHELL: "to run a command, the image needs sh, cat, head, rm and tar",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is settled when a container is made: sandboxes of one shape can stand for each other."""

    image: str
    bootstrap: Bootstrap
    cpus: float
    memory_bytes: int
    pids: int
    open_files: int
    work_bytes: int

    @classmethod
    def of(cls, job: SandboxJob, python_image: str) -> Self:
        """Images that are not the one for Python need not have it, unless they are given Python code."""
        image = job.image or python_image
        needs_shell = job.code is None and image != python_image
        return cls.made(image, Bootstrap.SHELL if needs_shell else Bootstrap.PYTHON, job.limits)

    @classmethod
    def made(cls, image: str, bootstrap: Bootstrap, limits: SandboxLimits) -> Self:
        return cls(
            image,
            bootstrap,
            limits.cpus,
            limits.memory_bytes,
            limits.pids,
            limits.open_files,
            limits.work_bytes,
        )


def create_config(shape: Shape, image: ImageFacts, policy: ContainerPolicy) -> Config:
    """The body of the engine's "create a container"."""
    return {
        "Image": shape.image,
        "Entrypoint": shape.bootstrap.argv,
        "Cmd": [],
        "User": policy.contract.user_for(image.user),
        # Not the working directory of the code: nothing of ours is imported from where the code may write.
        "WorkingDir": "/",
        "Env": [f"{name}={value}" for name, value in _ENVIRONMENT.items()],
        "OpenStdin": True,
        # Should this process be killed, the engine closes the bootstrap's input, and that ends the container.
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": _labels(policy),
        "HostConfig": _host_config(shape, image, policy),
    }


_ENVIRONMENT = {"HOME": WORK_DIR, "TMPDIR": WORK_DIR}


def _labels(policy: ContainerPolicy) -> dict[str, str]:
    return {OWNER_LABEL: str(policy.owner), RUNTIME_LABEL: policy.runtime}


def _host_config(shape: Shape, image: ImageFacts, policy: ContainerPolicy) -> Config:
    return {
        **sent(policy, _bounds(shape)),
        "NetworkMode": NO_NETWORK,
        "Tmpfs": _writable(shape, image, policy),
        "Mounts": [{"Type": "tmpfs", "Target": it, "ReadOnly": True} for it in _masked(image)],
        # Whoever is attached gets the output; the engine keeps none of it on its disk.
        "LogConfig": {"Type": "none"},
    }


def _bounds(shape: Shape) -> Bounds:
    ulimits = {"core": 0, "msgqueue": 0, "nofile": shape.open_files}
    return Bounds(shape.cpus, shape.memory_bytes, shape.pids, ulimits)


def _writable(shape: Shape, image: ImageFacts, policy: ContainerPolicy) -> dict[str, str]:
    uid, _, gid = policy.contract.user_for(image.user).partition(":")
    own = f"rw,exec,nosuid,nodev,size={shape.work_bytes},nr_inodes={MAX_FILES},mode=0700,uid={uid},gid={gid}"
    return dict.fromkeys((WORK_DIR, SCRATCH), own)


def _masked(image: ImageFacts) -> Sequence[str]:
    """Volumes that the image declares would each be writable, and on the engine's disk."""
    return sorted(set(image.volumes) - {WORK_DIR, SCRATCH})


def differences(account: Account, shape: Shape, image: ImageFacts, policy: ContainerPolicy) -> list[Difference]:
    """Every field in which ``account``, as the engine inspects a container, breaks the contract."""
    return [*compared(account, _expected(shape, image, policy)), *own_paths(account), *_mounts(account, image)]


def _mounts(account: Account, image: ImageFacts) -> Iterator[Difference]:
    found = sorted((it.get("Type"), it.get("Destination"), it.get("RW")) for it in account.get("Mounts") or ())
    wanted = [("tmpfs", place, False) for place in _masked(image)]
    if found != wanted:
        yield Difference("Mounts", wanted, found)
    networks = sorted(lookup(account, "NetworkSettings.Networks") or ())
    if networks != [NO_NETWORK]:
        yield Difference("NetworkSettings.Networks", [NO_NETWORK], networks)


def _expected(shape: Shape, image: ImageFacts, policy: ContainerPolicy) -> dict[str, Any]:
    """Written against the contract, not against what was sent: a setting that was never sent is missed here."""
    return {
        **expected(policy, _bounds(shape)),
        "Config.User": policy.contract.user_for(image.user),
        "Config.Entrypoint": shape.bootstrap.argv,
        "Config.Cmd": None,
        "Config.OpenStdin": True,
        "Config.StdinOnce": True,
        **{f"Config.{name}": None for name in _NOTHING_OF_CONFIG},
        **{f"Config.Labels.{name}": value for name, value in _labels(policy).items()},
        "HostConfig.Init": None,
        "HostConfig.PortBindings": None,
        "HostConfig.NetworkMode": "none",
        "HostConfig.Tmpfs": _writable(shape, image, policy),
        "HostConfig.LogConfig.Type": "none",
    }
