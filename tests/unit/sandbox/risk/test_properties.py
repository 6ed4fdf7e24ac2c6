"""What holds of the risk score whatever it is given."""

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hershy.sandbox.risk.analysis import analyze

from .test_rules import APPLIES, cases

PIECES = st.sampled_from([source for _, source in cases(APPLIES) if "coding" not in source])
TOKENS = (
    "x eval os import ( ) [ ] { } . , : = + * % ' \" lambda for in if while True class def 1 == f' {x} chr [::-1] := @"
)
WORDS = st.sampled_from([*TOKENS.split(), "\n", "    "])


@given(st.text(max_size=200))
def test_any_text_has_a_report(text: str) -> None:
    """Never an error: what is no Python is unreadable."""
    analyze({"main.py": text})


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=40))
def test_anything_like_python_has_a_report(words: list[str]) -> None:
    """Readable just when Python can read it."""
    source = " ".join(words)
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        assert analyze({"main.py": source}).unreadable
    else:
        assert analyze({"main.py": source}).unreadable == ""


@given(st.lists(PIECES, max_size=6))
def test_reports_are_deterministic(pieces: list[str]) -> None:
    """The same text, the same report."""
    source = "\n".join(pieces)
    assert analyze({"main.py": source}) == analyze({"main.py": source})


@given(st.lists(PIECES, max_size=6), st.sampled_from(["", "# eval", "   # exec(x)", "\t"]))
def test_blank_lines_and_comments_tell_nothing(pieces: list[str], between: str) -> None:
    """Of the score; lines move along."""
    source = "\n".join(pieces)
    spread = "\n\n" + "\n".join(f"{line}\n{between}" for line in source.split("\n"))
    assert analyze({"main.py": spread}).score == analyze({"main.py": source}).score


@given(st.lists(PIECES, min_size=1, max_size=6))
def test_more_code_is_no_safer(pieces: list[str]) -> None:
    """In a file beside it."""
    alone = analyze({"a.py": pieces[0]})
    together = analyze({"a.py": pieces[0], "b.py": "\n".join(pieces[1:])})
    assert together.score >= alone.score


@pytest.mark.parametrize(
    "source",
    [
        "x = 'a'\n" + "x = x + x\n" * 60,
        "x = [1]\n" + "x = [x, x]\n" * 60 + "y = str(x)\n",
        "x = 'a' * 10_000\n" + "y = f'" + "{x}" * 5_000 + "'\n",
        "x = 'a' * 10_000\ny = '{0}' * 900\nz = y.format(x)\n",
        "x = ''.join(chr(a) for a in range(10 ** 9))\n",
        "x = 'a' * 10 ** 12\n",
        "x = 9 ** 9 ** 9\n",
        "x = 1 << 10 ** 12\n",
        "x = '%1000000000d' % 1\n",
        "x = '{:1000000000}'.format(1)\n",
        "x = 'a'.ljust(10 ** 12)\n",
        "f = lambda n: f(n) + f(n)\nx = f('a')\n",
        "x = " + "+".join(["'a'"] * 500) + "\n",
        "x = [*[1] * 1_000]\n" + "x = [*x, *x, *x]\n" * 40,
        "import zlib\nx = zlib.decompress(b'x\\x9c' + b'a' * 1000)\n",
        "\n".join(f"a{n} = a{n + 1}" for n in range(2_000)),
    ],
)
def test_constants_that_grow_are_not_worked_out(source: str) -> None:
    """What would take for ever, or all memory, is unknown soon."""
    begin = time.monotonic()
    assert analyze({"main.py": source}).unreadable == ""
    assert time.monotonic() - begin < 2
