"""Translates the database's errors into hershy's, keeping the cause. None of them says a password or a value."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hershy.errors import RepositoryUnavailable


@contextmanager
def translated(doing: str, database: str, remedy: str) -> Iterator[None]:
    """Run database calls inside; ``doing`` says in the error what was attempted."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise RepositoryUnavailable(f"{doing}: {database} failed ({_detail(error)})", remedy=remedy) from error


def _detail(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, DBAPIError) and error.orig is not None:
        said = str(error.orig.__cause__ or error.orig)  # for asyncpg, SQLAlchemy puts an error of its own in between
    else:
        said = str(error)
    return said.strip().partition("\n")[0] or type(error).__name__
