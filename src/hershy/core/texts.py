"""Rules for texts and mappings of texts that callers hand in."""

from collections.abc import Mapping, Sized

from hershy.errors import InvalidValue


def require_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidValue(f"{what}: must be a text, not {value!r:.80}")


def require_mapping(what: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"{what}: must be a mapping, not {value!r:.80}")


def require_utf8(what: str, text: str) -> None:
    """Raises InvalidValue, naming ``what``, for a text that UTF-8 cannot carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"{what} holds a lone surrogate, which UTF-8 cannot carry") from None


def require_at_most(most: int, what: str, entries: Sized) -> None:
    if len(entries) > most:
        raise InvalidValue(f"{what}: at most {most} entries, not {len(entries)}")


def require_variables(what: str, variables: Mapping[str, str], most: int) -> None:
    """Names and values that can stand as ``NAME=value``: what environments, labels and build arguments are made of.

    Raises InvalidValue naming the variable, never its value.
    """
    require_mapping(what, variables)
    require_at_most(most, what, variables)
    for name, value in variables.items():
        require_text(f"{what}: a name", name)
        if not isinstance(value, str):
            raise InvalidValue(f"{what}: the value of {name!r:.80} must be a text, not a {type(value).__name__}")
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise InvalidValue(f"{what}: {name!r:.80} is not a name and value without NUL or '='")
        if not (name.isascii() and value.isascii()):
            require_utf8(f"{what}: {name!r:.80}", name + value)
