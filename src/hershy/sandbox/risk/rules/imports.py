"""Imports: an allowlist; a program's own modules are free, what the table calls wrong stays wrong beside them."""

import ast
from collections.abc import Iterator

from .. import members, modules
from ..points import RULES, RiskFinding
from ..scene import Scene, normal


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield from _imported(scene, alias.name, node.lineno)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                if module == "__future__":
                    continue
                yield from _imported(scene, module, node.lineno)
                for alias in aliases:
                    yield from _taken(scene, module, alias.name, node.lineno)
            case _:
                pass


def _imported(scene: Scene, module: str, line: int) -> Iterator[RiskFinding]:
    rule = modules.rule_for(module)
    if rule is None or (rule == "unlisted-import" and module.split(".")[0] in scene.own_modules):
        return
    yield RiskFinding(rule, line, f"imports {module:.80}: {_why(rule)}")


def _taken(scene: Scene, module: str, name: str, line: int) -> Iterator[RiskFinding]:
    if name == "*":
        if module in members.ONLY or modules.rule_for(module) not in (None, "unlisted-import"):
            yield RiskFinding("module-as-value", line, f"imports everything of {module:.80}")
        return
    path = normal(f"{module}.{name}")
    if modules.is_module(path):
        if path != module and (rule := modules.rule_for(path)) not in (None, "unlisted-import"):
            yield RiskFinding(str(rule), line, f"imports {module:.80}.{name:.80}: {_why(str(rule))}")
        elif path in members.ONLY:
            yield RiskFinding("module-as-value", line, f"imports {path}, which {module:.80} has imported for itself")
    elif (rule := members.rule_for(path) or members.rule_for_method(name)) and rule != "odd-attribute":
        yield RiskFinding(rule, line, f"imports {module:.80}.{name:.80}: {_why(rule)}")


def _why(rule: str) -> str:
    return RULES[rule].meaning
