"""Settings: from code, then the environment (``HERSHY_…``), then a TOML file, then defaults."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hershy.access.principals import Authentication
from hershy.builds.policy import BuildPolicy
from hershy.core.resources import LOWEST, MIB, ResourceLimits
from hershy.errors import ConfigurationError
from hershy.programs.application.policy import HostPolicy
from hershy.programs.domain.egress import Egress
from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.domain.job import SandboxLimits

from .complaints import in_words
from .sandbox_settings import SandboxLimitSettings
from .variables import NESTED, PREFIX, warn_of_unknown_variables

CONFIG_VARIABLE = "HERSHY_CONFIG"
"""Environment variable that names the TOML file; without it ``hershy.toml`` of the working directory is read."""
DEFAULT_CONFIG = "hershy.toml"

MEMORY = "memory"
_MOST = HostPolicy().max_resources
_REAL = {
    "builder": "docker",
    "proxy": "loopback",
    "storage": "filesystem",
    "repository": "sql",
    "token_store": "sql",
    "sandbox": "runsc",
    "code_analyzer": "isolated",
}


def _default_storage_root() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/hershy")
    data_home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data_home).expanduser() / "hershy"


class Settings(BaseSettings):
    """Which adapter serves each port, and the operator's limits.

    An adapter left empty is chosen by the runtime: twins for ``memory``, else Docker, the file system and SQL.
    ``adapter_options`` are handed to adapters by name, e.g. ``docker_host``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid", frozen=True, validate_default=True
    )

    runtime: str = Field("runsc", description="memory, runc, runsc, or an installed third-party runtime")
    builder: str = ""
    proxy: str = ""
    repository: str = ""
    storage: str = ""
    token_store: str = ""
    sandbox: str = ""
    """memory, runc, runsc; empty: as ``runtime`` where that is one of them, else runsc."""
    code_analyzer: str = ""
    clock: str = "system"
    event_bus: str = MEMORY
    api_server: str = "http"

    storage_root: Path = Field(default_factory=_default_storage_root)
    database_url: str = Field("", repr=False)
    """``postgresql://user:password@host/database`` or ``sqlite:///path``; empty for a file in ``storage_root``."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(9000, ge=0, le=65535)
    auth: Authentication = Field(Authentication.NONE, description="none: whoever reaches the port; tokens: API tokens")
    allowed_hosts: tuple[str, ...] = ()
    """Names the Host is called by, beside those of loopback and the address a caller has connected to; ``*``: any."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages that may call the Host from a browser: ``https://example.org``."""
    max_body_bytes: int = Field(16 * 1024 * 1024, gt=0)

    build_queue_timeout_s: float = Field(1800, gt=0)
    build_timeout_s: float = Field(600, gt=0)
    start_timeout_s: float = Field(300, gt=0)
    readiness_timeout_s: float = Field(60, gt=0)
    stop_grace_s: float = Field(10, ge=0)
    engine_timeout_s: float = Field(60, gt=0)
    concurrent_builds: int = Field(4, ge=1)
    build_network: bool = Field(True, description="whether the steps of a build reach the network")
    build_memory_bytes: int | None = Field(4 * 1024 * MIB, ge=LOWEST["memory_bytes"])
    """What the steps of all builds under way take together, as ``build_cpus`` and ``build_pids``; None: no bound."""
    build_cpus: float | None = Field(default_factory=lambda: 0.75 * (os.cpu_count() or 1), ge=LOWEST["cpus"])
    build_pids: int | None = Field(4096, ge=1)
    max_context_bytes: int = Field(64 * MIB, ge=1)
    max_image_bytes: int = Field(8 * 1024 * MIB, ge=1)
    allowed_registries: tuple[str, ...] = BuildPolicy().allowed_registries
    """Images that builds may use: ``docker.io/library``, ``ghcr.io/acme``, ``my-base:local``; see docs/builds.md."""
    allowed_add_hosts: tuple[str, ...] = ()
    """Hosts that ``ADD`` may fetch from; ``*`` is every host, the engine's own machine and its neighbours included."""
    max_programs: int = Field(10_000, ge=1)
    max_programs_per_user: int = Field(1_000, ge=1)
    max_source_bytes: int = Field(16 * 1024 * 1024, ge=1)
    journal_entries: int = Field(1_000, ge=1, description="kept of each program")
    journal_days: float = Field(30, ge=0, description="how long those of deleted programs are kept")
    max_cpus: float = Field(default_factory=lambda: float(os.cpu_count() or 1), ge=LOWEST["cpus"])
    """The most one program may ask for; an engine refuses more than the machine has."""
    max_memory_bytes: int = Field(_MOST.memory_bytes, ge=LOWEST["memory_bytes"])
    max_pids: int = Field(_MOST.pids, ge=LOWEST["pids"])
    max_open_files: int = Field(_MOST.open_files, ge=LOWEST["open_files"])
    max_log_bytes: int = Field(_MOST.log_bytes, ge=LOWEST["log_bytes"])
    max_state_bytes: int = Field(_MOST.state_bytes, ge=LOWEST["state_bytes"])
    """Likewise. What a program does not ask for is its default, or the most, where that is less."""
    egress: Egress = Field(Egress.OPEN, description="the most that any program has: open or none")
    dns: list[str] = []
    """Addresses of the resolvers that programs are given; empty for those of this machine."""
    seccomp_profile: str = ""
    """A file with the operator's own profile, in place of hershy's; see ``docs/seccomp.md``."""

    sandbox_image: str = "python:3.12-slim"
    """What Python code is run in; the engine must have it."""
    sandbox_pool_size: int = Field(2, ge=0, le=1000, description="containers kept warm, once the first code has run")
    sandbox_threshold: int = Field(SandboxPolicy().threshold, ge=1, description="the score at which code is refused")
    sandbox_check_required: bool = Field(False, description="whether callers may only be stricter than that")
    sandbox_allowed_images: tuple[str, ...] = SandboxPolicy().allowed_images
    """Images that callers may name, written as those of ``allowed_registries``."""
    sandbox_at_once: int = Field(SandboxPolicy().at_once, ge=1)
    sandbox_at_once_per_user: int = Field(SandboxPolicy().at_once_per_user, ge=1)
    sandbox_queue: int = Field(SandboxPolicy().queue, ge=0)
    sandbox_limits: SandboxLimitSettings = SandboxLimitSettings()
    """What a run has that asks for nothing else, and the warm containers: ``HERSHY_SANDBOX_LIMITS__MEMORY_BYTES``."""
    sandbox_max_limits: SandboxLimitSettings = SandboxLimitSettings()
    """The most a run may ask for."""

    adapter_options: dict[str, Any] = {}

    @classmethod
    def load(cls, **from_code: Any) -> "Settings":
        """Read every source; warn, once, of a variable ``HERSHY_…`` that means nothing.

        Raises ConfigurationError naming the setting and what is wrong with it, and the nearest one where there is none.
        """
        warn_of_unknown_variables(cls)
        try:
            return cls(**from_code)
        except ValueError as error:  # of the validation, of JSON in a variable, of TOML
            raise ConfigurationError(f"settings: {in_words(error, cls)}") from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())

    def adapter_name(self, port: str) -> str:
        """The adapter chosen for ``builder``, ``runtime`` and so on."""
        chosen: str = getattr(self, port)
        if chosen:
            return chosen
        if self.runtime == MEMORY:
            return MEMORY
        return "runc" if (port, self.runtime) == ("sandbox", "runc") else _REAL[port]

    @property
    def limits(self) -> HostPolicy:
        return HostPolicy(
            build_queue=timedelta(seconds=self.build_queue_timeout_s),
            build=timedelta(seconds=self.build_timeout_s),
            start=timedelta(seconds=self.start_timeout_s),
            readiness=timedelta(seconds=self.readiness_timeout_s),
            stop_grace=timedelta(seconds=self.stop_grace_s),
            engine=timedelta(seconds=self.engine_timeout_s),
            concurrent_builds=self.concurrent_builds,
            build_policy=BuildPolicy(
                allow_network=self.build_network,
                allowed_registries=self.allowed_registries,
                allowed_add_hosts=self.allowed_add_hosts,
                memory_bytes=self.build_memory_bytes,
                cpus=self.build_cpus,
                pids=self.build_pids,
                max_context_bytes=self.max_context_bytes,
                max_image_bytes=self.max_image_bytes,
            ),
            max_programs=self.max_programs,
            max_programs_per_user=self.max_programs_per_user,
            max_source_bytes=self.max_source_bytes,
            journal_entries=self.journal_entries,
            journal_age=timedelta(days=self.journal_days),
            egress=self.egress,
            max_resources=ResourceLimits(
                cpus=self.max_cpus,
                memory_bytes=self.max_memory_bytes,
                pids=self.max_pids,
                open_files=self.max_open_files,
                log_bytes=self.max_log_bytes,
                state_bytes=self.max_state_bytes,
            ),
        )

    @property
    def sandbox_policy(self) -> SandboxPolicy:
        return SandboxPolicy(
            threshold=self.sandbox_threshold,
            check_required=self.sandbox_check_required,
            limits=self.sandbox_limits.over(SandboxPolicy().limits),
            max_limits=self.sandbox_max_limits.over(SandboxPolicy().max_limits),
            allowed_images=self.sandbox_allowed_images,
            python_image=self.sandbox_image,
            at_once=self.sandbox_at_once,
            at_once_per_user=self.sandbox_at_once_per_user,
            queue=self.sandbox_queue,
        )

    @property
    def sandbox_usual_limits(self) -> SandboxLimits:
        """Those of the containers that are kept warm."""
        return self.sandbox_policy.usual_limits

    @property
    def keeps_nothing(self) -> bool:
        """Whether all there is ends with the process, and ``storage_root`` is not used."""
        return all(self.adapter_name(port) == MEMORY for port in ("storage", "repository", "token_store"))

    @property
    def is_in_real_time(self) -> bool:
        """Whether the Host sweeps by itself. In virtual time that would never let the clock stand still."""
        return self.clock != MEMORY


def _config_file() -> Path:
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigurationError(f"{CONFIG_VARIABLE} names {named}, which is not a file")
    return Path(named or DEFAULT_CONFIG)
