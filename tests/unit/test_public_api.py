"""The guarded public surface: what ``import hershy`` offers, and what it does not load."""

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import pytest

import hershy
import hershy.client
import hershy.sandbox
from hershy.access.authentication import Authenticator
from hershy.core.clock import Clock
from hershy.programs.application.metrics import Metrics
from hershy.programs.ports.api_server import ASGIApp
from hershy.sandbox.application.metrics import SandboxMetrics


@pytest.mark.parametrize("name", hershy.__all__)
def test_every_public_name_can_be_used(name: str) -> None:
    """Each name of __all__ resolves, and is listed by dir."""
    assert getattr(hershy, name).__name__ == name
    assert name in dir(hershy)


@pytest.mark.parametrize("name", hershy.sandbox.__all__)
def test_every_public_name_of_the_sandbox_can_be_used(name: str) -> None:
    """Likewise."""
    assert getattr(hershy.sandbox, name).__name__ == name
    assert name in dir(hershy.sandbox)


def test_looking_at_code_loads_nothing_else() -> None:
    """The process that reads hostile source shall be small."""
    code = (
        "import sys, hershy.sandbox.risk.analysis\n"
        "print([it for it in ('asyncio', 'structlog', 'prometheus_client', 'pydantic') if it in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded == "[]\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Lazy loading does not swallow misspellings."""
    with pytest.raises(AttributeError, match="Hots"):
        hershy.Hots  # noqa: B018


def test_importing_hershy_loads_no_adapter_and_no_web_stack() -> None:
    """Nor pydantic: a part can be used without the whole."""
    heavy = [
        "hershy_adapters",
        "aiodocker",
        "aiohttp",
        "fastapi",
        "uvicorn",
        "httpx",
        "pydantic",
        "typer",
        "rich",
        "docker",
    ]
    code = f"import hershy, sys; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded == "[]\n"


def test_the_domain_needs_the_standard_library_only() -> None:
    """Nor asyncio: it is pure."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import hershy.programs.domain.reducer, hershy.builds.spec, hershy.programs.domain.diagram\n"
        "import hershy.programs.domain.security\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(name for name in new - {'hershy'} if name not in sys.stdlib_module_names), 'asyncio' in new)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded == "[] False\n"


CALLERS = (
    hershy.Host,
    hershy.RunningProgram,
    hershy.SandboxService,
    hershy.Client,
    hershy.AsyncClient,
    hershy.BlockingProgramHandle,
    hershy.AsyncProgramHandle,
    hershy.open_host,
    hershy.open_sandbox,
    hershy.run_code,
    hershy.connect,
    hershy.asgi.app,
)
NOT_OURS = {Clock, Metrics, SandboxMetrics, Authenticator}
"""What a caller is handed whole: the Host's clock, its counters; and who asks for tokens."""


@pytest.mark.parametrize("caller", CALLERS, ids=lambda it: it.__name__)
def test_every_type_that_a_public_method_takes_or_returns_is_public(caller: Any) -> None:
    """Whoever writes an annotation need not look for its module; nor one of what such a type holds."""
    functions = (
        [caller]
        if inspect.isfunction(caller)
        else [
            member.fget if isinstance(member, property) else member
            for name, member in inspect.getmembers(caller)
            if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
        ]
    )
    named = {it for function in functions for it in _types_of(function)}
    unseen = list(named)
    while unseen:
        held = {it for it in _held_by(unseen.pop()) if it not in named}
        named |= held
        unseen += held
    ours = {it for it in named if it.__module__.startswith("hershy")} - NOT_OURS
    assert {f"{it.__module__}.{it.__name__}" for it in ours if getattr(hershy, it.__name__, None) is not it} == set()
    assert functions


@pytest.mark.parametrize("name", hershy.client.__all__)
def test_what_the_client_gives_is_the_library_s(name: str) -> None:
    """One name for one thing, wherever it is imported from."""
    offered = getattr(hershy.client, name)
    if isinstance(offered, type):
        assert getattr(hershy, name) is offered


def _types_of(function: Any) -> Iterator[type]:
    module = sys.modules[inspect.unwrap(function).__module__]
    names = {**vars(module), **{name: getattr(hershy, name) for name in hershy.__all__}, "ASGIApp": ASGIApp}
    names["Authenticator"] = Authenticator
    for annotation in typing.get_type_hints(inspect.unwrap(function), names).values():
        yield from _flat(annotation)


def _held_by(of: type) -> Iterator[type]:
    """What the fields of a dataclass, or of a dictionary with known keys, are."""
    if is_dataclass(of) or typing.is_typeddict(of):
        for annotation in typing.get_type_hints(of).values():
            yield from _flat(annotation)


def _flat(annotation: Any) -> Iterator[type]:
    inner = typing.get_args(annotation)
    if isinstance(annotation, type) and not inner:
        yield annotation
    for it in inner:
        yield from (_flat(it) if not isinstance(it, list) else (found for part in it for found in _flat(part)))


def test_modules_are_public_too() -> None:
    """``hershy.errors`` and ``hershy.asgi`` need no import of their own."""
    assert hershy.errors.ProgramFailed is getattr(sys.modules["hershy.errors"], "ProgramFailed")  # noqa: B009
    assert callable(hershy.asgi.app)
    assert {"errors", "asgi"} <= set(dir(hershy))
