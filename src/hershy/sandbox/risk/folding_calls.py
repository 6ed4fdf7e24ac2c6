"""Calls whose result is worked out: pure functions on plain values, none of which can take long or grow large."""

import base64
import binascii
import codecs
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .words import words

MAX_TEXT = 20_000
MAX_RANGE = 2_000


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""What cannot be told."""
_TEXT_CODECS = words("""
    rot13 rot_13 hex hex_codec base64 base64_codec utf-8 utf8 ascii latin-1 latin1 unicode_escape raw_unicode_escape
    utf-16 utf-7""")
_SAFE_METHODS = words("""
    lower upper swapcase title capitalize casefold strip lstrip rstrip split rsplit splitlines removeprefix
    removesuffix hex encode decode translate partition rpartition""")


def apply_call(name: str, args: Sequence[Any], named: Mapping[str, Any], *, is_method: bool) -> Any:
    """The result, or ``UNKNOWN``. ``name`` is that of a method of ``args[0]``, or a function's dotted path. Raises what
    the call would."""
    if UNKNOWN in args or UNKNOWN in named.values() or any(isinstance(it, list) and UNKNOWN in it for it in args):
        return UNKNOWN
    if is_method:
        return _method(name, args[0], list(args[1:]), named)
    function = _FUNCTIONS.get(name)
    return UNKNOWN if function is None else function(*args, **named)


def _method(name: str, receiver: Any, args: list[Any], named: Mapping[str, Any]) -> Any:
    if not isinstance(receiver, str | bytes) or len(receiver) > MAX_TEXT:
        return UNKNOWN
    if name in ("encode", "decode") and args and str(args[0]).lower() not in _TEXT_CODECS:
        return UNKNOWN
    if name in _SAFE_METHODS:
        result = getattr(receiver, name)(*args, **named)
        return list(result) if isinstance(result, tuple) else result
    if name == "join":
        return _bounded(receiver, args[0])
    if name == "replace":
        old, new = args[0], args[1]
        grown = len(receiver) + (receiver.count(old) + 1) * len(new)
        return receiver.replace(old, new) if grown <= MAX_TEXT else UNKNOWN
    if name == "format" and isinstance(receiver, str):
        # Only fields by position or name: a field's attributes and widths are the program's to make long.
        longest = max((len(str(it)) for it in (*args, *named.values()) if isinstance(it, str | int)), default=0)
        plain = not any(sign in receiver for sign in ":.[!") and all(isinstance(it, str | int) for it in args)
        if longest * receiver.count("{") > MAX_TEXT:
            return UNKNOWN
        return receiver.format(*args, **named) if plain else UNKNOWN
    return UNKNOWN


def _bounded(separator: Any, items: Any) -> Any:
    parts = list(items)[: MAX_RANGE + 1]
    if len(parts) > MAX_RANGE or sum(len(it) + len(separator) for it in parts) > MAX_TEXT:
        raise ValueError("too long")
    return separator.join(parts)


def _range(*ends: int) -> list[int]:
    numbers = range(*ends)
    if len(numbers) > MAX_RANGE:
        raise ValueError("too long")
    return list(numbers)


def _bytes(value: Any = b"", encoding: str = "utf-8") -> bytes:
    if isinstance(value, int):
        raise TypeError("zeros hide nothing")
    return value.encode(encoding) if isinstance(value, str) else bytes(value)


def _str(value: Any = "", encoding: str | None = None) -> str:
    if not isinstance(value, str | bytes | int):
        raise TypeError("what holds itself many times has a long text")
    return value.decode(encoding or "utf-8") if isinstance(value, bytes) and encoding else str(value)


def _map(function: Any, items: Any) -> list[Any]:
    if function != "builtins.chr":
        raise TypeError("only chr is mapped")
    return [chr(it) for it in items]


def _decode(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    if encoding.lower() not in _TEXT_CODECS:
        raise LookupError(encoding)
    return codecs.decode(value, encoding, errors)


def _encode(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    if encoding.lower() not in _TEXT_CODECS:
        raise LookupError(encoding)
    return codecs.encode(value, encoding, errors)


def _inflate(value: bytes) -> bytes:
    return zlib.decompressobj().decompress(value, MAX_TEXT)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.len": len,
    "builtins.hex": hex,
    "builtins.int": int,
    "builtins.str": _str,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.memoryview": _bytes,
    "builtins.list": list,
    "builtins.tuple": list,
    "builtins.iter": list,
    "builtins.sorted": sorted,
    "builtins.reversed": lambda items: list(items)[::-1],
    "builtins.range": _range,
    "builtins.map": _map,
    "builtins.zip": lambda *items: [list(it) for it in zip(*items, strict=False)],
    "builtins.enumerate": lambda items, start=0: [[i, it] for i, it in enumerate(items, start)],
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.str.join": _bounded,
    "builtins.str.lower": str.lower,
    "builtins.str.maketrans": str.maketrans,
    "base64.b64decode": base64.b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify,
    "binascii.a2b_base64": binascii.a2b_base64,
    "codecs.decode": _decode,
    "codecs.encode": _encode,
    "zlib.decompress": _inflate,
    "os.path.join": lambda *parts: "/".join(parts).replace("//", "/"),
    "os.fsdecode": _str,
}
