"""TokenStore: the API tokens that have been given out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from .tokens import Token, TokenID


class TokenStore(ABC):
    """Keeps what is known of each token; never its secret.

    Several processes may share one store: what one has written, the next call of another finds. Every method raises
    RepositoryUnavailable when the database does not answer or cannot write.
    """

    @abstractmethod
    async def add(self, token: Token) -> None:
        """Raises AlreadyExists when there is, or was, one of this id."""

    @abstractmethod
    async def list(self) -> Sequence[Token]:
        """All of them, revoked and expired ones too, in order of ``created_at``, then id."""

    @abstractmethod
    async def revoke(self, token_id: TokenID, at: datetime) -> None:
        """Set ``revoked_at``, unless it is set already. Raises TokenNotFound."""

    @abstractmethod
    async def note_use(self, token_id: TokenID, at: datetime) -> None:
        """Set ``last_used_at``; nothing for a token that is not there."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release connections. Idempotent; releases also when it fails."""
