"""The dependency-injector container: one provider per port, each overridable in tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from dependency_injector import containers, providers
from pydantic import TypeAdapter, ValidationError

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.ids import OwnerID
from hershy.errors import ConfigurationError
from hershy.programs.application.host import Host
from hershy.programs.application.images import Images
from hershy.programs.application.output.archive import LogArchive
from hershy.programs.application.port_leases import leases_for
from hershy.programs.application.services import Services
from hershy.sandbox.application.service import SandboxService

from .adapters import make_adapter
from .ports import PORTS
from .settings import Settings

T = TypeVar("T")


class WiringContext(AdapterContext):
    """What one adapter's factory is given. ``container`` is an instance of HostContainer."""

    def __init__(self, container: containers.DynamicContainer, port_name: str) -> None:
        self._container = container
        self._settings: Settings = container.settings()
        self.adapter_name = self._settings.adapter_name(port_name)
        self.storage_root: Path = self._settings.storage_root

    @property
    def owner(self) -> OwnerID:
        return cast("OwnerID", self._container.owner())

    @property
    def clock(self) -> Clock:
        return cast("Clock", self._container.clock())

    def peer(self, port: type[T]) -> T:
        if port is Host:
            return cast("T", self._container.host())
        if port is SandboxService:
            return cast("T", self._container.sandbox_service())
        for name, candidate in PORTS.items():
            if candidate.type is port:
                return cast("T", getattr(self._container, name)())
        raise ConfigurationError(f"{self.adapter_name}: nothing is wired for {port.__name__}")

    def setting(self, name: str, kind: type[T]) -> T:
        value = self._settings.setting(name)
        if not isinstance(value, kind):
            raise ConfigurationError(f"{self.adapter_name}: {name} is a {type(value).__name__}, no {kind.__name__}")
        return value

    def option(self, name: str, default: T) -> T:
        self._container.asked_options().add(name)
        given = self._settings.adapter_options.get(name, default)
        try:
            return TypeAdapter(type(default)).validate_python(given)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise ConfigurationError(f"adapter_options.{name}: {problem}, not {given!r:.80}") from error

    def shared(self, key: str, make: Callable[[], T]) -> T:
        objects: dict[str, Any] = self._container.shared_objects()
        if key not in objects:
            objects[key] = make()
        return cast("T", objects[key])


def _adapter(port_name: str, container: containers.DynamicContainer) -> Any:
    in_the_making: list[str] = container.in_the_making()
    if port_name in in_the_making:
        raise ConfigurationError(f"adapters need each other in a circle: {' -> '.join([*in_the_making, port_name])}")
    in_the_making.append(port_name)
    try:
        adapter = make_adapter(port_name, WiringContext(container, port_name))
        container.made().append(adapter)
        return adapter
    finally:
        in_the_making.remove(port_name)


class HostContainer(containers.DeclarativeContainer):
    """``settings`` and ``owner`` must be given; override a port's provider to replace its adapter.

    ``made`` lists the adapters in the order they were made; those that override are not among them. ``asked_options``:
    the names of adapter_options that they have asked for.

    ``container = HostContainer(settings=…); container.runtime.override(providers.Object(my_runtime))``
    """

    __self__ = providers.Self()

    settings = providers.Dependency(instance_of=Settings)
    owner = providers.Dependency(instance_of=OwnerID)
    shared_objects: providers.Singleton[dict[str, Any]] = providers.Singleton(dict)
    in_the_making: providers.Singleton[list[str]] = providers.Singleton(list)
    asked_options: providers.Singleton[set[str]] = providers.Singleton(set)
    made: providers.Singleton[list[Any]] = providers.Singleton(list)

    clock = providers.Singleton(_adapter, "clock", __self__)
    event_bus = providers.Singleton(_adapter, "event_bus", __self__)
    storage = providers.Singleton(_adapter, "storage", __self__)
    repository = providers.Singleton(_adapter, "repository", __self__)
    token_store = providers.Singleton(_adapter, "token_store", __self__)
    builder = providers.Singleton(_adapter, "builder", __self__)
    runtime = providers.Singleton(_adapter, "runtime", __self__)
    proxy = providers.Singleton(_adapter, "proxy", __self__)
    api_server = providers.Singleton(_adapter, "api_server", __self__)
    sandbox = providers.Singleton(_adapter, "sandbox", __self__)
    code_analyzer = providers.Singleton(_adapter, "code_analyzer", __self__)

    services = providers.Singleton(
        Services,
        builder=builder,
        runtime=runtime,
        proxy=proxy,
        repository=repository,
        storage=storage,
        clock=clock,
        event_bus=event_bus,
        port_leases=providers.Singleton(leases_for, runtime),
        images=providers.Singleton(Images, builder, repository, settings.provided.host_policy),
        log_archive=providers.Singleton(LogArchive, storage, runtime),
        limits=settings.provided.host_policy,
    )
    host = providers.Singleton(Host, services, sweeps=settings.provided.is_in_real_time)
    sandbox_service = providers.Singleton(SandboxService, sandbox, code_analyzer, settings.provided.sandbox_policy)
