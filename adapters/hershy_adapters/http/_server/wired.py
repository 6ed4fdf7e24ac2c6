"""The application as the settings have it."""

from hershy.access.authentication import Authenticator
from hershy.access.principals import Authentication
from hershy.access.token_store import TokenStore
from hershy.core.adapter import AdapterContext
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import ASGIApp
from hershy.sandbox.application.service import SandboxService

from .._guard.door import Door
from ..app import MAX_BODY_BYTES, create_app


def wired_app(context: AdapterContext, *, checks_names: bool) -> ASGIApp:
    """Options: ``max_body_bytes``, ``auth``, ``allowed_hosts``, ``allowed_origins``.

    ``checks_names``: whether callers come by the names of a network.
    """
    hosts: tuple[str, ...] = context.option("allowed_hosts", ())
    authenticator = None
    if context.option("auth", Authentication.NONE) is Authentication.TOKENS:
        authenticator = Authenticator(context.peer(TokenStore), context.clock)
    return create_app(
        context.peer(Host),
        max_body_bytes=context.option("max_body_bytes", MAX_BODY_BYTES),
        authenticator=authenticator,
        door=Door(hosts if checks_names else None, context.option("allowed_origins", ())),
        sandbox=context.peer(SandboxService),
    )
