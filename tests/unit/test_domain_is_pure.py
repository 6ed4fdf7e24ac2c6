"""What every capability decides by is the standard library only, and of that nothing that waits or does I/O."""

import ast
import sys
from pathlib import Path

import pytest

import hershy

ROOT = Path(hershy.__path__[0])
VALUES = (
    "bounds",
    "durations",
    "endpoint",
    "exits",
    "field_types",
    "file_tree",
    "ids",
    "nearest",
    "resources",
    "texts",
)
FILES = sorted(
    [
        ROOT / "errors.py",
        *(ROOT / "core" / f"{name}.py" for name in VALUES),
        *(file for file in (ROOT / "builds").glob("*.py") if file.name not in ("builder.py", "directory.py")),
        *(ROOT / "access" / f"{name}.py" for name in ("principals", "tokens")),
        *ROOT.glob("*/domain/*.py"),
    ]
)
IMPURE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_domain_imports_only_pure_parts_of_the_standard_library(file: Path) -> None:
    """And what is as pure as itself. Anything else belongs behind a port."""
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            imported |= {_pure_or(file, base, alias.name) for alias in node.names}
    if file.name == "spec.py":  # BuildSpec.from_directory, and nothing else of it
        imported -= {str(ROOT / "builds" / "directory.py")}
    assert imported - {"a pure part of hershy"} <= set(sys.stdlib_module_names) - IMPURE


def _pure_or(file: Path, module: str, name: str) -> str:
    """What of the standard library, or which file of hershy that is not among the pure ones."""
    if not module.startswith((".", "hershy")):
        return module.split(".")[0]
    level = len(module) - len(module.lstrip("."))
    folder = ROOT.parent if level == 0 else file.parents[level - 1]
    target = folder.joinpath(*filter(None, module.lstrip(".").split(".")))
    found = next(it for it in (target / f"{name}.py", target.with_suffix(".py"), target / "__init__.py") if it.exists())
    return "a pure part of hershy" if found in FILES else str(found)
