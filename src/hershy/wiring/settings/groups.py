"""The settings themselves, a group for each capability: type, bounds, default and meaning, each said once."""

import os
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from hershy.access.principals import Authentication
from hershy.builds.policy import BuildPolicy
from hershy.core.resources import LOWEST, MIB
from hershy.programs.application.policy import HostPolicy
from hershy.programs.domain.egress import Egress
from hershy.programs.ports.api_server import DEFAULT_HOST, DEFAULT_PORT, MAX_BODY_BYTES
from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE, DEFAULT_POOL_SIZE

from .sandbox_limits import SandboxLimitSettings

MEMORY = "memory"
_MOST = HostPolicy().max_resources


@dataclass(frozen=True, slots=True)
class Named:
    """The name that a setting has in code, in the environment and at the top of a file, where it is not derived."""

    name: str


class Group(BaseModel):
    """``sandbox.pool_size`` is also ``sandbox_pool_size``: the group's ``prefix`` before the field's name."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    prefix: ClassVar[str] = ""


class AdapterSettings(Group):
    """Which adapter serves each port; one left empty is chosen by the runtime."""

    builder: str = Field("", description="makes images: docker, memory")
    proxy: str = Field("", description="reaches programs: loopback, memory")
    repository: str = Field("", description="remembers programs: sql, memory")
    storage: str = Field("", description="keeps their files: filesystem, memory")
    token_store: str = Field("", description="keeps API tokens: sql, memory")
    sandbox: str = Field("", description="runs code once: runsc, runc, memory; empty: as the runtime where it can")
    code_analyzer: str = Field("", description="looks at code before: isolated, memory")
    clock: str = Field("system", description="tells the time: system, memory (virtual)")
    event_bus: str = Field(MEMORY, description="carries events to those who watch: memory")
    api_server: str = Field("http", description="serves the HTTP API: http, memory")


class HttpSettings(Group):
    """The HTTP API: where it listens, and who may call it."""

    prefix: ClassVar[str] = "http_"

    host: str = Field(DEFAULT_HOST, description="address the API listens on; beyond loopback only with tokens")
    port: int = Field(DEFAULT_PORT, ge=0, le=65535, description="port the API listens on; 0: any free one")
    auth: Annotated[Authentication, Named("auth")] = Field(
        Authentication.NONE, description="none: whoever reaches the port may call; tokens: bearers of API tokens"
    )
    allowed_hosts: Annotated[tuple[str, ...], Named("allowed_hosts")] = Field(
        (), description="names the Host is called by, beside loopback's and the address connected to; *: any"
    )
    allowed_origins: Annotated[tuple[str, ...], Named("allowed_origins")] = Field(
        (), description="web pages that may call the Host from a browser: https://example.org"
    )
    max_body_bytes: Annotated[int, Named("max_body_bytes")] = Field(
        MAX_BODY_BYTES, gt=0, description="the largest body of a call"
    )
    max_requests_per_user: int = Field(128, ge=1, description="calls of one user, admins aside, open at one time")
    max_streams_per_user: int = Field(32, ge=1, description="events and logs that one user follows at one time")


class BuildSettings(Group):
    """What builds may fetch, and how much of the machine they take."""

    prefix: ClassVar[str] = "build_"

    queue_timeout_s: float = Field(1800, gt=0, description="how long a build waits for its turn")
    timeout_s: float = Field(600, gt=0, description="how long a build may take")
    at_once: Annotated[int, Named("concurrent_builds")] = Field(4, ge=1, description="builds at the same time")
    at_once_per_user: int | None = Field(
        None, ge=1, description="of one user; null: half of them, rounded up, where tokens are asked for, else all"
    )
    queue_per_user: int = Field(
        100, ge=0, description="builds of one user that may wait for their turn, where there is a limit for each"
    )
    network: bool = Field(True, description="whether the steps of a build reach the network")
    link_local: bool = Field(
        False, description="whether they reach link-local addresses, where clouds give out a machine's credentials"
    )
    proxy: str = Field("", repr=False, description="URL of the proxy that steps of every build are told of")
    no_proxy: str = Field("", description="names, separated by commas, that they reach without it")
    memory_bytes: int | None = Field(
        4 * 1024 * MIB,
        ge=LOWEST["memory_bytes"],
        description="memory that the steps of all builds under way take together; null: no bound",
    )
    cpus: float | None = Field(
        default_factory=lambda: 0.75 * (os.cpu_count() or 1),
        ge=LOWEST["cpus"],
        description="cores that the steps of all builds under way take together; null: no bound",
    )
    pids: int | None = Field(4096, ge=1, description="processes and threads, likewise; null: no bound")
    cache_bytes: int | None = Field(
        HostPolicy().build_cache_bytes,
        ge=0,
        description="bytes of the engine's build cache, everybody's who builds there, to keep; null: leave it alone",
    )
    cache_days: float = Field(14, ge=0, description="days that the engine keeps of it what no build uses")
    max_context_bytes: Annotated[int, Named("max_context_bytes")] = Field(
        64 * MIB, ge=1, description="the largest build context"
    )
    max_image_bytes: Annotated[int, Named("max_image_bytes")] = Field(
        8 * 1024 * MIB, ge=1, description="the largest image"
    )
    allowed_registries: Annotated[tuple[str, ...], Named("allowed_registries")] = Field(
        BuildPolicy().allowed_registries,
        description="images that builds may use: docker.io/library, ghcr.io/acme, my-base:local; see docs/builds.md",
    )
    allowed_add_hosts: Annotated[tuple[str, ...], Named("allowed_add_hosts")] = Field(
        (), description="hosts that ADD may fetch from; *: every host, the engine's own machine included"
    )


class ProgramSettings(Group):
    """How programs are run, and the most they may ask for."""

    start_timeout_s: float = Field(300, gt=0, description="how long making and starting a container may take")
    readiness_timeout_s: float = Field(60, gt=0, description="how long a program may take until it answers")
    stop_grace_s: float = Field(10, ge=0, description="between SIGTERM and SIGKILL")
    engine_timeout_s: float = Field(60, gt=0, description="deadline of any other call of the container engine")
    max_programs: int = Field(10_000, ge=1, description="programs registered at the same time")
    max_programs_per_user: int = Field(1_000, ge=1, description="programs of one user at the same time")
    max_registrations_per_minute: int = Field(
        HostPolicy().max_registrations_per_minute,
        ge=1,
        description="programs a user's token may register in a minute",
    )
    max_source_bytes: int = Field(16 * MIB, ge=1, description="the Dockerfile and sources of one program")
    journal_entries: int = Field(1_000, ge=1, description="entries of the journal kept of each program")
    journal_days: float = Field(30, ge=0, description="days that entries of deleted programs are kept")
    journal_gone_entries: int = Field(
        HostPolicy().journal_gone_entries, ge=0, description="entries kept of all the deleted programs of one user"
    )
    max_cpus: float = Field(
        default_factory=lambda: float(os.cpu_count() or 1),
        ge=LOWEST["cpus"],
        description="cores one program may ask for; an engine refuses more than the machine has",
    )
    max_memory_bytes: int = Field(
        _MOST.memory_bytes, ge=LOWEST["memory_bytes"], description="bytes of memory one program may ask for"
    )
    max_pids: int = Field(_MOST.pids, ge=LOWEST["pids"], description="processes and threads one program may ask for")
    max_open_files: int = Field(
        _MOST.open_files, ge=LOWEST["open_files"], description="open files one program may ask for"
    )
    max_log_bytes: int = Field(
        _MOST.log_bytes, ge=LOWEST["log_bytes"], description="bytes of log one program may ask to have kept"
    )
    max_state_bytes: int = Field(
        _MOST.state_bytes, ge=LOWEST["state_bytes"], description="bytes in /state one program may ask for"
    )
    max_state_entries: int = Field(
        _MOST.state_entries,
        ge=LOWEST["state_entries"],
        description="files, folders and links in /state one program may ask for; so many are counted every few seconds",
    )
    max_scratch_bytes: int = Field(
        _MOST.scratch_bytes,
        ge=LOWEST["scratch_bytes"],
        description="bytes of memory one program may ask for as /tmp, and as many as /dev/shm",
    )
    egress: Egress = Field(Egress.OPEN, description="the most that any program has of the network: open or none")
    dns: tuple[str, ...] = Field((), description="resolvers that programs are given; none: those of this machine")
    seccomp_profile: str = Field("", description="a file with a profile in place of hershy's; see docs/seccomp.md")


class SandboxSettings(Group):
    """Code that runs once: in what, how much of it at a time, and which code is refused."""

    prefix: ClassVar[str] = "sandbox_"

    image: str = Field(DEFAULT_IMAGE, description="what Python code runs in; the engine must have it")
    pool_size: int = Field(
        DEFAULT_POOL_SIZE, ge=0, le=1000, description="containers kept warm, once the first code has run"
    )
    threshold: int = Field(SandboxPolicy().threshold, ge=1, description="the score at which code is refused")
    check_required: bool = Field(False, description="whether callers may only be stricter than that")
    allowed_images: tuple[str, ...] = Field(
        SandboxPolicy().allowed_images, description="images that callers may name, written as allowed_registries"
    )
    at_once: int = Field(SandboxPolicy().at_once, ge=1, description="runs at the same time")
    at_once_per_user: int = Field(
        SandboxPolicy().at_once_per_user, ge=1, description="runs of one user at the same time"
    )
    queue: int = Field(SandboxPolicy().queue, ge=0, description="runs that may wait for their turn")
    limits: SandboxLimitSettings = Field(
        SandboxLimitSettings(), description="what a run has that asks for nothing else: HERSHY_SANDBOX_LIMITS__PIDS"
    )
    max_limits: SandboxLimitSettings = Field(SandboxLimitSettings(), description="the most a run may ask for")
