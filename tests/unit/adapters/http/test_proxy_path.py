"""Which requests are for a program, read from the raw path."""

import pytest

from hershy_adapters.http._proxy.path import ForProgram, for_program


def scope(raw: str, root: str = "", query: bytes = b"") -> dict[str, object]:
    return {"path": raw, "raw_path": raw.encode(), "root_path": root, "query_string": query}


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/programs/p/proxy", "/"),
        ("/programs/p/proxy/", "/"),
        ("/programs/p/proxy/../../x", "/../../x"),
        ("/programs/p/proxy//x", "//x"),
        ("/programs/p/proxy/a%2Fb%00", "/a%2Fb%00"),
    ],
)
def test_target(raw: str, target: str) -> None:
    """What follows ``/proxy`` goes to the program as it is."""
    assert for_program(scope(raw)) == ForProgram("p", target, "/programs/p/proxy")


@pytest.mark.parametrize(
    "raw", ["/", "", "/programs", "/programs/p", "/programs/p/proxyx", "/x/p/proxy", "//programs/p/proxy"]
)
def test_others(raw: str) -> None:
    """Everything else is the Host's own."""
    assert for_program(scope(raw)) is None


def test_mounted() -> None:
    """Below a mount its path is skipped; a server that leaves the mount out of the path is understood too."""
    assert for_program(scope("/a/b/programs/p/proxy/x", "/a/b")) == ForProgram("p", "/x", "/a/b/programs/p/proxy")
    assert for_program(scope("/programs/p/proxy/x", "/a/b")) == ForProgram("p", "/x", "/programs/p/proxy")


def test_query_and_escapes() -> None:
    """The query is untouched; the id is the one part that is decoded."""
    found = for_program(scope("/programs/p%20q/proxy/x", query=b"a=%20&b"))
    assert found == ForProgram("p q", "/x?a=%20&b", "/programs/p%20q/proxy")


def test_without_raw_path() -> None:
    """A server that gives no raw path has decoded it already; it is encoded again."""
    found = for_program({"path": "/programs/p/proxy/a b"})
    assert found is not None
    assert found.target == "/a%20b"
