"""Commands for API tokens: token create, ls, revoke. They work on the Host's database, whether it runs or not."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import output
from .options import ConfigOption, JsonOption, StorageOption, duration, given

if TYPE_CHECKING:
    from hershy.access.tokens import Token

commands = typer.Typer(name="token", no_args_is_help=True)


@commands.callback()
def token() -> None:
    """Make, list and revoke the API tokens of a Host on this machine.

    A Host asks for them under `hershy serve --auth tokens`. What is changed here it knows within a second.
    """


@commands.command()
def create(
    user: Annotated[str | None, typer.Option(metavar="ID", help="For this user's programs only.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="For everything on the Host.")] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="Valid for so long (12h, 30d); without end by default.")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, to tell it from others.")] = "",
    storage: StorageOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it. It is shown this once; the Host keeps its digest only.

    Example: `hershy token create --user alice --expires 30d --name ci`
    """
    from hershy.access.authentication import issue
    from hershy.core.ids import UserID
    from hershy.wiring import open_tokens

    if (user is None) is not admin:
        raise typer.BadParameter("give either a user or --admin", param_hint="--user")
    lifetime = duration("--expires", expires)

    async def making() -> tuple["Token", str]:
        async with open_tokens(**given(storage_root=storage, config=config)) as (tokens, clock):
            user_id = None if user is None else UserID(user)
            return await issue(tokens, clock.now(), user_id, name=name, lifetime=lifetime)

    made, text = asyncio.run(making())
    if as_json:
        output.document({"token": text, **_document(made)})
        return
    output.note(f"token {made.id}, {_until(made.expires_at)}; it is not shown again, keep it where secrets are kept:")
    output.result(text)


@commands.command()
def ls(storage: StorageOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens there are and were, without their secrets."""
    from hershy.wiring import open_tokens

    async def listing() -> tuple[list["Token"], datetime]:
        async with open_tokens(**given(storage_root=storage, config=config)) as (tokens, clock):
            return list(await tokens.list()), clock.now()

    found, now = asyncio.run(listing())
    if as_json:
        shown = [{**_document(it), "is_valid": it.is_valid(now)} for it in found]
        output.document({"tokens": shown, "count": len(shown)})
        return
    rows = [
        (str(it.id), str(it.user_id or "(admin)"), it.name, _state(it, now), _moment(it.created_at), _used(it))
        for it in found
    ]
    output.table(("ID", "USER", "NAME", "VALID", "CREATED", "LAST USED"), rows)


@commands.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as 'hershy token ls' shows it.")],
    storage: StorageOption = None,
    config: ConfigOption = None,
) -> None:
    """End a token: within a second it is refused, and streams that it has opened are closed."""
    from hershy.access.tokens import TokenID
    from hershy.wiring import open_tokens

    async def revoking() -> None:
        async with open_tokens(**given(storage_root=storage, config=config)) as (tokens, clock):
            await tokens.revoke(TokenID(token_id), clock.now())

    asyncio.run(revoking())
    output.note(f"token {token_id} is revoked")


def _document(it: "Token") -> dict[str, Any]:
    return {
        "id": str(it.id),
        "user_id": None if it.user_id is None else str(it.user_id),
        "name": it.name,
        "created_at": it.created_at,
        "expires_at": it.expires_at,
        "last_used_at": it.last_used_at,
        "revoked_at": it.revoked_at,
    }


def _state(it: "Token", now: datetime) -> str:
    if it.revoked_at is not None:
        return f"revoked {_moment(it.revoked_at)}"
    return _until(it.expires_at) if it.is_valid(now) else f"expired {_moment(it.expires_at)}"


def _until(expires_at: datetime | None) -> str:
    return "without end" if expires_at is None else f"until {_moment(expires_at)}"


def _used(it: "Token") -> str:
    return "never" if it.last_used_at is None else _moment(it.last_used_at)


def _moment(at: datetime | None) -> str:
    return "" if at is None else output.timestamp(at.replace(microsecond=0))
