"""Only SQLite opens the database file: nothing else in the code could (see ``sqlite_engines`` for why)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hershy
import hershy_adapters

SQL = Path(hershy_adapters.__path__[0]) / "sql"
FILES = sorted(file for package in (hershy, hershy_adapters) for file in Path(package.__path__[0]).rglob("*.py"))
NAMES = ("hershy.db", "-wal", "-shm")
OPENS = {
    *("open", "fdopen", "touch", "read_text", "read_bytes", "write_text", "write_bytes"),
    *("copy", "copy2", "copyfile", "copyfileobj", "copytree"),
}
"""Path.touch too: it opens the file, and closes it."""


def offences(source: str, is_of_sql: bool) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and is_of_sql:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in OPENS:
                yield f"line {node.lineno} calls {called}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_of_sql and names_it(node.value):
            yield f"line {node.lineno} names {node.value}"


def names_it(text: str) -> bool:
    return text.endswith(NAMES) and "\n" not in text


@pytest.mark.parametrize("is_of_sql", [True, False], ids=["sql", "elsewhere"])
def test_nothing_but_sqlite_opens_the_database(is_of_sql: bool) -> None:
    """Who knows the file, which is the package ``sql`` alone, opens no file at all by itself."""
    files = [it for it in FILES if it.is_relative_to(SQL) is is_of_sql]
    assert len(files) > 10
    found = [f"{it}: {offence}" for it in files for offence in offences(it.read_text(), is_of_sql)]
    assert found == []


@pytest.mark.parametrize(
    ("source", "is_of_sql"),
    [
        ("os.close(os.open(path, os.O_CREAT))", True),
        ("path.touch(0o600)", True),
        ("with open(path): pass", True),
        ("shutil.copyfile(path, backup)", True),
        ('(root / "hershy.db").stat()', False),
        ('copy(f"{path}-wal")', False),
    ],
)
def test_an_offence_is_found(source: str, is_of_sql: bool) -> None:
    """So that the test above can fail."""
    assert list(offences(source, is_of_sql))
