"""The command that shows what a Host would be run with: settings."""

import dataclasses
import json
from typing import Annotated, Any

import typer

from . import output
from .options import ConfigOption, JsonOption, StorageOption, given


def settings(
    only: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT]", help="Those whose name or group holds this: sandbox, timeout.", show_default=False
        ),
    ] = None,
    storage: StorageOption = None,
    runtime: Annotated[str | None, typer.Option(metavar="NAME", help="The runtime, as given to serve.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every setting: its value, where that comes from, its default and its meaning.

    A setting is given by its variable in the environment (HERSHY_HTTP_PORT), by its name at the top of a file
    (--config) or in the table of its group (`[http] port = 9001`), or in code (`open_host(http_port=9001)`).

    Passwords are not shown.
    """
    from hershy.wiring import Settings

    loaded = Settings.load(**given(storage_root=storage, runtime=runtime, config=config))
    shown = [it for it in loaded.listed() if only is None or only in it.name or only in it.group]
    if as_json:
        output.document({"settings": [dataclasses.asdict(it) for it in shown], "count": len(shown)})
        return
    rows = [(it.name, _text(it.value), it.source, _text(it.default), it.meaning) for it in shown]
    output.table(("SETTING", "VALUE", "FROM", "DEFAULT", "MEANING"), rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
