"""What is referred to by name: builtins and members of modules that run code, start processes and so on; and modules
that are used other than by naming what is in them."""

import ast
from collections.abc import Iterator

from .. import members, modules
from ..points import RULES, RiskFinding
from ..scene import FUNCTION, Scene

_LOOKUPS = frozenset(f"builtins.{name}" for name in ("getattr", "setattr", "vars", "globals", "locals", "delattr"))
_CODE_TEXTS = frozenset(("timeit.timeit", "timeit.repeat", "timeit.Timer"))
_LEADING = frozenset(("os", "sys", "io", "inspect", "gc", "types", "codecs", "asyncio", "unittest", "shutil", "typing"))
"""From these the way to the rest of the system is short."""


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield from _referred(scene, node)
        elif isinstance(node, ast.Call):
            yield from _called(scene, node)


def _referred(scene: Scene, node: ast.Name | ast.Attribute) -> Iterator[RiskFinding]:
    parent = scene.parent(node)
    for path in scene.paths(node):
        rule = members.rule_for(path)
        if modules.is_module(path):
            if isinstance(node, ast.Attribute) and path in members.ONLY:
                yield RiskFinding("odd-attribute", node.lineno, f"reaches {path} through another module")
            elif isinstance(node, ast.Attribute) and rule not in (None, "unlisted-import", "sensitive-import"):
                yield RiskFinding(str(rule), node.lineno, f"reaches {path}: {RULES[str(rule)].meaning}")
            yield from _as_value(scene, node, parent, path)
        elif rule is not None:
            yield RiskFinding(rule, node.lineno, f"uses {path.removeprefix('builtins.')}: {RULES[rule].meaning}")
        elif path in _LOOKUPS and not (isinstance(parent, ast.Call) and parent.func is node):
            yield RiskFinding("function-as-value", node.lineno, f"{path.removeprefix('builtins.')} is passed around")


def _as_value(scene: Scene, node: ast.expr, parent: ast.AST | None, path: str) -> Iterator[RiskFinding]:
    """A module whose attributes are named, is seen; what is assigned to a plain name is followed."""
    match parent:
        case ast.Attribute() | ast.Expr() | None:
            return
        case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()) | ast.NamedExpr():
            return
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return
        case ast.Call(args=[first, _, *_]) if first is node and "builtins.getattr" in scene.paths(parent.func):
            return  # looked at there
    rule = "module-as-value" if path.split(".")[0] in _LEADING or path not in modules.FREE else "odd-attribute"
    rule = "odd-attribute" if path.split(".")[0] in modules.DATA else rule
    yield RiskFinding(rule, node.lineno, f"the module {path} is used as a value")


def _called(scene: Scene, node: ast.Call) -> Iterator[RiskFinding]:
    paths = scene.paths(node.func)
    if _CODE_TEXTS.intersection(paths) and node.args and scene.text(node.args[0]) is not None:
        yield RiskFinding("dynamic-code", node.lineno, f"{paths[0]} runs a text as code")
    if "builtins.type" in paths and len(node.args) == 3 and not scene.is_constant(node.args[0]):
        yield RiskFinding("odd-attribute", node.lineno, "makes a class of a computed name")
    if "builtins.type()" in paths and isinstance(node.func, ast.Call | ast.Name):
        yield from _made_by_type(scene, node)


def _made_by_type(scene: Scene, node: ast.Call) -> Iterator[RiskFinding]:
    """``type(f)(...)`` for a function ``f`` makes functions of code."""
    made = node.func
    if isinstance(made, ast.Call) and made.args and FUNCTION in scene.paths(made.args[0]):
        yield RiskFinding("dynamic-code", node.lineno, "calls the type of a function, which makes functions of code")
    elif isinstance(made, ast.Name) and len(node.args) > 1:
        yield RiskFinding("odd-attribute", node.lineno, "calls a type that was asked of an object")
