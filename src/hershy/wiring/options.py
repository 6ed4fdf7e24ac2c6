"""``adapter_options`` that no adapter reads are refused: one misspelt would leave a default in force, unseen."""

from dependency_injector import containers

from hershy.core.nearest import hint
from hershy.errors import ConfigurationError

from .adapters import is_own
from .ports import PORTS

OWN_OPTIONS = frozenset(
    {
        "docker_buildkit",
        "docker_host",
        "docker_network",
        "docker_subnets",
        "max_connections",
        "proxy_timeout_s",
    }
)
"""What hershy's own adapters ask for, those included that these settings have not chosen: one file serves several."""


def require_known_options(container: containers.DynamicContainer) -> None:
    """Raises ConfigurationError for an option that no adapter has asked for, naming the nearest right one.

    Call it when the adapters have been made. Whether one that has not been made would ask is known of hershy's own
    only; while one of a third party is still to be made nothing is refused.
    """
    known = OWN_OPTIONS | container.asked_options()
    unknown = [name for name in container.settings().adapter_options if name not in known]
    if not unknown or not all(_is_told(container, port) for port in PORTS):
        return
    name = unknown[0]
    raise ConfigurationError(f"adapter_options.{name:.200}: no adapter has such an option{hint(name, known)}")


def _is_told(container: containers.DynamicContainer, port: str) -> bool:
    if getattr(container, port).overridden or any(isinstance(it, PORTS[port].type) for it in container.made()):
        return True
    return is_own(port, container.settings().adapter_name(port))
