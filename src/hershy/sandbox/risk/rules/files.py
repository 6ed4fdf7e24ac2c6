"""Files: a plain relative name is what ordinary programs open; anything that leads out of the working directory, or
that Python would load as code, is not."""

import ast
import re
from collections.abc import Iterator

from ..points import RiskFinding
from ..scene import Scene
from .places import Place, place_of_file

_ONE = """builtins.open io.open codecs.open io.FileIO pathlib.Path pathlib.PosixPath os.listdir os.scandir os.walk
os.mkdir os.makedirs os.remove os.unlink os.rmdir os.removedirs os.stat os.access os.chdir os.truncate os.utime
glob.glob glob.iglob shutil.rmtree shutil.disk_usage shutil.make_archive sqlite3.connect zipfile.ZipFile tarfile.open
gzip.open bz2.open lzma.open linecache.getline linecache.getlines fileinput.input fileinput.FileInput
logging.FileHandler xml.etree.ElementTree.parse xml.dom.minidom.parse numpy.loadtxt numpy.genfromtxt numpy.fromfile
numpy.savetxt numpy.save pandas.read_csv pandas.read_json pandas.read_table pandas.read_excel pandas.read_html
pandas.read_parquet PIL.Image.open tempfile.mkdtemp os.open"""
_TWO = """os.rename os.renames os.replace shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move
shutil.unpack_archive filecmp.cmp"""
_NAMED = """logging.basicConfig tempfile.NamedTemporaryFile tempfile.TemporaryFile tempfile.TemporaryDirectory
tempfile.mkstemp tempfile.SpooledTemporaryFile"""
_ARGUMENTS = {
    **dict.fromkeys(_ONE.split(), 1),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NAMED.split(), 0),
}
"""How many of a function's first arguments are paths."""
_KEYWORDS = frozenset(("file", "path", "filename", "database", "dir", "name", "src", "dst", "root_dir"))
_ENVIRONMENT = re.compile(r"os\.(environ|getenv)\b")
_CODE = re.compile(r"\.(py|pyc|pyw|so|pth|pyd)\Z|(\A|/)(site|user)customize", re.IGNORECASE)
_WRITING = frozenset(("write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"))


def check(scene: Scene) -> Iterator[RiskFinding]:
    for node in scene.nodes:
        match node:
            case ast.Call(func=func):
                for path in scene.paths(func):
                    if path in _ARGUMENTS:
                        yield from _opened(scene, node, path)
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                of_path = any(path.startswith("pathlib.") for path in scene.paths(left))
                if (text := scene.text(right)) is not None and (of_path or text.startswith(("/", ".."))):
                    yield from _at(text, node.lineno)
            case ast.Attribute(attr="parent" | "parents", value=value) if _is_resolved(scene, value):
                yield RiskFinding("odd-attribute", node.lineno, "leads up from the working directory")
            case ast.Attribute(attr="anchor", value=value) if any("pathlib." in it for it in scene.paths(value)):
                yield RiskFinding("outside-path", node.lineno, "leads to the root directory")
            case ast.Attribute(attr="symlink_to" | "hardlink_to"):
                yield RiskFinding("odd-attribute", node.lineno, "makes a link to another file")
            case _:
                pass


def _is_resolved(scene: Scene, value: ast.expr) -> bool:
    return any(".cwd" in path or ".resolve" in path or ".absolute" in path for path in scene.paths(value))


def _opened(scene: Scene, node: ast.Call, path: str) -> Iterator[RiskFinding]:
    arguments = [*node.args[: _ARGUMENTS[path]], *(it.value for it in node.keywords if it.arg in _KEYWORDS)]
    for argument in arguments:
        texts = scene.texts_of(argument)
        for text in texts:
            yield from _at(text, node.lineno)
            if _CODE.search(text) and _writes(scene, node, path):
                yield RiskFinding("writes-code", node.lineno, f"writes {text[:80]!r}")
        if not texts and not scene.is_constant(argument):
            yield from _computed(scene, argument, node.lineno)


def _at(text: str, line: int) -> Iterator[RiskFinding]:
    match place_of_file(text):
        case Place.PRIVATE | Place.OUTSIDE:
            yield RiskFinding("outside-path", line, f"uses the file {text[:80]!r}")
        case Place.NETWORK:
            yield RiskFinding("network", line, f"reads from {text[:80]!r}")
        case _:
            pass


def _writes(scene: Scene, node: ast.Call, path: str) -> bool:
    if path.startswith("pathlib."):
        return bool(_WRITING & scene.attributes)
    modes = [*node.args[1:2], *(it.value for it in node.keywords if it.arg == "mode")]
    return any((text := scene.text(mode)) is None or set(text) & set("wax+") for mode in modes)


def _computed(scene: Scene, argument: ast.expr, line: int) -> Iterator[RiskFinding]:
    """What of a computed path can be seen: how it begins, and whether it comes from the environment."""
    begin = _beginning(scene, argument)
    leads_up = any(scene.text(part) == ".." for part in _parts(argument))
    if begin is not None and begin.startswith(("/", "~", "..")) and not begin.startswith("/work/"):
        yield RiskFinding("outside-path", line, f"uses a file at {begin[:80]!r}")
    elif leads_up:
        yield RiskFinding("outside-path", line, "uses a file above the working directory")
    elif any(_ENVIRONMENT.match(path) for part in _parts(argument) for path in scene.paths(part)):
        yield RiskFinding("path-from-environment", line, "takes the path of a file from an environment variable")
    else:
        yield RiskFinding("dynamic-path", line, "computes the path of a file")


def _parts(argument: ast.expr) -> Iterator[ast.expr]:
    waiting: list[ast.AST] = [argument]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _beginning(scene: Scene, argument: ast.expr) -> str | None:
    while True:
        match argument:
            case ast.BinOp(op=ast.Add() | ast.Mod(), left=left):
                argument = left
            case ast.JoinedStr(values=[first, *_]):
                argument = first
            case ast.Call(func=func, args=[first, *_]) if "os.path.join" in scene.paths(func):
                argument = first
            case ast.Call(func=ast.Attribute(value=value, attr="format")):
                argument = value
            case _:
                return scene.text(argument)
