"""Every rule of the risk score: code it applies to, and code like it that it does not apply to."""

import pytest

from hershy.sandbox.domain.risk import RiskReport
from hershy.sandbox.risk.analysis import analyze
from hershy.sandbox.risk.collecting import MAX_PER_RULE
from hershy.sandbox.risk.points import RULES

APPLIES = {
    "dynamic-code": [
        "eval('1')",
        "x = exec",
        "compile(a, 'x', 'exec')",
        "import timeit\ntimeit.timeit('f()')",
        "import pdb",
        "import types\ntypes.FunctionType(a, {})",
        "type(lambda: 0)(a, {})",
        "\uff45\uff56\uff41\uff4c('1')",
        "class A:\n    def eval(self): pass\neval('1')",
        "if 0:\n    def eval(x): pass\neval('1')",
        "def f():\n    eval = 1\neval('x')",
        "eval(x)\ndef eval(x): pass",
        "breakpoint()",
        "help('x')",
        "(lambda: 0).__class__(a, b)",
        "import pandas as pd\npd.DataFrame().eval('@pd.io.os.system(1)')",
    ],
    "import-machinery": [
        "__import__(a)",
        "import importlib",
        "import sys\nsys.modules['x']",
        "from sys import modules as m",
        "import sys\nsys.meta_path",
        "import runpy_like\nx.load_module('y')",
    ],
    "builtins-access": ["__builtins__", "import builtins", "x.builtins"],
    "process": [
        "import os\nos.system('x')",
        "import os as o\no.fork()",
        "from os import popen as p\np('x')",
        "import subprocess",
        "import os\nx = os\nx.kill(1, 9)",
        "import random\nrandom._os.system('x')",
        "import os\ngetattr(os, 'sy' + 'stem')",
        "import asyncio\nasyncio.create_subprocess_shell('x')",
        "import multiprocessing.pool",
        "f().Popen(['x'])",
        "import os\n(y := os).system('x')",
        "import os\n(os if a else b).system('x')",
        "from concurrent.futures import ProcessPoolExecutor",
    ],
    "network": [
        "import socket",
        "from urllib import request",
        "import http.client",
        "import requests",
        "import ssl",
        "import asyncio\nasyncio.open_connection('h', 1)",
        "import pandas\npandas.read_csv('https://example.com/x')",
        "loop.create_connection(f)",
    ],
    "native-code": ["import ctypes", "from ctypes import CDLL as r", "import numpy.ctypeslib", "import mmap"],
    "deserialization": [
        "import pickle\npickle.loads(x)",
        "import marshal",
        "from yaml import load",
        "import torch\ntorch.load(x)",
    ],
    "system": [
        "import os\nos.setuid(0)",
        "import os\nos.open('x', 0)",
        "import fcntl",
        "import _thread",
        "import os\nos.symlink(a, b)",
    ],
    "introspection": [
        "import gc\ngc.get_objects()",
        "import inspect\ninspect.currentframe()",
        "import sys\nsys._getframe()",
    ],
    "dunder": [
        "().__class__.__base__",
        "f.__globals__",
        "f.__code__",
        "e.tb_frame",
        "g.gi_frame",
        "print.__self__",
        "'{0.__globals__}'.format(f)",
        "x = '__subclasses__'",
        "match x:\n    case object(__class__=c): pass",
        "import operator\noperator.attrgetter('__class__.__init__')",
        "x.__class__.__mro__[1]",
    ],
    "hidden-name": [
        "x = 'ev' + 'al'",
        "x = ''.join(['o', 's'])",
        "x = 'metsys'[::-1]",
        "x = chr(111) + chr(115)",
        "x = bytes([101, 118, 97, 108]).decode()",
        "a = 'ex'\nx = f'{a}ec'",
        "x = '%s%s' % ('pop', 'en')",
        "x = '{}{}'.format('sys', 'tem')",
        "x = 'sXyXsXtXem'.replace('X', '')",
        "x = '__imp' + 'ort__'",
        "import codecs\nx = codecs.decode('riny', 'rot13')",
        "x = ''.join(chr(c ^ 1) for c in [110, 114])",
        "d = lambda s: s[::-1]\nx = d('lave')",
        "def d(s):\n    return s[::-1]\nx = d('lave')",
        "globals()[name]",
        "x = 'e'\nx += 'val'",
        "x = 'EVAL'.lower()",
        "import base64\nx = base64.b64decode('ZXZhbA==')",
        "x = ''.join(map(chr, [101, 118, 97, 108]))",
        "x = {'a': 'ev'}['a'] + 'al'",
        "x = ''.join(['pop', *['en']])",
        "import os\nx = 'o%c' % 's'",
    ],
    "hidden-attribute": [
        "import os\ngetattr(os, name)",
        "getattr((), name)",
        "x.__getattribute__(name)",
        "import os\nvars(os)",
        "getattr(getattr(x, a), b)",
        "import os\nos.__dict__[name]",
        "getattr(x, ''.join(chr(c) for c in y))",
    ],
    "encoded-code": ["import base64\nx = base64.b64decode('aW1wb3J0IG9z')", "x = 'imp' + 'ort os'"],
    "outside-path": [
        "open('/home/x')",
        "open('../x')",
        "open('a/../../x')",
        "import os\nos.listdir('/')",
        "open('/'.join(['', 'opt', 'x']))",
        "from pathlib import Path\nPath.home()",
        "from pathlib import Path\nPath('..') / 'x'",
        "open('~/x')",
        "open('/opt/' + name)",
        "import shutil\nshutil.copy('a', '/opt/x')",
        "for p in ['a', '/opt/x']:\n    open(p)",
        "import os\nos.path.expanduser('x')",
        "f = open\nf('/opt/x')",
        "open(file='/opt/x')",
    ],
    "endless-loop": [
        "while True: pass",
        "while 1:\n    for a in b:\n        break",
        "while not 0: x()",
        "while True:\n    def f(): return 1",
        "import itertools\nfor a in itertools.count(): print(a)",
        "for a in iter(int, 1): pass",
        "while 2 > 1: x()",
        "while True:\n    if False:\n        break",
        "import itertools\nlist(itertools.repeat(1))",
        "while True or x: y()",
        "for a in b:\n    b.append(a)",
        "while x:\n    x += x",
        "[a for a in __import__('itertools').count()]",
        "import threading\ndef f():\n    threading.Thread(target=f).start()",
    ],
    "source-encoding": ["# coding: utf-7\nx = 1", "#!/x\n# -*- coding: unicode_escape -*-"],
    "private-path": [
        "x = '/etc/shadow'",
        "x = '//proc/1/mem'",
        "x = 'http://169.254.169.254/'",
        "x = '/run/docker.sock'",
    ],
    "writes-code": [
        "open('x.py', 'w')",
        "open('x.so', mode='wb')",
        "from pathlib import Path\nPath('x.py').write_text('')",
    ],
    "module-as-value": ["import os\nf(os)", "import sys\nx = [sys]", "from os import *", "from tempfile import _os"],
    "function-as-value": ["g = getattr", "map(getattr, a, b)"],
    "scope-dictionary": ["globals()", "vars()", "locals()['x']"],
    "path-from-environment": ["import os\nopen(os.environ['X'])", "import os\nopen(os.getenv('X'))"],
    "encoded-data": ["import base64\nbase64.b64decode('QUJD')", "x.decode('rot13')", "x = '" + "QUJD" * 50 + "'"],
    "sensitive-import": ["import signal", "import pickle"],
    "code-in-text": ["x = 'import os'", "x = 'eval(y)'"],
    "unlisted-import": ["import unheard_of", "from unheard.of import x"],
    "dynamic-attribute": ["getattr(x, name)", "setattr(x, name, 1)", "import operator\noperator.attrgetter(name)"],
    "absolute-path": ["x = '/opt/data/x.csv'", "x = '../x'"],
    "odd-attribute": ["x._Other__hidden", "import typing\ntyping.get_type_hints(f)", "x = '__class__'"],
    "uses-decoder": ["import base64\nbase64.b64decode(x)", "import zlib\nzlib.decompress(x)"],
    "dynamic-path": ["open(name)"],
    "dynamic-own-attribute": ["class A:\n    def f(self, n): return getattr(self, n)"],
}
APPLIES_NOT = {
    "dynamic-code": [
        "import re\nre.compile('x')",
        "df.eval('a + b')",
        "model.eval()",
        "def compile(x): return x\ncompile(1)",
        "class A:\n    def exec(self): pass\nA().exec()",
        "def f(eval): return eval(1)",
        "import ast\nast.literal_eval('1')",
        "# eval('1')",
        "'''eval(1)'''",
        "import timeit\ntimeit.timeit(lambda: 1)",
        "type(self)(1)",
    ],
    "import-machinery": ["import sys\nsys.path", "import json"],
    "builtins-access": ["print(len([]))", "__name__ == '__main__'"],
    "process": [
        "import os\nos.getpid()",
        "machine.kill()",
        "import asyncio\nasyncio.run(f())",
        "task.wait()",
        "s = 'system'",
    ],
    "network": ["from urllib.parse import quote", "from http import HTTPStatus", "import html", "import ipaddress"],
    "native-code": ["import struct", "import array"],
    "deserialization": ["import pickle\npickle.dumps(x)", "import json\njson.loads(x)", "from yaml import safe_load"],
    "system": [
        "import os\nos.listdir('.')\nos.path.join('a', 'b')\nos.environ['A']",
        "import threading",
        "import sys\nsys.exit(1)",
    ],
    "introspection": ["import gc\ngc.collect()", "import inspect\ninspect.signature(f)"],
    "dunder": [
        "type(x).__name__",
        "x.__class__.__name__",
        "super().__init__()",
        "f.__doc__",
        "'{0.__class__.__name__}'.format(x)",
    ],
    "hidden-name": ["x = 'a' + 'b'", "x = 'open'\ny = f'{x}'", "''.join(reversed('abc'))", "globals()['x']"],
    "hidden-attribute": [
        "import math\ngetattr(math, 'pi')",
        "getattr(x, 'y')",
        "vars(x)",
        "object.__getattribute__(self, name)",
        "import math\n[getattr(math, n) for n in ('sin', 'cos')]",
    ],
    "encoded-code": ["import base64\nbase64.b64decode('QUJD')", "x = 'a' + ' is important'"],
    "outside-path": [
        "open('x')",
        "open('a/b.txt')",
        "open(0)",
        "open('/dev/null')",
        "open('/work/x')",
        "open(name)",
        "f('/opt/x')",
        "from pathlib import Path\nPath('a') / 'b'",
        "import os\nos.listdir('.')",
    ],
    "endless-loop": [
        "while True: break",
        "def f():\n    while True: return",
        "def f():\n    while True: yield",
        "while x: f()",
        "while True:\n    raise x",
        "import sys\nwhile True: sys.exit()",
        "async def f():\n    while True: await x",
        "while True:\n    if a: break",
        "import itertools\nfor a in itertools.count():\n    if a: break",
        "try:\n    while True: next(x)\nexcept StopIteration: pass",
        "def stop(): raise SystemExit\nwhile True: stop()",
        "while n: n //= 10",
        "while b: a, b = b, a % b",
        "while True:\n    for a in b: pass\n    else: break",
        "while 0: pass",
        "import itertools\nlist(itertools.repeat(1, 3))",
        "while True:\n    x = input()",
        "import threading\ndef f():\n    while True: g()\nthreading.Thread(target=f, daemon=True).start()",
    ],
    "source-encoding": ["# -*- coding: utf-8 -*-", "x = 1\ny = 2\n# coding: utf-7"],
    "private-path": ["x = 'etc/x'", "x = '/dev/null'", "x = '/etcetera'", "x = 'see /etc/hosts'"],
    "writes-code": ["open('x.py')", "open('x.txt', 'w')"],
    "module-as-value": ["import os\nx = os\nx.getcwd()", "import math\nf(math)", "import os\nos.path"],
    "function-as-value": ["getattr(x, 'y')", "map(len, x)"],
    "scope-dictionary": ["vars(x)", "x.globals()"],
    "path-from-environment": ["import os\nprint(os.environ['X'])", "open('x')"],
    "encoded-data": ["import base64\nbase64.b64encode(b'x')", "x.decode('utf-8')"],
    "sensitive-import": ["import math"],
    "code-in-text": ["x = 'important'", "x = 'evaluate (y)'"],
    "unlisted-import": ["import numpy", "import xml.etree.ElementTree", "from __future__ import annotations"],
    "dynamic-attribute": ["getattr(x, 'name')", "hasattr(x, name)"],
    "absolute-path": ["x = '/'", "x = 'a/b'", "x = 'and/or'", "x = '...'"],
    "odd-attribute": ["self._A__hidden", "x.__name__"],
    "uses-decoder": ["import base64\nbase64.b64encode(x)"],
    "dynamic-path": ["open('x')", "open(0)"],
    "dynamic-own-attribute": ["class A:\n    def f(self): return getattr(self, 'n')"],
}


def rules_of(report: RiskReport) -> set[str]:
    assert report.unreadable == ""
    return {it.rule for it in report.reasons}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(rule, source) for rule, sources in table.items() for source in sources]


def test_every_rule_is_tried() -> None:
    """With code it applies to, and code it does not."""
    assert set(APPLIES) == set(APPLIES_NOT) == set(RULES)


@pytest.mark.parametrize(("rule", "source"), cases(APPLIES))
def test_it_applies(rule: str, source: str) -> None:
    """The rule is among the reasons."""
    assert rule in rules_of(analyze({"main.py": source}))


@pytest.mark.parametrize(("rule", "source"), cases(APPLIES_NOT))
def test_it_does_not_apply(rule: str, source: str) -> None:
    """The rule is not among the reasons."""
    assert rule not in rules_of(analyze({"main.py": source}))


def test_repeats_count_less() -> None:
    """Of a mild rule not at all, of a strong one little; so many are listed, over all files."""
    mild = analyze({"main.py": "open(name)\n" * 50})
    assert mild.score == RULES["dynamic-path"].points
    assert len(mild.reasons) == MAX_PER_RULE
    strong = analyze({"a.py": "exec(x)\n" * 50, "b.py": "exec(x)\n" * 50})
    rule = RULES["dynamic-code"]
    assert strong.score == rule.points + rule.again * (MAX_PER_RULE - 1)


def test_own_files_do_not_free_what_is_wrong() -> None:
    """A file called as a module of the system does not make that module harmless."""
    files = {"main.py": "import socket, mine\n", "socket.py": "", "mine/__init__.py": ""}
    assert [it.rule for it in analyze(files).reasons] == ["network"]


def test_what_comes_by_an_own_file_is_seen() -> None:
    """Where the file takes it from the system."""
    report = analyze({"main.py": "from helper import f\nf('x')\n", "helper.py": "from os import system as f\n"})
    assert [(it.rule, it.file) for it in report.reasons] == [("process", "helper.py")]


def test_a_byte_order_mark_is_read_over() -> None:
    """As Python does."""
    assert rules_of(analyze({"main.py": "\ufeffeval('1')"})) == {"dynamic-code"}


def test_lines_are_named() -> None:
    """Of what cannot be read, and of what scores."""
    assert analyze({"lib/a.py": "x = 1\ny = (\n"}).unreadable.startswith("lib/a.py, line 2: ")
    assert analyze({"lib/a.py": "x = 1\ny = '\0'\n"}).unreadable.startswith("lib/a.py, line 2: ")
    assert [it.line for it in analyze({"lib/a.py": "x = 1\n\neval(x)\n"}).reasons] == [3]
