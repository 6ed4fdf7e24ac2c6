"""Where names of a file are bound, and which binding a use of a name means."""

import ast
import builtins
from dataclasses import dataclass, field
from typing import TypeAlias

BUILTINS = frozenset(dir(builtins)) | {"__builtins__", "help", "exit", "quit", "license", "credits", "copyright"}

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_SIGNS = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
"""No nodes of their own: one object stands for all of a kind."""


@dataclass(slots=True)
class Binding:
    """``path`` of what is imported; else ``value`` that is assigned, or added when ``is_added``; else it is one of
    ``items``, or something else. ``is_certain``: it happens once its line is reached."""

    line: int
    path: str = ""
    value: ast.expr | None = None
    is_added: bool = False
    items: ast.expr | None = None
    is_certain: bool = False
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None


@dataclass(slots=True)
class Scope:
    node: ast.AST
    parent: "Scope | None" = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, "Scope"] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """A module's or a class's: a name without a value there is looked up further out."""
        return isinstance(self.node, ast.Module | ast.ClassDef)

    def bind(self, name: str, binding: Binding) -> None:
        self.elsewhere.get(name, self).bindings.setdefault(name, []).append(binding)

    def find(self, name: str) -> "Scope | None":
        """The scope whose ``name`` is meant here; None when it can only be a builtin."""
        scope: Scope | None = self.elsewhere.get(name, self)
        while scope is not None:
            if name in scope.bindings and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope
            scope = scope.parent
        return None

    def may_be_builtin(self, name: str, line: int) -> bool:
        """Whether ``name`` at ``line`` can mean the builtin, although it may be bound somewhere."""
        if name not in BUILTINS:
            return False
        scope = self.find(name)
        if scope is None:
            return True
        if not scope.is_open:
            return False
        return name in scope.deleted or not any(it.is_certain and it.line < line for it in scope.bindings[name])


@dataclass(slots=True)
class Walked:
    """All nodes in order of the source; by id: the scope and the parent of each."""

    nodes: list[ast.AST] = field(default_factory=list)
    scopes: dict[int, Scope] = field(default_factory=dict)
    parents: dict[int, ast.AST] = field(default_factory=dict)


def walked(tree: ast.Module) -> Walked:
    """Without recursion: a tree may be as deep as the parser lets it be."""
    result = Walked()
    module = Scope(tree)
    stack: list[tuple[ast.AST, Scope]] = [(tree, module)]
    while stack:
        node, scope = stack.pop()
        result.nodes.append(node)
        result.scopes[id(node)] = scope
        inside = _inside(node, scope)
        for child in reversed(list(ast.iter_child_nodes(node))):
            if isinstance(child, _SIGNS):
                continue
            result.parents[id(child)] = node
            stack.append((child, scope if _is_outside(node, child) else inside))
        _declare(node, inside)
    for node in result.nodes:
        _bind(node, result.scopes[id(node)], result, module)
    return result


def _inside(node: ast.AST, scope: Scope) -> Scope:
    return Scope(node, scope) if isinstance(node, _Function | _Comprehension | ast.ClassDef) else scope


def _is_outside(node: ast.AST, child: ast.AST) -> bool:
    """Decorators, bases and so on belong to the scope around what they decorate."""
    if isinstance(node, ast.ClassDef):
        return isinstance(child, ast.expr | ast.keyword)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(child, ast.expr)


def _declare(node: ast.AST, inside: Scope) -> None:
    if isinstance(node, _Function):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in every:
            if argument is not None:
                inside.bind(argument.arg, Binding(argument.lineno, is_certain=True))


def _bind(node: ast.AST, scope: Scope, tree: Walked, module: Scope) -> None:
    line = getattr(node, "lineno", 0)
    match node:
        case ast.Global(names=names):
            scope.elsewhere |= dict.fromkeys(names, module)
        case ast.Nonlocal(names=names) if scope.parent is not None:
            scope.elsewhere |= {name: found for name in names if (found := scope.parent.find(name)) is not None}
        case ast.Import(names=aliases):
            for alias in aliases:
                path = alias.name if alias.asname else alias.name.split(".")[0]
                scope.bind(alias.asname or path, Binding(line, path, is_certain=_is_certain(node, tree)))
        case ast.ImportFrom(module=source, names=aliases):
            for alias in aliases:
                path = f"{source or ''}.{alias.name}".lstrip(".")
                scope.bind(alias.asname or alias.name, Binding(line, path, is_certain=_is_certain(node, tree)))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            scope.bind(node.name, Binding(line, function=node, is_certain=_is_certain(node, tree)))
        case ast.ClassDef():
            scope.bind(node.name, Binding(line, is_certain=_is_certain(node, tree)))
        case ast.Name(id=name, ctx=ast.Store()):
            scope.bind(name, _assigned(node, tree))
        case ast.Name(id=name, ctx=ast.Del()):
            (scope.find(name) or scope).deleted.add(name)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            scope.bind(name, Binding(line))
        case ast.MatchMapping(rest=str(name)):
            scope.bind(name, Binding(line))
        case _:
            pass


def _is_certain(node: ast.AST, tree: Walked) -> bool:
    return isinstance(tree.parents.get(id(node)), ast.Module | ast.ClassDef)


def _assigned(name: ast.Name, tree: Walked) -> Binding:
    """What one name of an assignment gets; pairs of tuples are told apart."""
    statement = tree.parents.get(id(name))
    match statement:
        case ast.Assign(targets=[*targets], value=value) if name in targets:
            return Binding(name.lineno, value=value, is_certain=_is_certain(statement, tree))
        case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
            return Binding(name.lineno, value=value, is_certain=_is_certain(statement, tree))
        case ast.AugAssign(op=ast.Add(), value=value):
            return Binding(name.lineno, value=value, is_added=True)
        case ast.For(target=target, iter=items) | ast.comprehension(target=target, iter=items) if target is name:
            return Binding(name.lineno, items=items)
        case ast.Tuple(elts=names) | ast.List(elts=names):
            match tree.parents.get(id(statement)):
                case ast.Assign(value=ast.Tuple(elts=values) | ast.List(elts=values)) if len(values) == len(names):
                    return Binding(name.lineno, value=values[names.index(name)])
    return Binding(name.lineno)
