"""Giving out API tokens, and telling their bearers apart."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from hershy.core.clock import Clock
from hershy.core.ids import UserID
from hershy.core.log import get_logger
from hershy.errors import HershyError, InvalidValue, Unauthorized

from .principals import Principal
from .token_store import TokenStore
from .tokens import SECRET_BYTES, Token, TokenID, compose, digest_of, parse, proves

LOOKED_AT_EVERY = timedelta(seconds=1)
"""How long a token that was just created or revoked may go unnoticed. However many callers send whatever tokens, the
store is asked no more often than this."""

USE_NOTED_EVERY = timedelta(minutes=10)

_log = get_logger("hershy.tokens")


async def issue(
    tokens: TokenStore, now: datetime, user_id: UserID | None, *, name: str = "", lifetime: timedelta | None = None
) -> tuple[Token, str]:
    """Store a new token; return what is kept of it, and its text, which nobody can tell again.

    ``user_id`` None makes an admin of its bearer. Raises InvalidValue, RepositoryUnavailable.
    """
    if lifetime is not None and lifetime <= timedelta():
        raise InvalidValue(f"a token's lifetime must be more than nothing, not {lifetime.total_seconds():g} s")
    secret = secrets.token_hex(SECRET_BYTES)
    try:
        expires_at = None if lifetime is None else now + lifetime
    except OverflowError:
        raise InvalidValue(
            "a token's lifetime goes beyond the calendar", remedy="leave it out for one without an end"
        ) from None
    token = Token(TokenID(secrets.token_hex(6)), user_id, digest_of(secret), now, name, expires_at)
    await tokens.add(token)
    return token, compose(token.id, secret)


class Authenticator:
    """Tells the bearers of a store's tokens apart."""

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._known: Mapping[TokenID, Token] = {}
        self._fresh_until = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def principal(self, text: str) -> Principal:
        """Whose token this is. Raises Unauthorized, the same for every fault; RepositoryUnavailable."""
        parsed = parse(text)
        if parsed is None:
            raise _refused()
        token_id, secret = parsed
        token = (await self._look()).get(token_id)
        now = self._clock.now()
        if not proves(secret, token) or token is None or not token.is_valid(now):
            raise _refused()
        if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
            await self._note_use(token, now)
        return token.principal

    async def _look(self) -> Mapping[TokenID, Token]:
        if self._clock.monotonic() >= self._fresh_until:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._read())
            await asyncio.shield(self._looking)
        return self._known

    async def _read(self) -> None:
        began = self._clock.monotonic()
        self._known = {it.id: it for it in await self._tokens.list()}
        self._fresh_until = began + LOOKED_AT_EVERY.total_seconds()

    async def _note_use(self, token: Token, now: datetime) -> None:
        try:
            await self._tokens.note_use(token.id, now)
            self._fresh_until = float("-inf")
        except HershyError as error:  # it is a courtesy to the operator, no reason to refuse the caller
            _log.warning("use of a token not noted", token_id=str(token.id), error=str(error))


def _refused() -> Unauthorized:
    return Unauthorized(
        "the token is unknown, expired or revoked", remedy="'hershy token create' on the Host makes one"
    )
