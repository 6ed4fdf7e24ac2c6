"""API tokens in the database that also keeps the programs, scoped by the Host that owns them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hershy.access.token_store import TokenStore
from hershy.access.tokens import Token, TokenID
from hershy.core.adapter import AdapterContext
from hershy.core.ids import OwnerID, UserID
from hershy.errors import AlreadyExists, RepositoryUnavailable, TokenNotFound

from ._engines import Engines
from ._schema import TOKENS
from ._sharing import DatabaseShare
from ._url import engines_for
from .repository import DEADLINE


class SqlTokens(TokenStore):
    """See ``Database`` for what writing, waiting and being cancelled mean here."""

    def __init__(self, engines: Engines, owner: OwnerID) -> None:
        self._database = DatabaseShare(engines, DEADLINE)
        self._owner = owner

    async def add(self, token: Token) -> None:
        async def work(connection: AsyncConnection) -> None:
            try:
                await connection.execute(insert(TOKENS).values(_row(self._owner, token)))
            except IntegrityError as error:
                raise AlreadyExists(f"token {token.id} exists already") from error

        await self._database.write(f"adding token {token.id}", work)

    async def list(self) -> Sequence[Token]:
        wanted = select(TOKENS).where(TOKENS.c.owner == str(self._owner)).order_by(TOKENS.c.created_at, TOKENS.c.id)

        async def work(connection: AsyncConnection) -> Sequence[Token]:
            return [_token_of(row) for row in (await connection.execute(wanted)).mappings()]

        return await self._database.read("listing tokens", work)

    async def revoke(self, token_id: TokenID, at: datetime) -> None:
        revoking = update(TOKENS).where(self._is(token_id)).values(revoked_at=func.coalesce(TOKENS.c.revoked_at, at))

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(revoking)).rowcount != 1:
                raise TokenNotFound(token_id)

        await self._database.write(f"revoking token {token_id}", work)

    async def note_use(self, token_id: TokenID, at: datetime) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(TOKENS).where(self._is(token_id)).values(last_used_at=at))

        await self._database.write(f"noting the use of token {token_id}", work)

    async def aclose(self) -> None:
        await self._database.aclose()

    def _is(self, token_id: TokenID) -> ColumnElement[bool]:
        return and_(TOKENS.c.owner == str(self._owner), TOKENS.c.id == str(token_id))


def _row(owner: OwnerID, token: Token) -> dict[str, object]:
    return {
        "owner": str(owner),
        "id": str(token.id),
        "user_id": None if token.user_id is None else str(token.user_id),
        "name": token.name,
        "digest": token.digest,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def _token_of(row: RowMapping) -> Token:
    """Raises RepositoryUnavailable when the row breaks the domain's rules."""
    try:
        return Token(
            id=TokenID(row["id"]),
            user_id=None if row["user_id"] is None else UserID(row["user_id"]),
            digest=row["digest"],
            created_at=row["created_at"],
            name=row["name"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
            revoked_at=row["revoked_at"],
        )
    except ValueError as error:
        raise RepositoryUnavailable(
            f"token {row['id']} cannot be read from the database ({error}); was it changed by hand?"
        ) from error


def create(context: AdapterContext) -> SqlTokens:
    """Options: ``database_url``. Raises ConfigurationError for one that cannot be used."""
    return SqlTokens(engines_for(context.setting("database_url", str), context.storage_root, DEADLINE), context.owner)
