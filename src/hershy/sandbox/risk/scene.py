"""One file as the rules see it: its nodes, what names mean there, and what constant expressions come to."""

import ast
from collections.abc import Iterator, Sequence, Set
from typing import Any

from . import members, modules
from .folding import Folder
from .folding_calls import UNKNOWN
from .scopes import BUILTINS, Binding, Walked, walked

MAX_DEPTH = 30
MAX_PATHS = 8
"""Of one expression."""
FUNCTION = "<function>"
"""What stands for any function of the program itself."""


class Scene:
    """``own_modules``: names of modules that were handed in beside it."""

    def __init__(self, tree: ast.Module, own_modules: Set[str]) -> None:
        self.own_modules = own_modules
        self._tree: Walked = walked(tree)
        self._folder = Folder(self._tree, self.paths)
        self._known: dict[int, tuple[str, ...]] = {}
        self.texts = frozenset(
            node.value for node in self.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        """All texts that are written out."""
        self.attributes = frozenset(node.attr for node in self.nodes if isinstance(node, ast.Attribute))
        """All names of attributes."""

    @property
    def nodes(self) -> Sequence[ast.AST]:
        """In order of the source."""
        return self._tree.nodes

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._tree.parents.get(id(node))

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses it, from the inside out."""
        while (parent := self._tree.parents.get(id(node))) is not None:
            yield parent
            node = parent

    def fold(self, node: ast.expr | None) -> Any:
        """Its value, if it is constant; else UNKNOWN."""
        return self._folder.fold(node)

    def text(self, node: ast.expr | None) -> str | None:
        value = self.fold(node)
        if isinstance(value, bytes):
            return value.decode("latin-1")
        return value if isinstance(value, str) else None

    def texts_of(self, node: ast.expr) -> Sequence[str]:
        """All texts that it is known to stand for; empty when it may stand for others."""
        found = self._folder.any_of(node)
        return [it for it in found if isinstance(it, str)] if all(isinstance(it, str) for it in found) else []

    def is_constant(self, node: ast.expr) -> bool:
        return self.fold(node) is not UNKNOWN

    def paths(self, node: ast.expr) -> tuple[str, ...]:
        """What an expression may stand for, as dotted paths from a module or ``builtins``; most stand for nothing that
        has one. ``()`` after a path is what a call of it gives."""
        return self._paths(node, 0)

    def _paths(self, node: ast.expr, depth: int) -> tuple[str, ...]:
        if id(node) not in self._known:
            self._known[id(node)] = ()  # what is defined by itself is nothing
            self._known[id(node)] = tuple(dict.fromkeys(self._found(node, depth + 1)))[:MAX_PATHS]
        return self._known[id(node)]

    def _found(self, node: ast.expr, depth: int) -> Iterator[str]:
        if depth > MAX_DEPTH:
            return
        match node:
            case ast.Name():
                yield from self._of_name(node, depth)
            case ast.Attribute(value=value, attr=attr):
                yield from (joined(path, attr) for path in self._paths(value, depth))
            case ast.Call(func=func, args=args):
                for path in self._paths(func, depth):
                    yield from self._of_call(path, args, depth)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                yield from self._paths(value, depth)
            case ast.IfExp(body=body, orelse=other):
                yield from (*self._paths(body, depth), *self._paths(other, depth))
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self._paths(value, depth)
            case ast.Lambda():
                yield FUNCTION

    def _of_call(self, path: str, args: list[ast.expr], depth: int) -> Iterator[str]:
        if path in ("builtins.__import__", "importlib.import_module") and args:
            name = self.text(args[0])
            if name is not None:
                yield name.split(".")[0] if path.endswith("__import__") else name
        elif path == "builtins.getattr" and len(args) > 1 and (name := self.text(args[1])) is not None:
            yield from (joined(it, name) for it in self._paths(args[0], depth))
        elif not path.startswith("<"):
            yield f"{path}()"

    def _of_name(self, node: ast.Name, depth: int) -> Iterator[str]:
        here = self._tree.scopes[id(node)]
        if here.may_be_builtin(node.id, node.lineno):
            yield f"builtins.{node.id}"
        scope = here.find(node.id)
        for binding in () if scope is None else scope.bindings[node.id][-MAX_PATHS:]:
            yield from self._of_binding(binding, depth)

    def _of_binding(self, binding: Binding, depth: int) -> Iterator[str]:
        if binding.path:
            yield normal(binding.path)
        elif binding.value is not None:
            yield from self._paths(binding.value, depth)
        elif binding.function is not None:
            yield FUNCTION


def joined(path: str, attribute: str) -> str:
    return normal(f"{path}.{attribute}")


def normal(path: str) -> str:
    """A module that another one has imported is meant as itself: ``random._os`` is ``os``."""
    before, _, last = path.rpartition(".")
    bare = last.lstrip("_")
    if before and not modules.is_module(path) and before != "builtins" and not before.endswith(")"):
        if bare in members.ONLY or (bare in modules.WRONG and bare in modules.STANDARD and bare != "code"):
            return bare
        if bare in ("io", "inspect", "pickle", "types", "codecs", "operator", "functools") and modules.is_module(
            before
        ):
            return bare
    return path


__all__ = ["BUILTINS", "FUNCTION", "UNKNOWN", "Scene", "joined", "normal"]
