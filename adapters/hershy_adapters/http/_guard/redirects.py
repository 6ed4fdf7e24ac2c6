"""Where a program's answer may send its caller: anywhere but to the Host's own calls.

A caller that follows redirects repeats its request, with its token, wherever ``Location`` says: a program must not have
it stop another. So what would lead to the Host's own origin leads to the program, whose root is the mount.
"""

import re

from .origin_policy import LOOPBACK

_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)")
_HERE, _UP = frozenset({".", "%2e"}), frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def redirected(location: str, mount: str, target: str, host: str) -> str:
    """``location`` as the caller may get it; ``target`` is what the program was asked for, ``host`` the Host's name.

    What leads to other origins is left as it is, but for backslashes: where browsers see a slash, others see none, and
    stay here. A program that knows its mount is not given it twice.
    """
    # As browsers read it, who are the most lenient.
    place, more = _split(re.sub(r"[\t\r\n]", "", location).strip())
    rest = elsewhere = place.replace("\\", "/") + more
    if absolute := _ABSOLUTE.fullmatch(rest):
        if absolute[1].lower() not in ("http", "https"):
            return location
        rest = absolute[2]
    path, more = _split(rest)
    if path.startswith("//"):
        authority, slash, path = path[2:].partition("/")
        if authority and not _is_same(authority, host):
            return elsewhere
        path = slash + path or "/"
    asked, query = _split(target)
    if not path:
        return mount + _resolved(asked) + (more if more.startswith("?") else query + more)
    if not path.startswith("/"):
        path = f"{asked.rpartition('/')[0]}/{path}"
    path = _resolved(path)
    is_mounted = path == mount or path.startswith(f"{mount}/")
    return (path if is_mounted else mount + path) + more


def _split(text: str) -> tuple[str, str]:
    """The path, and the query and fragment behind it."""
    end = min((place for mark in "?#" if (place := text.find(mark)) >= 0), default=len(text))
    return text[:end], text[end:]


def _is_same(authority: str, host: str) -> bool:
    return _canonical(authority.rpartition("@")[2]) == _canonical(host)


def _canonical(authority: str) -> tuple[str, str]:
    """Loopback's names are one: whoever calls it by one of them may be sent to another."""
    name, separator, port = authority.lower().rpartition(":")
    if not separator or port.endswith("]"):
        name, port = authority.lower(), ""
    name = name.removesuffix(".")
    return "localhost" if name.strip("[]") in LOOPBACK else name, "" if port in ("80", "443") else port


def _resolved(path: str) -> str:
    """Absolute, and without segments that lead elsewhere."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment.lower() in _UP:
            del kept[-1:]
        elif segment.lower() not in _HERE:
            kept.append(segment)
    if path.rpartition("/")[2].lower() in _UP | _HERE:
        kept.append("")
    return "/" + "/".join(kept).removeprefix("/")
