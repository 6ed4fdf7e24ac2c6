"""How commands reach the Host."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import httpx

    from hershy.client import AsyncClient, Client


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """For what goes on until somebody has seen enough: exit 130, without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@dataclass(slots=True)
class Session:
    """The Host's address and the file of its token as given on the command line, and transports in place of sockets."""

    url: str | None = None
    token_file: Path | None = None
    transport: "httpx.BaseTransport | None" = None
    async_transport: "httpx.AsyncBaseTransport | None" = None

    @classmethod
    def of(cls, context: typer.Context, url: str | None) -> "Session":
        """The session of this invocation; ``url`` given after the command wins over one given before it."""
        session: Session = context.ensure_object(cls)
        session.url = url or session.url
        return session

    @property
    def names_a_host(self) -> bool:
        """Whether somebody has said which Host is meant, on the command line or in the environment."""
        from hershy.client._http import URL_VARIABLE

        return bool(self.url or os.environ.get(URL_VARIABLE))

    # The client and httpx are imported when a command needs them, not to print a help text.

    def client(self) -> "Client":
        from hershy.client import Client

        try:
            return Client(self.url, token=self._token(), transport=self.transport)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    def async_client(self) -> "AsyncClient":
        from hershy.client import AsyncClient

        try:
            return AsyncClient(self.url, token=self._token(), transport=self.async_transport)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    def _token(self) -> str | None:
        if self.token_file is None:
            return None
        try:
            return self.token_file.read_text(encoding="ascii")
        except (OSError, UnicodeError) as error:
            raise typer.BadParameter(f"{self.token_file}: {error}", param_hint="--token-file") from error
