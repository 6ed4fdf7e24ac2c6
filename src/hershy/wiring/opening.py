"""Making a Host from settings, and taking it apart again."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from dependency_injector import containers, providers

from hershy.access.principals import Authentication, is_loopback
from hershy.access.token_store import TokenStore
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.ids import OwnerID
from hershy.errors import ConfigurationError
from hershy.programs.application import diagnosis
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import ApiServer
from hershy.sandbox.application.service import SandboxService

from .container import HostContainer
from .options import require_known_options
from .settings import MEMORY, Settings

_NOBODY = OwnerID("0" * 16)


@asynccontextmanager
async def open_host(
    settings: Settings | None = None, *, container: Any | None = None, **from_code: Any
) -> AsyncIterator[Host]:
    """Wire a Host and open it; on leaving, close it and every adapter.

    One of three says how: ``settings``, settings by name (``runtime="runc"``; ``config="FILE"`` beside them names a
    file), or a ``container`` with overridden providers. Raises ConfigurationError, also where two of them are given,
    StorageInUse when another Host works on the storage root, Unavailable when the machine lacks something.
    """
    async with _opened(_container(settings, from_code, container)) as wired:
        yield wired.host()


@asynccontextmanager
async def open_server(settings: Settings | None = None, **from_code: Any) -> AsyncIterator[ApiServer]:
    """Like ``open_host``, and serve its HTTP API at ``http_host:http_port`` until left.

    Raises ConfigurationError for an address beyond loopback unless callers are authenticated and somebody can be.
    """
    async with _opened(_container(settings, from_code)) as wired:
        await _require_tokens(wired.settings(), wired.token_store)
        await wired.sandbox_service().open()
        server: ApiServer = wired.api_server()
        try:
            require_known_options(wired)
            await server.start()
            yield server
        finally:
            await server.aclose()


@asynccontextmanager
async def open_sandbox(
    settings: Settings | None = None, *, container: Any | None = None, **from_code: Any
) -> AsyncIterator[SandboxService]:
    """Wire sandboxes without a Host; on leaving, kill what runs in them and remove them.

    Arguments as ``open_host``; of files, only one that is named is read (``config="FILE"``, HERSHY_CONFIG). Any number
    of processes may do so at once, beside a Host. Raises ConfigurationError.
    """
    wired = _container(settings, from_code, container, of_host=False)
    wired.owner.override(providers.Object(_NOBODY))
    async with _adapters(wired):
        service: SandboxService = wired.sandbox_service()
        require_known_options(wired)
        await service.open()
        yield service


@asynccontextmanager
async def open_tokens(settings: Settings | None = None, **from_code: Any) -> AsyncIterator[tuple[TokenStore, Clock]]:
    """The token store of a Host, and its clock, whether that Host is running or not.

    Raises ConfigurationError where tokens would be gone with this process.
    """
    container = _container(settings, from_code)
    if container.settings().adapter_name("token_store") == MEMORY:
        raise ConfigurationError(
            "the tokens of a Host in memory end with its process",
            remedy='for lasting ones set storage="filesystem" and '
            'token_store="sql" (HERSHY_STORAGE, HERSHY_TOKEN_STORE), for both commands',
        )
    async with _adapters(container):
        container.owner.override(providers.Object(await container.storage().identity()))
        tokens, clock = container.token_store(), container.clock()
        require_known_options(container)
        yield tokens, clock


async def diagnose(settings: Settings | None = None, **from_code: Any) -> Sequence[Requirement]:
    """What the chosen builder, runtime and sandbox need from this machine.

    What only the sandbox needs is not required: a Host starts without, and runs programs. Changes nothing; raises
    ConfigurationError.
    """
    container = _container(settings, from_code)
    container.owner.override(providers.Object(_NOBODY))
    async with _adapters(container):
        builder, runtime, sandbox = container.builder(), container.runtime(), container.sandbox()
        require_known_options(container)
        findings = list(await diagnosis.diagnose(builder, runtime))
        told = {it.name for it in findings}
        of_sandbox = await sandbox.diagnose()
        return [*findings, *(replace(it, required=False) for it in of_sandbox if it.name not in told)]


def _container(
    settings: Settings | None, from_code: dict[str, Any], container: Any | None = None, *, of_host: bool = True
) -> containers.DynamicContainer:
    by_name = [", ".join(from_code)] if from_code else []
    given = [name for name, it in (("container", container), ("settings", settings)) if it is not None] + by_name
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(given)} are given together, and only one of them would be heeded; a container brings its "
            "own settings, and Settings.load takes settings by name"
        )
    if container is not None:
        return cast("containers.DynamicContainer", container)
    # Calling a declarative container makes a dynamic one; the library's types don't say so.
    return cast(
        "containers.DynamicContainer", HostContainer(settings=settings or Settings.load(of_host=of_host, **from_code))
    )


async def _require_tokens(settings: Settings, token_store: Callable[[], TokenStore]) -> None:
    if settings.http.auth is Authentication.NONE or is_loopback(settings.http.host):
        return
    if not await token_store().list():
        raise ConfigurationError(
            f"http_host {settings.http.host} is not a loopback address and there is no token yet, so that nobody could "
            "call this Host",
            remedy="'hershy token create --admin' makes one",
        )


@asynccontextmanager
async def _opened(container: containers.DynamicContainer) -> AsyncIterator[containers.DynamicContainer]:
    async with _adapters(container):
        container.owner.override(providers.Object(await container.storage().claim()))
        host = container.host()
        require_known_options(container)
        async with host:
            yield container


@asynccontextmanager
async def _adapters(container: containers.DynamicContainer) -> AsyncIterator[None]:
    """On leaving, close the adapters that have been made, the latest first, whatever fails."""
    try:
        yield
    finally:
        async with AsyncExitStack() as stack:
            for adapter in container.made():
                if hasattr(adapter, "aclose"):
                    stack.push_async_callback(adapter.aclose)
