"""Special attributes, whose chain leads from any object to every class, frame and module; and attributes whose name
tells what they are, whatever they are looked up in."""

import ast
import re
from collections.abc import Iterator

from .. import members
from ..points import RULES, RiskFinding
from ..scene import FUNCTION, Scene
from ..words import words

STRONG = words("""
    __subclasses__ __globals__ __builtins__ __code__ __closure__ __base__ __bases__ __loader__ __spec__ __reduce__
    __reduce_ex__ __import__ __self__ __func__ __kwdefaults__ __getattr__ __build_class__ cr_frame cr_code gi_frame
    gi_code ag_frame ag_code tb_frame f_globals f_locals f_builtins f_back f_code co_code co_consts func_globals
    func_code __subclasshook__ __objclass__ __path__ __cached__ __package__ gi_yieldfrom cr_await cr_origin
    __thisclass__ __self_class__ __text_signature__ __weakref__""")
"""Enough by themselves."""
FREE = words("""
    __class__ __name__ __qualname__ __doc__ __module__ __dict__ __annotations__ __defaults__ __init__ __new__ __str__
    __repr__ __len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__ __call__ __enter__ __exit__
    __aenter__ __aexit__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __bool__ __add__ __radd__ __iadd__ __sub__
    __mul__ __rmul__ __truediv__ __floordiv__ __mod__ __pow__ __and__ __or__ __xor__ __neg__ __abs__ __int__ __float__
    __index__ __format__ __sizeof__ __wrapped__ __version__ __file__ __cause__ __context__ __traceback__ __notes__
    __suppress_context__ __slots__ __match_args__ __dataclass_fields__ __post_init__ __set_name__ __init_subclass__
    __setattr__ __delattr__ __get__ __set__ __delete__ __copy__ __deepcopy__ __members__ __stdin__ __stdout__ __stderr__
    __all__ __author__ __del__ __missing__ __reversed__ __matmul__ __array__ __orig_bases__ __args__ __origin__
    __parameters__ __dir__ __await__ __aiter__ __anext__ __class_getitem__ __fspath__ __bytes__ __rsub__ __isub__
    __imul__ __lshift__ __rshift__ __invert__ __pos__ __round__ __trunc__ __floor__ __ceil__ __divmod__ __complex__
    __instancecheck__ __subclasscheck__ __abstractmethods__ __isabstractmethod__ __path__ __debug__""")
_SPECIAL = re.compile(r"__\w+__\Z")
_MANGLED = re.compile(r"_[A-Z]\w*?__\w+\Z")
_OWN = ("self", "cls", "mcs", "super()")


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        match node:
            case ast.Attribute(value=value, attr=attr):
                yield from of_name(attr, node.lineno, is_own=is_own(value))
                if attr in ("__getattribute__", "mro", "__mro__"):
                    yield from _traversal(scene, node)
                if attr == "__class__" and isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Lambda):
                    yield RiskFinding("odd-attribute", node.lineno, "asks a literal for its class")
                if attr == "__doc__" and isinstance(scene.parent(node), ast.Subscript):
                    yield RiskFinding("odd-attribute", node.lineno, "takes characters out of a documentation text")
            case ast.Call(func=ast.Attribute(value=value, attr="__class__")) if FUNCTION in scene.paths(value):
                yield RiskFinding("dynamic-code", node.lineno, "calls the class of a function")
            case ast.MatchClass(kwd_attrs=names):
                for name in names:
                    if _SPECIAL.match(name) and name not in ("__name__", "__doc__"):
                        yield RiskFinding("dunder", node.lineno, f"a pattern takes out {name:.80}")
                    else:
                        yield from of_name(name, node.lineno)
            case _:
                pass


def of_name(attr: str, line: int, *, is_own: bool = False) -> Iterator[RiskFinding]:
    """What an attribute's name tells; ``is_own``: of ``self`` and its like."""
    if attr in STRONG and not (is_own and attr in ("__getattr__", "__reduce__", "__package__", "__path__")):
        yield RiskFinding("dunder", line, f"uses {attr:.80}: {RULES['dunder'].meaning}")
    elif _SPECIAL.match(attr) and attr not in FREE and attr not in ("__mro__", "__getattribute__"):
        yield RiskFinding("odd-attribute", line, f"uses {attr:.80}")
    elif _MANGLED.match(attr) and not is_own:
        yield RiskFinding("odd-attribute", line, f"uses {attr:.80}, which is private to a class")
    elif not is_own and (rule := members.rule_for_method(attr)) is not None:
        yield RiskFinding(rule, line, f"uses an attribute named {attr:.80}: {RULES[rule].meaning}")


def is_own(value: ast.expr) -> bool:
    return ast.unparse(value) in _OWN if isinstance(value, ast.Name | ast.Call) and _is_short(value) else False


def _is_short(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) or (
        isinstance(value, ast.Call) and not value.args and not value.keywords and isinstance(value.func, ast.Name)
    )


def _traversal(scene: Scene, node: ast.Attribute) -> Iterator[RiskFinding]:
    parent = scene.parent(node)
    if node.attr == "__getattribute__":
        first = parent.args[0] if isinstance(parent, ast.Call) and parent.args else None
        if not is_own(node.value) and not (first is not None and is_own(first)):
            yield RiskFinding("hidden-attribute", node.lineno, "uses __getattribute__ of another object")
    elif isinstance(node.value, ast.Attribute) and node.value.attr == "__class__" and not is_own(node.value.value):
        yield RiskFinding("dunder", node.lineno, "walks from an object to the classes its class is made of")
