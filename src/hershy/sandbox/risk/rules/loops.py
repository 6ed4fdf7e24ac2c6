"""Loops that certainly never end."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..points import RiskFinding
from ..scene import Scene
from ..words import words

_ENDING = frozenset(("sys.exit", "os._exit", "builtins.exit", "builtins.quit", "os.abort"))
_CONSUMING = frozenset(f"builtins.{name}" for name in words("list tuple set sorted sum max min len frozenset dict"))
_INSIDE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOPS = (ast.While, ast.For, ast.AsyncFor)
_Statement = ast.While | ast.For


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Of the file: names of its functions that may end it, and whether it has threads that end with it."""

    functions: frozenset[str]
    has_daemons: bool


def check(scene: Scene) -> Iterator[RiskFinding]:
    leaving = _Leaving(_names_of_ending_functions(scene), _has_daemons(scene))
    for node in scene.nodes:
        match node:
            case ast.While(test=test) if _is_always(test) and not _ends(scene, node, leaving):
                yield RiskFinding(
                    "endless-loop", node.lineno, "a while loop whose condition is always true, without a way out"
                )
            case ast.While(test=ast.Name(id=name)) if _never_changes(node, name):
                yield RiskFinding("endless-loop", node.lineno, f"a while loop that never makes {name:.80} false")
            case ast.Call(func=func, keywords=keywords) if "threading.Thread" in scene.paths(func):
                yield from _starts_itself(scene, node, keywords)
            case ast.For(iter=items) if _is_endless(scene, items) and not _ends(scene, node, leaving):
                yield RiskFinding("endless-loop", node.lineno, "a loop over what never ends, without a way out")
            case ast.For(iter=ast.Name(id=name)) if _grows(node, name) and not _ends(scene, node, leaving):
                yield RiskFinding("endless-loop", node.lineno, f"a loop over {name:.80} that adds to it each time")
            case ast.ListComp() | ast.SetComp() | ast.DictComp() if _is_endless(scene, node.generators[0].iter):
                yield RiskFinding("endless-loop", node.lineno, "collects what never ends")
            case ast.Call(func=func, args=[items, *_]) if _CONSUMING.intersection(scene.paths(func)):
                if _is_endless(scene, items) or (
                    isinstance(items, ast.GeneratorExp) and _is_endless(scene, items.generators[0].iter)
                ):
                    yield RiskFinding("endless-loop", node.lineno, "collects what never ends")
            case _:
                pass


def _is_always(test: ast.expr) -> bool:
    """Of constants alone: a name may get another value in the loop."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_never(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_always(operand)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return bool(items) and not any(isinstance(item, ast.Starred) for item in items)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_is_always(value) for value in values)
        case ast.BoolOp(values=values):
            return all(_is_always(value) for value in values)
        case ast.Compare(left=ast.Constant(value=left), ops=[how], comparators=[ast.Constant(value=right)]):
            return _compared(left, how, right)
        case ast.Lambda() | ast.NamedExpr(value=ast.Constant(value=True)):
            return True
    return False


def _is_never(test: ast.expr) -> bool:
    match test:
        case ast.Constant(value=value):
            return not value
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_always(operand)
    return False


def _compared(left: object, how: ast.cmpop, right: object) -> bool:
    match how:
        case ast.Eq():
            return left == right
        case ast.NotEq():
            return left != right
        case ast.Lt() | ast.LtE() if isinstance(left, int | float) and isinstance(right, int | float):
            return left < right
        case ast.Gt() | ast.GtE() if isinstance(left, int | float) and isinstance(right, int | float):
            return left > right
    return False


def _is_endless(scene: Scene, items: ast.expr) -> bool:
    if not isinstance(items, ast.Call | ast.Name):
        return False
    paths = scene.paths(items)
    if "itertools.count()" in paths or "itertools.cycle()" in paths:
        return True
    if not isinstance(items, ast.Call):
        return False
    if "itertools.repeat()" in paths:
        return len(items.args) == 1 and not items.keywords
    if "builtins.iter()" in paths and len(items.args) == 2:
        return "builtins.int" in scene.paths(items.args[0]) and bool(scene.fold(items.args[1]) != 0)
    if "builtins.enumerate()" in paths or "builtins.map()" in paths:
        return _is_endless(scene, items.args[-1]) if items.args else False
    return False


_LEAVING = (ast.Call, ast.Break, ast.Return, ast.Raise, ast.Await, ast.Yield, ast.YieldFrom, ast.Assert)
_CHANGING = (ast.Attribute, ast.Delete, ast.Subscript)


def _never_changes(loop: ast.While, name: str) -> bool:
    """Nothing in it calls, leaves or reaches into anything, or gives the name another value than twice its own."""
    for statement in loop.body:
        if _doubles(statement, name):
            continue
        for node in ast.walk(statement):
            if isinstance(node, _LEAVING + _CHANGING):
                return False
            if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
                return False
    return True


def _doubles(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.AugAssign(target=ast.Name(id=grown), op=ast.Add(), value=ast.Name(id=by)):
            return grown == by == name
    return False


def _starts_itself(scene: Scene, node: ast.Call, keywords: list[ast.keyword]) -> Iterator[RiskFinding]:
    target = next((it.value for it in keywords if it.arg == "target"), None)
    names = [it.name for it in _functions(scene, node) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)]
    if isinstance(target, ast.Name) and target.id in names:
        yield RiskFinding("endless-loop", node.lineno, f"{target.id:.80} starts threads of itself")


def _grows(loop: ast.For, name: str) -> bool:
    for statement in loop.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=grown), attr="append"))) if grown == name:
                return True
    return False


def _ends(scene: Scene, loop: _Statement, leaving: _Leaving) -> bool:
    """Whether something in it may leave it: a break of its own, or what leaves the function, waits, or fails.

    Calls fail sometimes: within a ``try`` that would notice, a loop that calls something is not certain.
    """
    is_watched = any(isinstance(it, ast.Try | ast.TryStar | ast.With) for it in _same_function(scene, loop))
    is_background = leaving.has_daemons and isinstance(next(_functions(scene, loop), None), ast.FunctionDef)
    if is_background:
        return True
    waiting: list[tuple[ast.AST, bool]] = [(it, True) for it in loop.body]
    while waiting:
        node, is_own = waiting.pop()
        match node:
            case ast.Break() if is_own:
                return True
            case (
                ast.Return()
                | ast.Raise()
                | ast.Yield()
                | ast.YieldFrom()
                | ast.Await()
                | ast.AsyncFor()
                | ast.AsyncWith()
            ):
                return True
            case ast.Call(func=func) if is_watched or _leaves(scene, func, leaving.functions):
                return True
            case ast.Assert(test=test) if not _is_always(test):
                return True
            case ast.If(test=test, orelse=other) if _is_never(test):
                waiting.extend((it, is_own) for it in other)
                continue
        if isinstance(node, _INSIDE):
            continue
        if isinstance(node, _LOOPS):
            waiting.extend((it, False) for it in node.body)
            waiting.extend((it, is_own) for it in node.orelse)
            head = node.test if isinstance(node, ast.While) else node.iter
            waiting.append((head, False))
            continue
        waiting.extend((it, is_own) for it in ast.iter_child_nodes(node))
    return False


def _same_function(scene: Scene, node: ast.AST) -> Iterator[ast.AST]:
    for around in scene.around(node):
        if isinstance(around, _INSIDE):
            return
        yield around


def _functions(scene: Scene, node: ast.AST) -> Iterator[ast.AST]:
    return (it for it in scene.around(node) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef))


def _has_daemons(scene: Scene) -> bool:
    """Threads that end with the program are what endless loops in functions are for."""
    return any(
        (isinstance(it, ast.keyword) and it.arg == "daemon") or (isinstance(it, ast.Attribute) and it.attr == "daemon")
        for it in scene.nodes
    )


def _leaves(scene: Scene, func: ast.expr, ending: frozenset[str]) -> bool:
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    return bool(_ENDING.intersection(scene.paths(func))) or name in ending or name in ("input", "next", "throw")


def _names_of_ending_functions(scene: Scene) -> frozenset[str]:
    """Functions of the program that may end it, or raise."""
    found = set()
    for node in scene.nodes:
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _ENDING.intersection(scene.paths(node.func))):
            function = next(_functions(scene, node), None)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(function.name)
    return frozenset(found)
