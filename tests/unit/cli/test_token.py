"""token create, ls and revoke, on a database of their own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from hershy.access.authentication import Authenticator
from hershy.access.principals import Principal
from hershy.access.tokens import SHAPE
from hershy.core.ids import UserID
from hershy.errors import Unauthorized
from hershy.wiring import open_tokens

from .conftest import FakeHost, Hershy


async def principal_of(text: str, storage: Path) -> Principal:
    async with open_tokens(storage_root=storage) as (tokens, clock):
        return await Authenticator(tokens, clock).principal(text)


def test_a_token_s_life(hershy: Hershy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown once and never again; listed without its secret; revoked, it stays on record."""
    monkeypatch.delenv("HERSHY_RUNTIME", raising=False)
    storage = ("--storage", str(tmp_path / "root"))
    assert hershy("token", "create", "--user", "alice", "--expires", "30d", "--name", "ci", *storage) == 0
    text = hershy.out.strip()
    shape = SHAPE.fullmatch(text)
    assert shape is not None
    assert text not in hershy.err
    assert hershy("token", "create", "--admin", "--json", *storage) == 0
    admin = hershy.document
    assert (admin["user_id"], admin["expires_at"]) == (None, None)
    assert hershy("token", "ls", "--json", *storage) == 0
    first = hershy.document["tokens"][0]
    assert (first["id"], first["user_id"], first["name"], first["is_valid"]) == (shape[1], "alice", "ci", True)
    assert hershy("token", "revoke", shape[1], *storage) == 0
    assert hershy("token", "ls", *storage) == 0
    assert "revoked" in hershy.out
    assert "(admin)" in hershy.out
    for secret in (shape[2], SHAPE.fullmatch(admin["token"])[2]):  # type: ignore[index]
        assert secret not in hershy.out
        with closing(sqlite3.connect(tmp_path / "root" / "hershy.db")) as database:
            assert secret not in "".join(database.iterdump())


async def test_what_was_made_lets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store that a Host on this storage root asks knows the token, and no other text."""
    monkeypatch.delenv("HERSHY_RUNTIME", raising=False)
    from hershy.access.authentication import issue

    async with open_tokens(storage_root=tmp_path) as (tokens, clock):
        made, text = await issue(tokens, clock.now(), UserID("alice"))
    assert await principal_of(text, tmp_path) == Principal(f"token {made.id} (alice)", UserID("alice"))
    for wrong in (text[:-1] + ("0" if text[-1] != "0" else "1"), text.upper(), f" {text}", ""):
        with pytest.raises(Unauthorized):
            await principal_of(wrong, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("create",), 2, "either a user or --admin"),
        (("create", "--admin", "--user", "alice"), 2, "either a user or --admin"),
        (("create", "--user", "../x"), 1, "UserID"),
        (("create", "--admin", "--expires", "soon"), 2, "soon"),
        (("create", "--admin", "--name", "x" * 101), 1, "at most 100"),
        (("revoke", "0" * 12), 1, "token not found: 000000000000"),
        (("revoke", "x"), 1, "12 hexadecimal digits"),
    ],
)
def test_refusals(
    hershy: Hershy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Say what is wrong, with the exit code of a usage error or of a refusal."""
    monkeypatch.delenv("HERSHY_RUNTIME", raising=False)
    monkeypatch.setenv("HERSHY_STORAGE_ROOT", str(tmp_path))
    assert hershy("token", *arguments) == code
    assert message in " ".join(hershy.err.replace("│", " ").split())


def test_tokens_in_memory_are_no_use(hershy: Hershy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be gone with the command: it says what to set instead."""
    monkeypatch.setenv("HERSHY_RUNTIME", "memory")
    assert hershy("token", "create", "--admin", "--storage", str(tmp_path)) == 1
    assert "HERSHY_TOKEN_STORE" in hershy.err


def test_a_token_file(hershy: Hershy, host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its one line is the token of every call."""
    seen: list[str | None] = []
    answered = host.__call__

    def spy(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return answered(request)

    monkeypatch.setattr(FakeHost, "__call__", lambda self, request: spy(request))
    (tmp_path / "token").write_text("hershy_1_2\n")
    assert hershy("--token-file", str(tmp_path / "token"), "ls") == 0
    assert seen == ["Bearer hershy_1_2"]
    assert hershy("--token-file", str(tmp_path / "absent"), "ls") == 2
