"""Endpoint: where a running program's 8080 is reached from the Host."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TCP address at which the program answers HTTP. Its runtime gives it, when the program has been started.

    ``host`` is an address or a name that this process resolves; ``name`` what the program is told in the Host header
    in place of it, where callers know the program by another name.
    """

    host: str
    port: int
    name: str = ""

    @property
    def authority(self) -> str:
        """Name and port as in a URL or a Host header."""
        host = self.name or self.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    def __str__(self) -> str:
        return self.authority
