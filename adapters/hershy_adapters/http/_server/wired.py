"""The application as the settings have it."""

from hershy.access.authentication import Authenticator
from hershy.access.principals import Authentication
from hershy.access.token_store import TokenStore
from hershy.core.adapter import AdapterContext
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import ASGIApp
from hershy.sandbox.application.service import SandboxService

from .._guard.origin_policy import OriginPolicy
from .._guard.shares import UserShare
from ..app import create_app


def wired_app(context: AdapterContext, *, checks_names: bool) -> ASGIApp:
    """Options: ``max_body_bytes``, ``auth``, ``allowed_hosts``, ``allowed_origins``.

    ``checks_names``: whether callers come by the names of a network.
    """
    hosts: tuple[str, ...] = context.setting("allowed_hosts", tuple)
    authenticator = None
    if context.setting("auth", Authentication) is Authentication.TOKENS:
        authenticator = Authenticator(context.peer(TokenStore), context.clock)
    return create_app(
        context.peer(Host),
        max_body_bytes=context.setting("max_body_bytes", int),
        authenticator=authenticator,
        origin_policy=OriginPolicy(hosts if checks_names else None, context.setting("allowed_origins", tuple)),
        sandbox=context.peer(SandboxService),
        user_share=UserShare(
            context.setting("http_max_requests_per_user", int), context.setting("http_max_streams_per_user", int)
        ),
    )
