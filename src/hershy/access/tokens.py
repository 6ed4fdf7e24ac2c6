"""API tokens: ``hershy_{id}_{secret}``.

The id is public: it finds the token, and names it in lists and in the journal. The prefix is for scanners that look for
leaked secrets. The secret is 256 random bits, so its plain SHA-256 is all that needs to be kept: a slow hash makes up
for secrets that can be guessed, and would only slow every request down.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from hershy.core.ids import UserID, _TextID
from hershy.errors import InvalidValue

from .principals import Principal

SECRET_BYTES = 32
MAX_NAME = 100
SHAPE = re.compile(r"hershy_([0-9a-f]{12})_([0-9a-f]{64})")
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class TokenID(_TextID):
    """The public part of a token: 12 hex digits."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9a-f]{12}")
    rule: ClassVar[str] = "12 hexadecimal digits"


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: everything but its secret. ``user_id`` None makes an admin of its bearer.

    A revoked token stays on record. ``last_used_at`` is coarse. Raises InvalidValue for a name that is too long, or
    would not fit on one line.
    """

    id: TokenID
    user_id: UserID | None
    digest: str
    created_at: datetime
    name: str = ""
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME or not (self.name == "" or self.name.isprintable()):
            raise InvalidValue(f"name of a token: at most {MAX_NAME} printable characters, not {self.name!r:.80}")

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def principal(self) -> Principal:
        whose = "admin" if self.user_id is None else str(self.user_id)
        return Principal(f"token {self.id} ({whose})", self.user_id)


def compose(token_id: TokenID, secret: str) -> str:
    """The text its bearer is given, once."""
    return f"hershy_{token_id}_{secret}"


def parse(text: str) -> tuple[TokenID, str] | None:
    """The id and the secret of what has a token's shape."""
    found = SHAPE.fullmatch(text)
    return None if found is None else (TokenID(found[1]), found[2])


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def proves(secret: str, token: Token | None) -> bool:
    """Whether it is the token's secret. Takes the same time for every secret, and for no token at all."""
    matches = hmac.compare_digest(digest_of(secret), token.digest if token is not None else _NOTHING)
    return matches and token is not None
