"""The domain is the standard library only, and of that nothing that waits, measures time or does I/O."""

import ast
import sys
from pathlib import Path

import pytest

import hershy.domain

FILES = sorted(Path(hershy.domain.__path__[0]).glob("*.py"))
IMPURE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_domain_imports_only_pure_parts_of_the_standard_library(file: Path) -> None:
    """Anything else belongs behind a port."""
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").split(".")[0])
    assert imported <= set(sys.stdlib_module_names) - IMPURE
