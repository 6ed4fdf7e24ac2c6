"""Settings: the whole of them, validated, and what they mean to the rest of hershy."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import to_jsonable_python

from hershy.access.principals import Authentication
from hershy.builds.policy import BuildPolicy
from hershy.core.resources import ResourceLimits
from hershy.errors import ConfigurationError
from hershy.programs.application.policy import HostPolicy
from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.domain.job import SandboxLimits

from . import config_file
from .complaints import invalid
from .groups import MEMORY, AdapterSettings, BuildSettings, HttpSettings, ProgramSettings, SandboxSettings
from .names import Leaf, leaves_of
from .sources import gather, nested
from .variables import warn_of_unknown_variables

SECRET = frozenset({"database_url", "adapter_options", "build_proxy"})
"""Settings that may hold a password: never shown."""

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


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it stands, its values as JSON has them.

    ``source``: code, the variable or the file that gave it, ``runtime`` where that chose it, or ``default``.
    """

    name: str
    group: str
    variable: str
    value: Any
    source: str
    default: Any
    meaning: str


class Settings(BaseModel):
    """Which adapter serves each port, and the operator's limits, a group for each capability.

    ``Settings.load`` reads every source; ``Settings(…)`` takes what it is given, and nothing from outside.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    runtime: str = Field("runsc", description="what runs programs: memory, runc, runsc, or a third party's")
    storage_root: Annotated[Path, AfterValidator(Path.resolve)] = Field(
        default_factory=_default_storage_root, description="where the Host keeps its files"
    )
    database_url: str = Field(
        "",
        repr=False,
        description="postgresql://user:password@host/database or sqlite:///path; empty: a file in storage_root",
    )
    adapters: AdapterSettings = Field(default_factory=AdapterSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    builds: BuildSettings = Field(default_factory=BuildSettings)
    programs: ProgramSettings = Field(default_factory=ProgramSettings)
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings)
    adapter_options: dict[str, Any] = Field(
        {}, repr=False, description="options of adapters by name: docker_host, docker_network; see docs/adapters.md"
    )

    _origin: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _file: Path | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, *, config: str | Path | None = None, of_host: bool = True, **from_code: Any) -> "Settings":
        """Read every source; warn, once, of a variable ``HERSHY_…`` that means nothing.

        ``from_code``: by name (``sandbox_pool_size=0``) or group (``sandbox={"pool_size": 0}``). ``config`` names the
        file, or else HERSHY_CONFIG does; else it is ``hershy.toml`` in the storage root, which is for Hosts
        (``of_host``). Nothing is read from the working directory. Raises ConfigurationError naming the setting and what
        is wrong with it, and the nearest one where there is none.
        """
        warn_of_unknown_variables(cls)
        given = gather(cls, from_code)
        root = Path(given.values.get("storage_root") or _default_storage_root()).resolve()
        file = config_file.find(config, root if of_host else None)
        said = {} if file is None else given.add_file(cls, file)
        if file is not None and file.parent == root and Path(said.get("storage_root", root)).resolve() != root:
            raise ConfigurationError(f"settings: storage_root: {file} is found by it, and cannot set another")
        try:
            settings = cls(**nested(cls, given.values))
        except ValidationError as error:
            raise invalid(error, cls, given.origin) from error
        settings._origin, settings._file = given.origin, file
        return settings

    @property
    def file(self) -> Path | None:
        """The file that was read, if any."""
        return self._file

    def setting(self, name: str) -> Any:
        """The value of a setting by its name (``http_port``), or of a property. Raises ConfigurationError."""
        leaf = leaves_of(type(self)).get(name)
        if leaf is not None:
            return leaf.value_in(self)
        if not isinstance(getattr(type(self), name, None), property):
            raise ConfigurationError(f"there is no setting {name!r:.80}")
        return getattr(self, name)

    def listed(self) -> Sequence[Setting]:
        """Every setting, with where it comes from. What may hold a password is shown as ``***``."""
        return [self._listed(leaf) for leaf in leaves_of(type(self)).values()]

    def _listed(self, leaf: Leaf) -> Setting:
        value, source = leaf.value_in(self), self._origin.get(leaf.name, "default")
        if leaf.path[0] == "adapters" and not value:
            value, source = self.adapter_name(leaf.name), "runtime"
        return Setting(
            leaf.name,
            leaf.path[0] if len(leaf.path) > 1 else "",
            leaf.variable,
            _shown(leaf.name, value),
            source,
            _shown(leaf.name, leaf.default),
            leaf.field.description or "",
        )

    def adapter_name(self, port: str) -> str:
        """The adapter chosen for ``builder``, ``runtime`` and so on."""
        chosen: str = self.setting(port)
        if chosen:
            return chosen
        if self.runtime == MEMORY:
            return MEMORY
        return "runc" if (port, self.runtime) == ("sandbox", "runc") else _REAL[port]

    @property
    def host_policy(self) -> HostPolicy:
        builds, programs = self.builds, self.programs
        return HostPolicy(
            build_queue=timedelta(seconds=builds.queue_timeout_s),
            build=timedelta(seconds=builds.timeout_s),
            start=timedelta(seconds=programs.start_timeout_s),
            readiness=timedelta(seconds=programs.readiness_timeout_s),
            stop_grace=timedelta(seconds=programs.stop_grace_s),
            engine=timedelta(seconds=programs.engine_timeout_s),
            concurrent_builds=builds.at_once,
            builds_per_user=self._builds_per_user,
            waiting_builds_per_user=builds.queue_per_user,
            build_cache_bytes=builds.cache_bytes,
            build_cache_age=timedelta(days=builds.cache_days),
            build_policy=BuildPolicy(
                allow_network=builds.network,
                allow_link_local=builds.link_local,
                allowed_registries=builds.allowed_registries,
                allowed_add_hosts=builds.allowed_add_hosts,
                memory_bytes=builds.memory_bytes,
                cpus=builds.cpus,
                pids=builds.pids,
                max_context_bytes=builds.max_context_bytes,
                max_image_bytes=builds.max_image_bytes,
                proxy=builds.proxy,
                no_proxy=builds.no_proxy,
            ),
            max_programs=programs.max_programs,
            max_programs_per_user=programs.max_programs_per_user,
            max_registrations_per_minute=programs.max_registrations_per_minute,
            max_source_bytes=programs.max_source_bytes,
            journal_entries=programs.journal_entries,
            journal_age=timedelta(days=programs.journal_days),
            journal_gone_entries=programs.journal_gone_entries,
            egress=programs.egress,
            max_resources=ResourceLimits(
                cpus=programs.max_cpus,
                memory_bytes=programs.max_memory_bytes,
                pids=programs.max_pids,
                open_files=programs.max_open_files,
                log_bytes=programs.max_log_bytes,
                state_bytes=programs.max_state_bytes,
                state_entries=programs.max_state_entries,
                scratch_bytes=programs.max_scratch_bytes,
            ),
        )

    @property
    def _builds_per_user(self) -> int | None:
        given = self.builds.at_once_per_user
        if given is None and self.http.auth is Authentication.TOKENS:
            return -(-self.builds.at_once // 2)
        return given

    @property
    def sandbox_policy(self) -> SandboxPolicy:
        given = self.sandbox
        return SandboxPolicy(
            threshold=given.threshold,
            check_required=given.check_required,
            limits=given.limits.over(SandboxPolicy().limits),
            max_limits=given.max_limits.over(SandboxPolicy().max_limits),
            allowed_images=given.allowed_images,
            python_image=given.image,
            at_once=given.at_once,
            at_once_per_user=given.at_once_per_user,
            queue=given.queue,
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
        return self.adapters.clock != MEMORY


def _shown(name: str, value: Any) -> Any:
    return "***" if name in SECRET and value else to_jsonable_python(value, exclude_none=True)
