"""What every TokenStore must do. Subclass TokensContract and override its fixture."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.access.token_store import TokenStore
from hershy.access.tokens import Token, TokenID, digest_of
from hershy.core.ids import UserID
from hershy.errors import AlreadyExists, TokenNotFound

from ._samples import NOW

LATER = NOW + timedelta(hours=1, microseconds=1)
ABSENT = TokenID("f" * 12)


def sample_token(number: int = 1, user: str | None = "alice") -> Token:
    return Token(
        id=TokenID(f"{number:012x}"),
        user_id=None if user is None else UserID(user),
        digest=digest_of("secret"),
        created_at=NOW,
        name="für Ämter",
        expires_at=LATER,
    )


@pytest.mark.asyncio
class TokensContract:
    """Override the fixture ``tokens``: an empty store, closed after the test."""

    async def test_tokens_are_read_back_equal(self, tokens: TokenStore) -> None:
        """In order of creation, then id; those of a user, of an admin, with and without an end."""
        third, first = sample_token(3), sample_token(1, None)
        second = replace(sample_token(2), expires_at=None, last_used_at=LATER, name="")
        oldest = replace(sample_token(4), created_at=NOW - timedelta(microseconds=1))
        for token in (third, second, first, oldest):
            await tokens.add(token)
        assert list(await tokens.list()) == [oldest, first, second, third]

    async def test_an_id_is_given_once(self, tokens: TokenStore) -> None:
        """Also after the token was revoked; nothing has changed then."""
        await tokens.add(sample_token())
        await tokens.revoke(sample_token().id, LATER)
        with pytest.raises(AlreadyExists, match=str(sample_token().id)):
            await tokens.add(sample_token(user="bob"))
        assert list(await tokens.list()) == [replace(sample_token(), revoked_at=LATER)]

    async def test_revoking_is_once_and_for_all(self, tokens: TokenStore) -> None:
        """The first time counts; other tokens stay as they are; an unknown one is an error."""
        await tokens.add(sample_token(1))
        await tokens.add(sample_token(2))
        await tokens.revoke(sample_token(1).id, LATER)
        await tokens.revoke(sample_token(1).id, LATER + timedelta(days=1))
        assert list(await tokens.list()) == [replace(sample_token(1), revoked_at=LATER), sample_token(2)]
        with pytest.raises(TokenNotFound, match=str(ABSENT)):
            await tokens.revoke(ABSENT, LATER)

    async def test_use_is_noted(self, tokens: TokenStore) -> None:
        """The latest call counts; for an absent token nothing happens."""
        await tokens.add(sample_token())
        await tokens.note_use(sample_token().id, NOW)
        await tokens.note_use(sample_token().id, LATER)
        await tokens.note_use(ABSENT, LATER)
        assert list(await tokens.list()) == [replace(sample_token(), last_used_at=LATER)]

    async def test_closing_twice(self, tokens: TokenStore) -> None:
        """The second time nothing happens."""
        await tokens.aclose()
        await tokens.aclose()
