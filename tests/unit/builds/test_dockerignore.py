"""Matching of .dockerignore: Docker's documented rules, and Docker's own SDK as a witness."""

import time

import pytest
from docker.utils.build import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from hershy.builds.dockerignore import MAX_PATTERNS, DockerIgnore, PathPattern, included
from hershy.errors import BuildError


@pytest.mark.parametrize(
    ("pattern", "path", "is_matched"),
    [
        ("a.txt", "a.txt", True),
        ("a.txt", "b/a.txt", False),
        ("/a.txt", "a.txt", True),
        ("./a//b/", "a/b", True),
        ("a/../b", "b", True),
        ("../b", "b", True),
        ("build", "build/out/x", True),
        ("build/", "build/out/x", True),
        ("build", "builder", False),
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("*/temp*", "a/temporary.txt", True),
        ("*/*/temp*", "a/b/temp", True),
        ("*/temp*", "a/b/temp", False),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a-c]x", "dx", True),
        (r"\*x", "*x", True),
        (r"\*x", "ax", False),
        ("**/*.go", "main.go", True),
        ("**/*.go", "a/b/main.go", True),
        ("**.go", "a/b/main.go", True),
        ("**/node_modules", "a/node_modules/b/c.js", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b/z", True),
        ("a/**/b", "x/a/b", False),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("**", "anything/at/all", True),
        ("**/a/**/b/c", "x/a/b/a/y/b/b/c", True),
        (".", "a", False),
        ("/", "a", False),
        ("a+b(c).x", "a+b(c).x", True),
        ("[", "[", True),
    ],
)
def test_pattern(pattern: str, path: str, is_matched: bool) -> None:
    """Patterns match as Docker's reference says."""
    assert PathPattern(pattern).matches(path) is is_matched


def test_last_pattern_decides() -> None:
    """An exclusion can be taken back, and made again; comments and blank lines are nothing."""
    text = "\ufeff# comment\n\n*.md\r\n!README*.md\nREADME-secret.md\n!\n"
    paths = ["README.md", "README-secret.md", "notes.md", "a.py", "# comment"]
    assert included(paths, text) == ["README.md", "a.py", "# comment"]


def test_dockerignore_stays() -> None:
    """The file itself stays in the context, as with Docker's own tools."""
    assert included([".dockerignore", "a"], "*") == [".dockerignore"]


def test_too_many_patterns() -> None:
    """A file with more patterns than anybody needs is refused."""
    with pytest.raises(BuildError, match="at most"):
        DockerIgnore("a\n" * (MAX_PATTERNS + 1))


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**/" * 300 + "b", "*/" * 300 + "b", "[a-" * 200])
def test_hostile_pattern(pattern: str) -> None:
    """No pattern makes matching take long."""
    begun = time.monotonic()
    compiled = PathPattern(pattern)
    for path in ("a" * 255, "/".join("a" * 500), "/".join(["a" * 100] * 9)):
        compiled.matches(path)
    assert time.monotonic() - begun < 1


_names = st.text("ab.", min_size=1, max_size=3).filter(lambda name: name.strip("."))
_paths = st.lists(_names, min_size=1, max_size=5).map("/".join)
_pattern_parts = st.one_of(_names, st.sampled_from(["*", "?", "**", "a*", "*b", "a?b", "[ab]", "a*b*"]))
_patterns = st.lists(_pattern_parts, min_size=1, max_size=4).map("/".join).filter(lambda text: set(text) > set("*/"))


def witness(path: str, patterns: list[str]) -> bool:
    """What Docker's SDK says of a path, asking it of the path's folders too as it does when it walks them."""
    names, excluded = path.split("/"), False
    for pattern in PatternMatcher(patterns).patterns:
        if any(pattern.match("/".join(names[: depth + 1])) for depth in range(len(names))):
            excluded = not pattern.exclusion
    return excluded


@given(_paths, st.lists(st.tuples(st.booleans(), _patterns), max_size=4))
def test_like_the_sdk(path: str, rules: list[tuple[bool, str]]) -> None:
    """Whatever the patterns, Docker's SDK excludes the same paths."""
    patterns = [("!" if is_exception else "") + pattern for is_exception, pattern in rules]
    assert DockerIgnore("\n".join(patterns)).excludes(path) == witness(path, patterns)
