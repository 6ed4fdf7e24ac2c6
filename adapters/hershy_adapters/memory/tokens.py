"""API tokens in a dictionary."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hershy.access.token_store import TokenStore
from hershy.access.tokens import Token, TokenID
from hershy.core.adapter import AdapterContext
from hershy.errors import AlreadyExists, TokenNotFound


class InMemoryTokens(TokenStore):
    def __init__(self) -> None:
        self._tokens: dict[TokenID, Token] = {}

    async def add(self, token: Token) -> None:
        if token.id in self._tokens:
            raise AlreadyExists(f"token {token.id} exists already")
        self._tokens[token.id] = token

    async def list(self) -> Sequence[Token]:
        return sorted(self._tokens.values(), key=lambda it: (it.created_at, it.id))

    async def revoke(self, token_id: TokenID, at: datetime) -> None:
        token = self._tokens.get(token_id)
        if token is None:
            raise TokenNotFound(token_id)
        self._tokens[token_id] = replace(token, revoked_at=token.revoked_at or at)

    async def note_use(self, token_id: TokenID, at: datetime) -> None:
        if token_id in self._tokens:
            self._tokens[token_id] = replace(self._tokens[token_id], last_used_at=at)

    async def aclose(self) -> None:
        """Nothing to release."""


def create(context: AdapterContext) -> InMemoryTokens:
    return InMemoryTokens()
