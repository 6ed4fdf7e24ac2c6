"""The examples are programs, not packages of this distribution: a test finds them by their folder."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"

sys.path.insert(0, str(EXAMPLES / "trading_long"))


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Loads an example's ``main.py`` as its container would: anew, with that environment."""

    def load(name: str, **environment: object) -> ModuleType:
        for variable, value in environment.items():
            monkeypatch.setenv(variable, str(value))
        spec = importlib.util.spec_from_file_location(f"{name}_main", EXAMPLES / name / "main.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
