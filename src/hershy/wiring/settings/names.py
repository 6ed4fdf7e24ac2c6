"""Names of settings: ``sandbox.pool_size`` in a group is ``sandbox_pool_size`` in code, and an environment variable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .groups import Group, Named

PREFIX = "HERSHY_"
"""Of the environment variables …"""
NESTED = "__"
"""… and what stands in them before a name inside a table."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting. ``path`` leads to it from the model: a group and a field, or a field alone."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def default(self) -> Any:
        return self.field.get_default(call_default_factory=True)

    def value_in(self, settings: object) -> Any:
        for step in self.path:
            settings = getattr(settings, step)
        return settings


@cache
def groups_of(model: type[BaseModel]) -> Mapping[str, type[Group]]:
    """The groups of ``model`` by the name of their field."""
    return {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
    }


@cache
def leaves_of(model: type[BaseModel]) -> Mapping[str, Leaf]:
    """Every setting of ``model`` by its name, in order."""
    return {leaf.name: leaf for leaf in _walked(model)}


def _walked(model: type[BaseModel]) -> Iterator[Leaf]:
    groups = groups_of(model)
    for name, field in model.model_fields.items():
        if name not in groups:
            yield Leaf(name, (name,), field)
            continue
        for own, inner in groups[name].model_fields.items():
            named = next((it.name for it in inner.metadata if isinstance(it, Named)), groups[name].prefix + own)
            yield Leaf(named, (name, own), inner)
