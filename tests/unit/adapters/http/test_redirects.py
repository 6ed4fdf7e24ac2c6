"""A program's redirect leads to the program or away from here, never to the Host's own calls."""

from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.testing.twins import Twins
from hershy_adapters.http._guard.redirects import redirected
from hershy_adapters.memory.program import answer

MOUNT, HOST = "/programs/p/proxy", "localhost:9000"
PIECES = [
    "/",
    "//",
    "\\",
    "..",
    ".",
    "%2e",
    "%2E%2e",
    "?",
    "#",
    ":",
    "http",
    "https:",
    "@",
    "localhost:9000",
    "\t",
    "x",
]
LOCATIONS = st.lists(st.sampled_from([*PIECES, "programs", "victim", "stop", MOUNT, "evil.example"])).map("".join)


@pytest.mark.parametrize(
    ("location", "target", "expected"),
    [
        ("/login", "/a/b", f"{MOUNT}/login"),
        ("login?x=1#y", "/a/b", f"{MOUNT}/a/login?x=1#y"),
        (f"{MOUNT}/login", "/", f"{MOUNT}/login"),
        ("http://localhost:9000/login", "/", f"{MOUNT}/login"),
        ("http://LOCALHOST.:9000", "/", f"{MOUNT}/"),
        ("?page=2", "/list?page=1", f"{MOUNT}/list?page=2"),
        ("#end", "/list?page=1", f"{MOUNT}/list?page=1#end"),
        ("../up/./here/..", "/a/b/c", f"{MOUNT}/a/up/"),
        ("https://elsewhere.example/x?y", "/", "https://elsewhere.example/x?y"),
        ("http://localhost:19002/x", "/", "http://localhost:19002/x"),
        ("mailto:somebody@example.org", "/", "mailto:somebody@example.org"),
    ],
)
def test_where_it_leads(location: str, target: str, expected: str) -> None:
    """The program's root is the mount, however it writes its own addresses; others' are left as they are."""
    assert redirected(location, MOUNT, target, HOST) == expected


@pytest.mark.parametrize(
    "location",
    [
        *(
            "/programs/victim/stop",
            "../../victim/stop",
            "//localhost:9000/programs/victim/stop",
            "///localhost:9000/programs",
        ),
        *("http://localhost:9000/programs/victim/stop", "http://u:p@127.0.0.1:9000/programs/victim/stop", "stop"),
        *(
            "http://[::1]:9000/programs",
            "http:/programs/victim/stop",
            "http:programs/victim/stop",
            "\\programs\\victim",
        ),
        *(
            f"{MOUNT}/../../victim/stop",
            f"{MOUNT}/%2e%2E/%2e./victim/stop",
            "/\t/localhost:9000/programs",
            f"{MOUNT}x/stop",
        ),
    ],
)
def test_no_way_out(location: str) -> None:
    """By any writing that some client reads as an address of the Host's."""
    assert redirected(location, MOUNT, "/", HOST).startswith(f"{MOUNT}/")


@given(LOCATIONS, st.sampled_from(["/", "/a", "/a/b?c=/../d"]))
@example("..", "/")
@example("/\\..", "/")
def test_whatever_is_written(location: str, target: str) -> None:
    """Resolved as clients do, it is below the mount or at another authority."""
    found = urlsplit(urljoin(f"http://{HOST}{MOUNT}{target}", redirected(location, MOUNT, target, HOST)))
    is_elsewhere = found.scheme not in ("http", "https") or found.netloc.rpartition("@")[2] != HOST
    assert is_elsewhere or f"{found.path}/".startswith(f"{MOUNT}/")


async def test_a_caller_that_follows_stays_with_the_program(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """One that repeats a POST where it is sent does not stop another program for it."""
    program, victim = await hershy_twins.ready(), await hershy_twins.ready()

    async def send_on(request: ProxyRequest) -> ProxyResponse:
        return ProxyResponse(307, [("location", f"/programs/{victim.id}/stop")], answer(307, b"").body)

    hershy_twins.runtime.program(program.id).respond("POST", "/", send_on)
    mount = f"/programs/{program.id}/proxy"
    sent = await client.post(f"{mount}/", content=b"x")
    assert (sent.status_code, sent.headers["location"]) == (307, f"{mount}/programs/{victim.id}/stop")
