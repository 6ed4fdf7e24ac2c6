"""What constant expressions come to, worked out within bounds and without running anything of the program.

Names that hide are put together: ``"sy" + "stem"``, ``"metsys"[::-1]``, ``bytes([...]).decode()``. Only operations of
a closed list on plain values are worked out, each bounded in steps and size; anything else is UNKNOWN.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from .folding_calls import UNKNOWN, apply_call
from .scopes import Binding, Walked

MAX_STEPS = 20_000
"""Of one file."""
MAX_DEPTH = 40
MAX_SIZE = 20_000
"""Characters or bytes of a value."""
MAX_ITEMS = 2_000
MAX_INT = 1 << 256

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
}
_Env = Mapping[str, Any]
_NO_NAMES: _Env = {}


class Folder:
    """For one file. ``constants``: the values of dotted names that are known (``os.sep``)."""

    def __init__(self, tree: Walked, dotted: Callable[[ast.expr], tuple[str, ...]]) -> None:
        self._tree = tree
        self._dotted = dotted
        self._known: dict[int, Any] = {}
        self._steps = MAX_STEPS

    def fold(self, node: ast.expr | None) -> Any:
        """A str, bytes, number, list or tuple; or UNKNOWN."""
        if node is None:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return node.value
        if id(node) not in self._known:
            self._known[id(node)] = UNKNOWN  # a name that is defined by itself has no value
            self._known[id(node)] = self._value(node, _NO_NAMES, 0)
        return self._known[id(node)]

    def _value(self, node: ast.expr, env: _Env, depth: int) -> Any:
        self._steps -= 1
        if depth > MAX_DEPTH or self._steps < 0:
            return UNKNOWN
        try:
            value = self._work_out(node, env, depth + 1)
        except (RecursionError, MemoryError):
            raise
        except Exception:  # what the operation raises, it would raise for the program too
            return UNKNOWN
        self._steps -= len(value) // 50 if isinstance(value, str | bytes | list) else 0
        return value if _is_small(value) else UNKNOWN

    def any_of(self, node: ast.expr) -> list[Any]:
        """All values that are known of it: of a name that walks a constant list, each of the list's."""
        value = self.fold(node)
        if value is not UNKNOWN or not isinstance(node, ast.Name):
            return [] if value is UNKNOWN else [value]
        scope = self._tree.scopes[id(node)].find(node.id)
        bindings = [] if scope is None else scope.bindings[node.id]
        if len(bindings) != 1 or bindings[0].items is None:
            return []
        items = self.fold(bindings[0].items)
        return items if isinstance(items, list) and UNKNOWN not in items else []

    def _work_out(self, node: ast.expr, env: _Env, depth: int) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return env[name] if name in env else self._name(node, depth)
            case ast.BinOp():
                return self._binary(node, env, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand, env, depth)
            case ast.JoinedStr(values=values):
                return self._all(values, env, depth, lambda items: apply_call("join", ["", items], {}, is_method=True))
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
                if spec is not None or conversion not in (-1, ord("s")):
                    return UNKNOWN
                return self._all([value], env, depth, lambda items: str(items[0]))
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._items(items, env, depth)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
                ends = [None if end is None else self._value(end, env, depth) for end in (lower, upper, step)]
                return self._value(value, env, depth)[slice(*ends)]
            case ast.Subscript(value=ast.Dict(keys=keys, values=values), slice=wanted):
                found = self._value(wanted, env, depth)
                pairs = zip(keys, values, strict=True)
                return next((self._value(v, env, depth) for k, v in pairs if k and self.fold(k) == found), UNKNOWN)
            case ast.Subscript(value=value, slice=index):
                return self._value(value, env, depth)[self._value(index, env, depth)]
            case ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self._value(value, env, depth)
            case ast.ListComp() | ast.GeneratorExp():
                return self._comprehension(node, env, depth)
            case ast.Call():
                return self._call(node, env, depth)
            case ast.Attribute():
                return next((_DOTTED[path] for path in self._dotted(node) if path in _DOTTED), UNKNOWN)
        return UNKNOWN

    def _name(self, node: ast.Name, depth: int) -> Any:
        """What the assignments up to here have made of it."""
        scope = self._tree.scopes[id(node)].find(node.id)
        value: Any = UNKNOWN
        bindings = [] if scope is None else scope.bindings[node.id]
        self._steps -= len(bindings) // 10
        for binding in bindings:
            if binding.line > node.lineno and value is not UNKNOWN:
                break
            value = self._bound(binding, value, depth)
        return value

    def _bound(self, binding: Binding, before: Any, depth: int) -> Any:
        if binding.value is None:
            return UNKNOWN
        value = self._known.get(id(binding.value), UNKNOWN)
        if id(binding.value) not in self._known:
            self._known[id(binding.value)] = UNKNOWN
            value = self._known[id(binding.value)] = self._value(binding.value, _NO_NAMES, depth)
        return before + value if binding.is_added and UNKNOWN not in (before, value) else value

    def _binary(self, node: ast.BinOp, env: _Env, depth: int) -> Any:
        """A sum of many parts leans to the left: its depth is that of its parts."""
        spine: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            spine.append(left)
            left = left.left
        value = self._value(left, env, depth)
        for step in reversed(spine):
            right = self._value(step.right, env, depth)
            if value is UNKNOWN or right is UNKNOWN:
                return UNKNOWN
            value = _applied(step.op, value, right)
            if not _is_small(value):
                return UNKNOWN
        return value

    def _items(self, nodes: list[ast.expr], env: _Env, depth: int) -> Any:
        items: list[Any] = []
        for node in nodes:
            value = self._value(node, env, depth)
            items.extend(value) if isinstance(node, ast.Starred) else items.append(value)
            if len(items) > MAX_ITEMS:
                raise ValueError("too many")
        return items

    def _all(self, nodes: list[ast.expr], env: _Env, depth: int, make: Callable[[list[Any]], Any]) -> Any:
        items = self._items(nodes, env, depth)
        return UNKNOWN if UNKNOWN in items else make(items)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, env: _Env, depth: int) -> Any:
        if len(node.generators) != 1 or node.generators[0].ifs:
            return UNKNOWN
        generator = node.generators[0]
        result = []
        for item in self._value(generator.iter, env, depth):
            result.append(self._value(node.elt, {**env, **_unpacked(generator.target, item)}, depth))
            if result[-1] is UNKNOWN:
                return UNKNOWN
        return result

    def _call(self, node: ast.Call, env: _Env, depth: int) -> Any:
        args = self._items(node.args, env, depth)
        named = {keyword.arg: self._value(keyword.value, env, depth) for keyword in node.keywords if keyword.arg}
        function = self._own_function(node.func)
        if function is not None:
            parameters, body = function
            return self._value(body, dict(zip(parameters, args, strict=True)) | named, depth)
        if isinstance(node.func, ast.Attribute):
            receiver = self._value(node.func.value, env, depth)
            if receiver is not UNKNOWN:
                return apply_call(node.func.attr, [receiver, *args], named, is_method=True)
        if args and args[0] is UNKNOWN and "builtins.chr" in self._dotted(node.args[0]):
            args[0] = "builtins.chr"
        for path in self._dotted(node.func):
            value = apply_call(path, args, named, is_method=False)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    def _own_function(self, node: ast.expr) -> tuple[list[str], ast.expr] | None:
        """Parameters and result of a function of the program that is one expression."""
        if isinstance(node, ast.Name) and (scope := self._tree.scopes[id(node)].find(node.id)) is not None:
            binding = scope.bindings[node.id][-1]
            if isinstance(binding.value, ast.Lambda):
                node = binding.value
            elif (own := binding.function) is not None and isinstance(own.body[-1], ast.Return) and len(own.body) == 1:
                value = own.body[-1].value
                return None if value is None else ([it.arg for it in own.args.args], value)
        return ([it.arg for it in node.args.args], node.body) if isinstance(node, ast.Lambda) else None


def _applied(how: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(how, ast.Mult):
        size = max(len(it) if isinstance(it, str | bytes | list) else 1 for it in (left, right))
        count = max(it if isinstance(it, int) else 1 for it in (left, right))
        both_numbers = isinstance(left, int) and isinstance(right, int)
        return left * right if both_numbers or size * count <= MAX_SIZE else UNKNOWN
    if isinstance(how, ast.Mod) and isinstance(left, str):
        parts = right if isinstance(right, list) else [right]
        plain = left.count("%s") + left.count("%c") == left.count("%")  # no widths: those make long of short
        return (
            left % tuple(parts)
            if plain and len(left) * (1 + max(_length(it) for it in parts)) <= MAX_SIZE * 9
            else UNKNOWN
        )
    if isinstance(how, ast.RShift) and isinstance(left, int) and isinstance(right, int):
        return left >> right
    return _BINARY[type(how)](left, right) if type(how) in _BINARY else UNKNOWN


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else MAX_SIZE if isinstance(value, list | bytes) else 80


def _is_small(value: Any) -> bool:
    if isinstance(value, int):
        return -MAX_INT < value < MAX_INT
    if isinstance(value, list):
        # Lists within lists within lists, each there twice, would grow by two to the power of their depth.
        inner = [it for it in value[:MAX_ITEMS] if isinstance(it, list)]
        flat = not any(isinstance(it, list) for each in inner for it in each)
        return flat and len(value) + sum(len(it) for it in inner) <= MAX_ITEMS
    return not isinstance(value, str | bytes) or len(value) <= MAX_SIZE


def _unpacked(target: ast.expr, item: Any) -> dict[str, Any]:
    match target:
        case ast.Name(id=name):
            return {name: item}
        case ast.Tuple(elts=names):
            return {name.id: part for name, part in zip(names, item, strict=True) if isinstance(name, ast.Name)}
    return {}


_DOTTED: dict[str, Any] = {
    "os.sep": "/",
    "os.path.sep": "/",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.devnull": "/dev/null",
    "string.ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "string.ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.ascii_letters": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.digits": "0123456789",
    "string.punctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
