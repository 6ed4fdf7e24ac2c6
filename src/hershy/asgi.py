"""The HTTP API of an open Host as an ASGI application: to mount in an application of your own."""

from collections.abc import Callable, Collection
from importlib.metadata import entry_points

from hershy.access.authentication import Authenticator
from hershy.access.token_store import TokenStore
from hershy.errors import ConfigurationError
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import MAX_BODY_BYTES, ASGIApp
from hershy.sandbox.application.service import SandboxService

GROUP = "hershy.asgi_apps"


def app(
    host: Host,
    *,
    tokens: TokenStore | None = None,
    sandbox: SandboxService | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    allowed_hosts: Collection[str] | None = None,
    allowed_origins: Collection[str] = (),
) -> ASGIApp:
    """Serve ``host``, which is open from before the first request until after the last, at any path.

    ``app.mount("/hershy", hershy.asgi.app(host))`` in FastAPI or Starlette; it needs no lifespan events. With
    ``tokens`` (``hershy.wiring.open_tokens``) callers need an API token; without, whoever reaches the application
    controls every program. ``sandbox``, opened likewise, runs code that callers send. Pages of other origins than
    ``allowed_origins`` change nothing; ``allowed_hosts`` names this application, None for every name. Raises
    ConfigurationError where the extra ``host`` is not installed.
    """
    points = {it.value: it for it in entry_points(group=GROUP)}
    if len(points) != 1:
        raise ConfigurationError(f"one ASGI application must be installed (group {GROUP}), not {len(points)}")
    try:
        create: Callable[..., ASGIApp] = next(iter(points.values())).load()
    except ImportError as error:
        raise ConfigurationError(f"the HTTP API cannot be loaded: {error}; pip install 'hershy[host]'") from error
    return create(
        host,
        max_body_bytes=max_body_bytes,
        authenticator=None if tokens is None else Authenticator(tokens, host.clock),
        sandbox=sandbox,
        allowed_hosts=allowed_hosts,
        allowed_origins=allowed_origins,
    )
