"""The guarded public surface: what ``import hershy`` offers, and what it does not load."""

import subprocess
import sys

import pytest

import hershy
import hershy.sandbox


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
