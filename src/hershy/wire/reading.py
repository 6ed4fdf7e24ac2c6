"""JSON becomes a dataclass: strictly, as a Host reads what callers send, or tolerantly, as a client reads a Host."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from hershy.core.nearest import hint
from hershy.errors import InvalidValue

from .plain import PLAIN, Reader, Wrong
from .plan import WireField, alternatives, plan

T = TypeVar("T")


def read(of: type[T], value: object) -> T:
    """What a caller has sent, as ``of``. Values must have their JSON type, and every name must be known.

    Raises InvalidValue, its message one sentence that names the field.
    """
    return _read(of, value, is_strict=True)


def read_answer(of: type[T], value: object) -> T:
    """What a Host has answered. Of a newer Host unknown fields are passed over, and an unknown state or other word of
    a list is kept as its text. A null where none is promised means that the Host says nothing of it.

    Raises InvalidValue where something that is promised is missing, or is something else.
    """
    return _read(of, value, is_strict=False)


def require_known(what: str, given: object, of: type) -> None:
    """Raises InvalidValue, with the right one, where ``given`` is a mapping with a name that ``of`` does not have."""
    if not isinstance(given, Mapping):
        return
    try:
        _require_known(of, given)
    except Wrong as wrong:
        raise InvalidValue(f"{what}.{wrong}" if what else str(wrong)) from None


def _read(of: type[T], value: object, *, is_strict: bool) -> T:
    try:
        read: T = _reader(of, is_strict)(value)
    except Wrong as wrong:
        raise InvalidValue(str(wrong)) from None
    return read


def _made_reader(of: Any, is_strict: bool) -> Reader:
    """Raises Wrong."""
    if of in PLAIN:
        return PLAIN[of]
    if len(alternatives(of)) > 1:
        return _union(alternatives(of), is_strict)
    origin = get_origin(of)
    if of is Any:
        return lambda value: value
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(get_args(of)[1], is_strict))
    if origin is not None and issubclass(origin, Sequence):
        return _sequence(_reader(get_args(of)[0], is_strict))
    if is_dataclass(of):
        return _dataclass(of, is_strict)
    if issubclass(of, Enum):
        return _choice(of, is_strict)
    raise TypeError(f"{of} has no form in JSON")


_reader: Callable[[Any, bool], Reader] = cache(_made_reader)


def _dataclass(of: Any, is_strict: bool) -> Reader:
    known = plan(of)
    readers = [(it, _of_field(it, is_strict)) for it in known.values()]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Wrong("input should be a valid dictionary")
        if is_strict:
            _require_known(of, value)
        given: dict[str, Any] = {}
        for field, reader in readers:
            found = value.get(field.key)
            if found is None:
                if field.is_required and not field.is_optional:
                    raise Wrong("field required", field.key)
                if field.is_required:
                    given[field.name] = None
                continue
            try:
                given[field.name] = reader(found)
            except Wrong as wrong:
                wrong.place.append(field.key)
                raise
        return of(**given)

    return read


def _require_known(of: Any, value: Mapping[str, object]) -> None:
    known = plan(of)
    for name in value:
        if name not in known:
            raise Wrong(f"unknown field{hint(str(name), known)}", str(name))


def _of_field(field: WireField, is_strict: bool) -> Reader:
    reader, short = _reader(field.type if is_strict else field.loose_type, is_strict), field.about.short
    if short is None:
        return _nullable(reader)

    def read(value: Any) -> Any:
        given = short.expand(value) if isinstance(value, short.kind) else value
        return None if given is None else reader(given)

    return read


def _nullable(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _union(of: Sequence[Any], is_strict: bool) -> Reader:
    """An object is what among them is a dataclass; all else the other one."""
    objects = [_reader(it, is_strict) for it in of if is_dataclass(it)]
    others = [_reader(it, is_strict) for it in of if not is_dataclass(it)]
    if len(objects) != 1 or len(others) != 1:
        raise TypeError(f"{of}: JSON cannot tell these apart")
    return lambda value: objects[0](value) if isinstance(value, dict) else others[0](value)


def _mapping(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Wrong("input should be a valid dictionary")
        key = ""
        try:
            read = {}
            for key, entry in value.items():
                read[key] = reader(entry)
            return read
        except Wrong as wrong:
            wrong.place.append(key)
            raise

    return read


def _sequence(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise Wrong("input should be a valid list")
        read = []
        for entry in value:
            try:
                read.append(reader(entry))
            except Wrong as wrong:
                wrong.place.append(str(len(read)))
                raise
        return tuple(read)

    return read


def _choice(of: type[Enum], is_strict: bool) -> Reader:
    choices: Mapping[Any, Enum] = {it.value: it for it in of}
    *most, last = [repr(it) for it in choices]
    expected = f"{', '.join(most)} or {last}" if most else last

    def read(value: Any) -> Any:
        if not isinstance(value, str) or (is_strict and value not in choices):
            raise Wrong(f"input should be {expected}")
        return choices.get(value, value)

    return read
