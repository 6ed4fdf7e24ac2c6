"""Attributes and names looked up by text: getattr and its like, attrgetter, globals()."""

import ast
from collections.abc import Iterator

from .. import members, modules
from ..points import RULES, RiskFinding
from ..scene import Scene, joined
from . import attributes

_BY_NAME = frozenset(f"builtins.{name}" for name in ("getattr", "setattr", "delattr", "hasattr"))
_GETTERS = frozenset(("operator.attrgetter", "operator.methodcaller"))
_DICTIONARIES = frozenset(f"builtins.{name}()" for name in ("globals", "locals", "vars"))
_LETTERS = frozenset(f"builtins.{name}" for name in ("chr", "ord", "reversed", "bytes", "bytearray"))
_PATCHERS = frozenset(("unittest.mock.patch", "pydoc.locate"))


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        match node:
            case ast.Call(func=func, args=args):
                paths = scene.paths(func)
                if _BY_NAME.intersection(paths) and len(args) > 1:
                    yield from _looked_up(scene, node, paths)
                elif _GETTERS.intersection(paths):
                    yield from _getter(scene, node)
                elif _DICTIONARIES.intersection(f"{path}()" for path in paths):
                    yield from _dictionary(scene, node)
                elif _PATCHERS.intersection(paths) and (text := scene.text(args[0] if args else None)):
                    for rule in filter(None, [members.rule_for(text)]):
                        yield RiskFinding(rule, node.lineno, f"reaches {text:.80}: {RULES[rule].meaning}")
            case ast.Attribute(value=value, attr="__dict__") if not attributes.is_own(value):
                is_module = any(modules.is_module(path) for path in scene.paths(value))
                yield from _indexed(scene, node, "hidden-attribute" if is_module else "dynamic-attribute")
            case _:
                pass


def _looked_up(scene: Scene, node: ast.Call, paths: tuple[str, ...]) -> Iterator[RiskFinding]:
    target, name = node.args[:2]
    of = scene.paths(target)
    for text in scene.texts_of(name):
        yield from attributes.of_name(text, node.lineno, is_own=attributes.is_own(target))
        for path in of:
            found = joined(path, text)
            rule = members.rule_for(found)
            if rule is None and found in members.ONLY:
                rule = "module-as-value"
            if rule is not None:
                yield RiskFinding(rule, node.lineno, f"looks up {found:.80}: {RULES[rule].meaning}")
    if scene.texts_of(name) or "builtins.hasattr" in paths:
        return
    is_literal = isinstance(target, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.JoinedStr | ast.Lambda)
    leads_on = any(modules.is_module(path) or path.startswith("builtins.getattr") for path in of)
    if leads_on or is_literal or _is_decoded(scene, name):
        yield RiskFinding("hidden-attribute", node.lineno, f"{RULES['hidden-attribute'].meaning}")
    elif attributes.is_own(target):
        yield RiskFinding("dynamic-own-attribute", node.lineno, RULES["dynamic-own-attribute"].meaning)
    else:
        yield RiskFinding("dynamic-attribute", node.lineno, RULES["dynamic-attribute"].meaning)


def _is_decoded(scene: Scene, name: ast.expr) -> bool:
    """Whether a computed name is made letter by letter, or backwards: names of honest attributes are not."""
    for part in ast.walk(name):
        match part:
            case ast.Call(func=ast.Attribute(attr="decode" | "fromhex" | "translate")):
                return True
            case ast.Name() if _LETTERS.intersection(scene.paths(part)):
                return True
            case ast.Slice(step=ast.UnaryOp(op=ast.USub())):
                return True
            case _:
                pass
    return False


def _getter(scene: Scene, node: ast.Call) -> Iterator[RiskFinding]:
    for argument in node.args[:1] if "operator.methodcaller" in scene.paths(node.func) else node.args:
        text = scene.text(argument)
        if text is None:
            yield RiskFinding("dynamic-attribute", node.lineno, RULES["dynamic-attribute"].meaning)
            continue
        for part in text.split("."):
            yield from attributes.of_name(part, node.lineno)
            if part in ("__getattribute__", "__mro__", "mro", "__class__", "__dict__", "__init__"):
                yield RiskFinding("dunder", node.lineno, f"looks up {part} by name")


def _dictionary(scene: Scene, node: ast.Call) -> Iterator[RiskFinding]:
    """``vars(x)`` of an object is ordinary; of a module it is a way to all that is in it."""
    if node.args:
        of = scene.paths(node.args[0])
        if any(modules.is_module(path) for path in of):
            yield RiskFinding("hidden-attribute", node.lineno, "takes a module's names as a dictionary")
        return
    yield RiskFinding("scope-dictionary", node.lineno, RULES["scope-dictionary"].meaning)
    yield from _indexed(scene, node, "hidden-name")


def _indexed(scene: Scene, node: ast.expr, rule: str) -> Iterator[RiskFinding]:
    """Which entry of a dictionary of names is asked for."""
    parent = scene.parent(node)
    key: ast.expr | None = None
    if isinstance(parent, ast.Subscript) and parent.value is node:
        key = parent.slice
    elif isinstance(parent, ast.Attribute) and parent.attr in ("get", "pop", "setdefault", "__getitem__", "update"):
        call = scene.parent(parent)
        key = call.args[0] if isinstance(call, ast.Call) and call.args else None
    if key is None:
        return
    texts = scene.texts_of(key)
    odd = next((text for text in texts if text.startswith("__")), None)
    if odd is not None or not texts:
        yield RiskFinding(
            rule, node.lineno, "looks up a name in a dictionary of names" + (f": {odd:.80}" if odd else "")
        )
