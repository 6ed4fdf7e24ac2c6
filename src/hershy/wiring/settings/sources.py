"""Where settings come from: code, then the environment, then a TOML file; and which of them said what."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from hershy.errors import ConfigurationError

from .complaints import not_json, unknown
from .names import NESTED, PREFIX, Leaf, groups_of, leaves_of

CODE = "code"


@dataclass(slots=True)
class Given:
    """What the sources say, by the settings' names; ``origin`` tells which of them said it."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    def add(self, said: Mapping[str, Any], origin: Mapping[str, str]) -> None:
        """What was said before wins; tables that both give are joined."""
        for name, value in said.items():
            if name not in self.values:
                self.values[name] = value
                self.origin[name] = origin[name]
            elif isinstance(value, Mapping) and isinstance(self.values[name], Mapping):
                self.values[name] = {**value, **self.values[name]}
                self.origin[name] += f", {origin[name]}"

    def add_file(self, model: type[BaseModel], file: Path) -> Mapping[str, Any]:
        """Return what the file says. Raises ConfigurationError as ``gather``, and for what cannot be read."""
        said = flat(model, _toml(file), str(file))
        self.add(said, dict.fromkeys(said, str(file)))
        return said


def gather(model: type[BaseModel], from_code: Mapping[str, Any]) -> Given:
    """Code and environment. Raises ConfigurationError for a name that is no setting, and one given twice."""
    given = Given()
    said = flat(model, from_code, CODE)
    given.add(said, dict.fromkeys(said, CODE))
    said = _environment(model)
    given.add(said, {name: leaf.variable for name, leaf in leaves_of(model).items()})
    return given


def nested(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as ``model`` has them, in its groups."""
    leaves = leaves_of(model)
    result: dict[str, Any] = {}
    for name, value in values.items():
        *groups, own = leaves[name].path
        inner = result
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[own] = value
    return result


def flat(model: type[BaseModel], said: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The other way round, for names of either kind. Raises ConfigurationError."""
    leaves, groups = leaves_of(model), groups_of(model)
    by_path = {leaf.path: leaf for leaf in leaves.values()}
    result: dict[str, Any] = {}

    def take(leaf: Leaf, value: Any) -> None:
        if leaf.name in result:
            raise ConfigurationError(f"settings: {leaf.name} and {leaf.dotted} are one setting, given twice ({source})")
        result[leaf.name] = value

    for name, value in said.items():
        inside = value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value
        if name in groups and isinstance(inside, Mapping):
            for own, part in inside.items():
                if (name, own) not in by_path:
                    raise unknown(f"{name}.{own}", (leaf.dotted for leaf in leaves.values()))
                take(by_path[name, own], part)
        elif name in leaves:
            take(leaves[name], value)
        else:
            raise unknown(name, [*leaves, *groups])
    return result


def _environment(model: type[BaseModel]) -> dict[str, Any]:
    """pydantic-settings reads the variables: their case, JSON, and ``__`` for what is in a table."""
    try:
        return dict(EnvSettingsSource(_reader(model))())
    except SettingsError as error:
        leaf = next((it for it in leaves_of(model).values() if f'"{it.name}"' in str(error)), None)
        raise (ConfigurationError(f"settings: {error}") if leaf is None else not_json(leaf)) from error


@cache
def _reader(model: type[BaseModel]) -> type[BaseSettings]:
    """With every setting of ``model`` as a field, so that none is read otherwise than its type says."""
    fields: dict[str, Any] = {name: (leaf.field.annotation, None) for name, leaf in leaves_of(model).items()}
    return create_model("Environment", __base__=_Environment, **fields)


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="ignore")


def _toml(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"settings: {file} is not TOML: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"settings: {file} cannot be read: {error.strerror}") from error
