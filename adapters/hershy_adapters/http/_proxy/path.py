"""Which requests are for a program, and what of their path is the program's."""

from typing import NamedTuple
from urllib.parse import quote, unquote

from hershy.programs.ports.api_server import Scope

PREFIX = "/programs/{program_id}/proxy"


class ForProgram(NamedTuple):
    """``target``: what follows ``/proxy``, as sent; ``mount``: what precedes it, as the caller knows it."""

    program_id: str
    target: str
    mount: str


def for_program(scope: Scope) -> ForProgram | None:
    """Read from the raw path, since decoding would lose what a program may need (``%2F``).

    An application mounted below ``root_path`` finds that many segments before its own.
    """
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    is_mounted = bool(root) and path.startswith(f"{root.rstrip('/')}/")
    skipped = root.rstrip("/").count("/") if is_mounted else 0
    raw = scope.get("raw_path") or quote(path).encode()
    segments = raw.decode("latin-1").split("/", skipped + 4)[1 + skipped :]
    if len(segments) < 3 or segments[0] != "programs" or segments[2] != "proxy":
        return None
    target = "/" + (segments[3] if len(segments) > 3 else "")
    query: bytes = scope.get("query_string", b"")
    if query:
        target = f"{target}?{query.decode('latin-1')}"
    mount = f"{root.rstrip('/') if is_mounted else ''}/programs/{segments[1]}/proxy"
    return ForProgram(unquote(segments[1]), target, mount)
