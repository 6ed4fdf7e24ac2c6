"""Which database a ``database_url`` means."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

from hershy.errors import ConfigurationError

from ._engines import Engines
from ._sqlite import sqlite_engines

DEFAULT_FILE = "hershy.db"
_ACCEPTED = "give postgresql://user:password@host/database or sqlite:///path, or nothing for a file in storage_root"


def engines_for(url: str, storage_root: Path, deadline: timedelta) -> Engines:
    """Raises ConfigurationError, which never repeats the URL: there may be a password in it."""
    if not url:
        return sqlite_engines(storage_root.absolute() / DEFAULT_FILE, deadline)
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ConfigurationError("database_url is not a URL", remedy=_ACCEPTED)
    match scheme.lower():
        case "sqlite" | "sqlite+aiosqlite":
            return sqlite_engines(_path(rest), deadline)
        case "postgresql" | "postgres" | "postgresql+asyncpg":
            return _postgresql(f"postgresql://{rest}", deadline)
    raise ConfigurationError(f"database_url has the scheme {scheme!r:.40}", remedy=_ACCEPTED)


def _path(rest: str) -> Path:
    """As SQLAlchemy reads it: ``sqlite:///relative/path`` and ``sqlite:////absolute/path``."""
    path = unquote(rest.removeprefix("/"))
    if not rest.startswith("/") or "?" in rest or "#" in rest or "\0" in path or path in ("", ":memory:"):
        raise ConfigurationError("database_url names no SQLite file, or more than one", remedy=_ACCEPTED)
    return Path(path).absolute()


def _postgresql(url: str, deadline: timedelta) -> Engines:
    try:
        from ._postgresql import postgresql_engines  # an extra of its own
    except ImportError as error:
        raise ConfigurationError(
            f"database_url: PostgreSQL needs a package that is missing ({error})",
            remedy="run 'pip install hershy[postgres]'",
        ) from error
    return postgresql_engines(url, deadline)
