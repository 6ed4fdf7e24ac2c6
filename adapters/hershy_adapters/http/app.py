"""The Host API as an ASGI application."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI

from hershy.access.authentication import Authenticator
from hershy.programs.application.host import Host
from hershy.programs.ports.api_server import MAX_BODY_BYTES, ASGIApp
from hershy.sandbox.application.caller_access import SandboxAccess
from hershy.sandbox.application.service import SandboxService

from ._calls.bulk import add_bulk_routes
from ._calls.observing import add_observing_routes
from ._calls.operation import add_operation_routes
from ._calls.programs import add_routes
from ._calls.sandbox import add_sandbox_routes
from ._errors import Json, install_handlers
from ._guard.admission import admission
from ._guard.body_limit import limit_body
from ._guard.isolation import own_headers
from ._guard.known_input import require_known_input
from ._guard.origin_policy import OriginPolicy, guarded
from ._guard.shares import UserShare, shared
from ._metrics import HttpMetrics, measured
from ._openapi import complete
from ._proxy.gate import proxy_gate
from ._server.middleware import error_boundary, head_as_get


def create_app(
    host: Host,
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    authenticator: Authenticator | None = None,
    origin_policy: OriginPolicy = OriginPolicy(),
    sandbox: SandboxService | None = None,
    user_share: UserShare = UserShare(),
) -> ASGIApp:
    """Serve ``host``; open it before the first request and close it after the last.

    Run it under any ASGI server, or mount it in an application of your own, at any path:
    ``app.mount("/hershy", create_app(host))``. It needs no lifespan events. ``max_body_bytes`` bounds the bodies
    of the Host's own calls; what goes to programs streams through unbounded. Without an ``authenticator`` whoever
    reaches it controls every program. ``origin_policy`` keeps web pages of elsewhere out: by the origin they say, and
    by the names it is told this application has. ``sandbox``, opened likewise, runs code that callers send; without one
    there are no such calls. ``user_share`` bounds what one user's tokens hold open at one time.
    """
    metrics = HttpMetrics()
    api = own_headers(head_as_get(limit_body(_json_api(host, metrics, sandbox), max_body_bytes)))
    admitted = admission(shared(proxy_gate(api), user_share), host, authenticator)
    return measured(error_boundary(guarded(admitted, origin_policy)), metrics)


def create(
    host: Host, *, allowed_hosts: Sequence[str] | None = None, allowed_origins: Sequence[str] = (), **options: Any
) -> ASGIApp:
    """What ``hershy.asgi.app`` makes."""
    return create_app(host, origin_policy=OriginPolicy(allowed_hosts, allowed_origins), **options)


def _json_api(host: Host, metrics: HttpMetrics, sandbox: SandboxService | None = None) -> FastAPI:
    api = _Api(
        title="hershy Host API",
        version="1",
        description="Deploys, supervises and reaches programs.",
        default_response_class=Json,
        dependencies=[Depends(require_known_input)],
        redirect_slashes=False,
    )
    install_handlers(api)
    add_routes(api)
    add_observing_routes(api)
    add_bulk_routes(api)
    registries = [metrics.registry]
    if sandbox is not None:
        add_sandbox_routes(api, partial(SandboxAccess, sandbox))
        registries.append(sandbox.metrics.registry)
    add_operation_routes(api, host, registries)
    return api


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            complete(super().openapi())
        assert self.openapi_schema is not None
        return self.openapi_schema
