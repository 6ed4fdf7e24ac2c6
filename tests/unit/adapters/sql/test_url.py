"""Which database a URL means, and how the repository is found by it."""

import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hershy import HostContainer, Settings
from hershy.errors import ConfigurationError
from hershy_adapters.sql._url import engines_for
from hershy_adapters.sql.repository import SqlRepository, create

from .databases import OWNER

DEADLINE = timedelta(seconds=1)
PASSWORD = "hunter2"


def context(root: Path, **options: Any) -> Any:
    """What a factory is given."""
    return SimpleNamespace(
        storage_root=root, owner=OWNER, setting=lambda name, kind: kind(options.get(name, "")), adapter_name="sql"
    )


async def test_without_a_url_it_is_a_file_in_the_storage_root(tmp_path: Path) -> None:
    """``hershy.db``, made at first use."""
    repository = create(context(tmp_path / "root"))
    assert not (tmp_path / "root").exists()
    assert repository.durable
    assert list(await repository.list()) == []
    await repository.aclose()
    assert (tmp_path / "root" / "hershy.db").is_file()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
async def test_a_sqlite_url_names_the_file(tmp_path: Path, scheme: str) -> None:
    """Four slashes before an absolute path, and what is quoted in it."""
    repository = create(context(tmp_path / "root", database_url=f"{scheme}:///{tmp_path}/my%20own.db"))
    assert list(await repository.list()) == []
    await repository.aclose()
    assert [it.name for it in tmp_path.iterdir()] == ["my own.db"]


def test_a_relative_path_is_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes; the database stays the same when the process goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert engines_for("sqlite:///a/b.db", Path("/root"), DEADLINE).name == f"the database {tmp_path}/a/b.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "PostgreSQL"])
def test_postgresql_is_known_by_its_names(scheme: str) -> None:
    """What providers of databases hand out is taken as it is; its name in messages has no password."""
    engines = engines_for(f"{scheme}://u:{PASSWORD}@h/db?sslmode=require", Path("/root"), DEADLINE)
    assert engines.writer.dialect.name == engines.reader.dialect.name == "postgresql"
    assert PASSWORD not in repr(engines)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{PASSWORD}@h/db",
        f"u:{PASSWORD}@h/db",
        f"postgresql:u:{PASSWORD}",
        f"sqlite://u:{PASSWORD}@h/db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
        "sqlite:///a%00b.db",
        "sqlite://[a/b.db",
        "postgresql+psycopg://h/db",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, url: str) -> None:
    """The error says what is accepted, and shows no password."""
    with pytest.raises(ConfigurationError, match=r"postgresql://user:password@host/database or sqlite:///") as caught:
        create(context(tmp_path, database_url=url))
    assert PASSWORD not in str(caught.value)


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PostgreSQL without asyncpg says what to install; SQLite does not need it."""
    monkeypatch.delitem(sys.modules, "hershy_adapters.sql._postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigurationError, match=r"pip install hershy\[postgres\]"):
        create(context(tmp_path, database_url="postgresql://h/db"))
    assert create(context(tmp_path)).durable


def test_it_is_found_by_its_name(tmp_path: Path) -> None:
    """``repository="sql"`` wires it, with the URL of the settings, which their text does not show."""
    url = f"postgresql://u:{PASSWORD}@h/db"
    settings = Settings.load(runtime="memory", repository="sql", storage_root=tmp_path, database_url=url)
    assert PASSWORD not in repr(settings)
    container: Any = HostContainer(settings=settings, owner=OWNER)
    assert isinstance(container.repository(), SqlRepository)
