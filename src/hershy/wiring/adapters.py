"""Adapters are found by entry point: ours are loaded exactly as a third party's are."""

import sys
from collections.abc import Callable, Collection
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hershy.core.adapter import AdapterContext
from hershy.errors import ConfigurationError

from .ports import PORTS


def make_adapter(port_name: str, context: AdapterContext) -> Any:
    """Find the factory ``context.adapter_name`` among the port's entry points and call it.

    Raises ConfigurationError when there is none of that name (listing those there are), when two packages
    claim the name, when it cannot be imported, and when what it makes is not an instance of the port.
    """
    port = PORTS[port_name].type
    factory = _load(_find(port_name, context.adapter_name))
    adapter = factory(context)
    if not isinstance(adapter, port):
        raise ConfigurationError(
            f"{port_name} adapter {context.adapter_name!r} makes a {type(adapter).__name__}, "
            f"which is not a subclass of {port.__module__}.{port.__name__}"
        )
    return adapter


def is_own(port_name: str, name: str) -> bool:
    """Whether the adapter is one of hershy's. Raises ConfigurationError as ``make_adapter``."""
    return _find(port_name, name).value.startswith("hershy_adapters.")


def _find(port_name: str, name: str) -> EntryPoint:
    group = PORTS[port_name].group
    installed = _installed(group, tuple(sys.path))
    if all(point.name != name for point in installed):
        _installed.cache_clear()  # it may have been installed since
        installed = _installed(group, tuple(sys.path))
    matching = [point for point in installed if point.name == name]
    if not matching:
        names = ", ".join(sorted({point.name for point in installed})) or "none"
        raise ConfigurationError(
            f"no {port_name} adapter named {name!r} is installed (group {group})", remedy=f"there are: {names}"
        )
    if len(matching) > 1:
        values = ", ".join(sorted(point.value for point in matching))
        raise ConfigurationError(
            f"{port_name} adapter {name!r} is claimed more than once: {values}", remedy="uninstall one"
        )
    return matching[0]


@lru_cache(maxsize=64)
def _installed(group: str, path: tuple[str, ...]) -> Collection[EntryPoint]:
    """Kept, since all that is installed is read for it: half of the time it takes to open a Host."""
    return {(point.name, point.value): point for point in entry_points(group=group)}.values()


def _load(point: EntryPoint) -> Callable[[AdapterContext], Any]:
    try:
        factory: Callable[[AdapterContext], Any] = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"adapter {point.name!r} ({point.value}) cannot be loaded: {error}; is its extra installed? "
            "'pip install hershy[all]' brings all of hershy's own"
        ) from error
    return factory
