"""What makes a request readable in more than one way, beyond what the parser refuses by itself."""

import re
from collections.abc import Sequence

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_VERSIONS = ("1.0", "1.1")


class Ambiguous(Exception):
    """Another server could see another request, or another end of it."""


def require_one_message(
    version: str, url: bytes, headers: Sequence[tuple[bytes, bytes]], *, is_upgrade: bool = False
) -> None:
    """Raise Ambiguous, saying why. ``is_upgrade``: the parser takes all after the headers for another protocol."""
    if version not in _VERSIONS:
        raise Ambiguous(f"HTTP/{version} is not spoken here; send HTTP/1.1")
    codings = _values(headers, b"transfer-encoding")
    if codings and (codings != [b"chunked"] or version == "1.0"):
        raise Ambiguous("the only transfer coding taken here is 'chunked', once, in HTTP/1.1")
    if is_upgrade and (codings or any(it.strip(b"0") for it in _values(headers, b"content-length"))):
        raise Ambiguous("a request with a body cannot be one for an upgrade; leave out the Upgrade header")
    absolute = _ABSOLUTE.match(url)
    if absolute is not None and _values(headers, b"host") != [absolute[1].lower()]:
        raise Ambiguous("the target names another host than the Host header; send a path")


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value.strip().lower() for key, value in headers if key == name]
