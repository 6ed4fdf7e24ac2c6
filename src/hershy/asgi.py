"""The HTTP API of a Host as an ASGI application, to mount in one of your own: ``app.mount("/hershy", app(host))``."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from hershy.errors import ConfigurationError

if TYPE_CHECKING:
    from hershy.access.authentication import Authenticator
    from hershy.programs.application.host import Host
    from hershy.programs.ports.api_server import ASGIApp
    from hershy.sandbox.application.service import SandboxService

GROUP = "hershy.asgi_apps"
"""The entry point group of functions that make such an application of a Host."""
NAME = "http"


def app(
    host: "Host",
    *,
    authenticator: "Authenticator | None" = None,
    sandbox: "SandboxService | None" = None,
    allowed_hosts: Sequence[str] | None = None,
    allowed_origins: Sequence[str] = (),
    max_body_bytes: int | None = None,
) -> "ASGIApp":
    """Serve ``host``, which is open from the first request to the last. Needs no lifespan events.

    Whoever reaches it controls every program, unless an ``authenticator`` asks for API tokens, or your application asks
    before. ``allowed_hosts``: names that your application is called by; None where it checks them itself.
    ``allowed_origins``: web pages that may call it from a browser. ``sandbox``, opened likewise, runs code that callers
    send; without one there are no such calls. ``max_body_bytes`` bounds the bodies of the Host's own calls, 16 MiB by
    default. Raises ConfigurationError where no web framework is installed.
    """
    given: dict[str, Any] = {} if max_body_bytes is None else {"max_body_bytes": max_body_bytes}
    for point in entry_points(group=GROUP, name=NAME):
        try:
            make = point.load()
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"the HTTP API needs {error.name}: pip install 'hershy[server]'") from error
        made = make(
            host,
            authenticator=authenticator,
            sandbox=sandbox,
            allowed_hosts=allowed_hosts,
            allowed_origins=allowed_origins,
            **given,
        )
        return cast("ASGIApp", made)
    raise ConfigurationError(f"no entry point {NAME!r} in the group {GROUP}: is hershy installed?")
