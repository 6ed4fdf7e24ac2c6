"""Texts: names put together from pieces or decoded, code and special names in them, paths and addresses."""

import ast
import re
from collections.abc import Iterator

from ..points import RiskFinding
from ..scene import Scene
from ..words import words
from .places import Place, place_of

_NAMES = words("""
    eval exec compile system popen os sys subprocess builtins socket ctypes importlib getattr globals vars fork
    execve execv spawn Popen posix pty modules builtin marshal pickle open import_module check_output kill urllib
    request     _posixsubprocess io mmap requests shutil breakpoint input frame f_globals tb_frame""")
"""What programs that hide put together."""
_SPECIAL = re.compile(
    r"__(subclasses|globals|builtins?|import|code|closure|bases?|loader|reduce|reduce_ex|getattribute|spec|self)__"
    r"|\b(f_globals|f_builtins|f_back|tb_frame|gi_frame|cr_frame|ag_frame|co_code)\b"
)
_LOOKUP = re.compile(r"__(class|dict|mro|init|doc|call)__\Z")
_FIELD = re.compile(r"\{[^{}]*[.\[]_*(?!_class__\.__name__)\w*__[^{}]*\}")
_HARMLESS_FIELD = re.compile(r"\{[^{}]*\.__class__\.__(qual)?name__[^{}]*\}|\{[^{}]*\.__(qual)?name__[^{}]*\}")
_CODE = re.compile(
    r"\b(os\.(system|popen|exec|fork|spawn|kill)|subprocess\.\w|socket\.socket|ctypes\.|builtins\.)"
    r"|\b(eval|exec|compile|__import__)\s*\("
    r"|^\s*(import|from)\s+(os|sys|subprocess|socket|ctypes|builtins|pty|shutil|importlib)\b",
    re.MULTILINE,
)
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{160,}\Z|(\\x[0-9a-fA-F]{2}){20,}")
_DECODERS = re.compile(
    r"(base64\.\w*decode\w*|binascii\.(unhexlify|a2b_\w+)|codecs\.(decode|getdecoder|lookup)"
    r"|(zlib|gzip|bz2|lzma)\.decompress|zlib\.decompressobj|builtins\.(bytes|bytearray)\.fromhex)\Z"
)
_ORDINARY_CODECS = frozenset(("utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "iso-8859-1", "cp1252"))
_ENTITY = re.compile(r"<!(ENTITY|DOCTYPE)[^>]*\b(SYSTEM|PUBLIC)\b")
_EVALUATING = frozenset(("query", "eval"))


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            if not _is_documentation(scene, node):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                yield from _written(scene, node, text)
        elif isinstance(node, ast.AugAssign) and (built := scene.text(node.target)) is not None:
            yield from _put_together(scene, node.lineno, built)
        elif isinstance(node, ast.Name | ast.Attribute):
            continue
        elif isinstance(node, ast.expr) and (built := scene.text(node)) is not None:
            yield from _put_together(scene, node.lineno, built)
        if isinstance(node, ast.Call):
            yield from _decoded(scene, node)


def _is_documentation(scene: Scene, node: ast.AST) -> bool:
    return isinstance(scene.parent(node), ast.Expr)


def _written(scene: Scene, node: ast.expr, text: str) -> Iterator[RiskFinding]:
    line = node.lineno
    if found := _SPECIAL.search(text):
        yield RiskFinding("dunder", line, f"a text names {found.group()}")
    elif _LOOKUP.match(text):
        yield RiskFinding("odd-attribute", line, f"a text names {text}")
    elif _FIELD.search(text) and not _HARMLESS_FIELD.search(text):
        yield RiskFinding("dunder", line, "a format field takes special attributes out of an object")
    if _CODE.search(text):
        yield RiskFinding(
            "dynamic-code" if _is_evaluated(scene, node) else "code-in-text", line, "a text reads like code"
        )
    if _BLOB.search(text):
        yield RiskFinding("encoded-data", line, "a long text without words: it may be encoded")
    if _ENTITY.search(text):
        yield RiskFinding("private-path", line, "an XML document reads another file")
    yield from _places(text, line)


def _is_evaluated(scene: Scene, node: ast.expr) -> bool:
    parent = scene.parent(node)
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr in _EVALUATING


def _put_together(scene: Scene, line: int, text: str) -> Iterator[RiskFinding]:
    if text in scene.texts:
        return  # what is also written out is not hidden
    if text in _NAMES or _LOOKUP.match(text):
        yield RiskFinding("hidden-name", line, f"puts together the name {text:.80}")
    elif (found := _SPECIAL.search(text)) and not any(_SPECIAL.search(it) for it in scene.texts):
        yield RiskFinding("hidden-name", line, f"puts together the name {found.group()}")
    elif _FIELD.search(text) and not _HARMLESS_FIELD.search(text):
        yield RiskFinding(
            "hidden-name", line, "puts together a format field that takes special attributes out of an object"
        )
    elif _CODE.search(text):
        yield RiskFinding("encoded-code", line, "what is decoded or put together here reads like code")
    yield from _places(text, line)


def _places(text: str, line: int) -> Iterator[RiskFinding]:
    match place_of(text):
        case Place.PRIVATE:
            yield RiskFinding("private-path", line, f"names {text[:80]!r}")
        case Place.OUTSIDE | Place.TEMPORARY:
            yield RiskFinding("absolute-path", line, f"names {text[:80]!r}")
        case _:
            pass


def _decoded(scene: Scene, node: ast.Call) -> Iterator[RiskFinding]:
    paths = scene.paths(node.func)
    if any(_DECODERS.match(path) for path in paths):
        rule = "encoded-data" if node.args and scene.is_constant(node.args[0]) else "uses-decoder"
        yield RiskFinding(rule, node.lineno, f"decodes by {paths[0].removeprefix('builtins.'):.80}")
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("decode", "encode") and node.args:
        codec = scene.text(node.args[0])
        if codec is None or codec.lower() not in _ORDINARY_CODECS:
            yield RiskFinding("encoded-data", node.lineno, f"uses the codec {codec or 'of a computed name':.80}")
