"""What web pages of elsewhere are kept from, and programs' pages here."""

import httpx
import pytest

from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._guard.origin_policy import OriginPolicy
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.program import answer

from .test_refusals import require_refusal

POLICY = OriginPolicy(hosts=("hershy.example",), origins=("https://panel.example",))


@pytest.fixture
def at_the_door(hershy_twins: Twins) -> AsgiTransport:
    return AsgiTransport(create_app(hershy_twins.host, origin_policy=POLICY))


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:9000", "localhost.", "hershy.example:443"]
)
async def test_known_names(at_the_door: AsgiTransport, name: str) -> None:
    """Those of loopback and of the settings, by any port: a tunnel has one of its own."""
    async with httpx.AsyncClient(transport=at_the_door, base_url="http://localhost") as client:
        assert (await client.get("/programs", headers={"Host": name})).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9000", "x@localhost", "localhost:x", ""]
)
@pytest.mark.parametrize("path", ["/programs", "/healthz", "/metrics", "/nothing", "/programs/x/proxy/"])
async def test_rebound_names(at_the_door: AsgiTransport, name: str, path: str) -> None:
    """A page that has made its name point here is sent away, whatever it asks for."""
    async with httpx.AsyncClient(transport=at_the_door, base_url="http://localhost") as client:
        require_refusal(await client.get(path, headers={"Host": name}), 421, remedy="allowed_hosts")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:19001"},
        {"Origin": "http://localhost"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_elsewhere_change_nothing(at_the_door: AsgiTransport, headers: dict[str, str]) -> None:
    """403 for every method that may change something; what only shows is shown, and cannot be read across."""
    async with httpx.AsyncClient(transport=at_the_door, base_url="http://localhost:9000") as client:
        for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
            for path in ("/programs", "/programs/x/proxy/x"):
                require_refusal(await client.request(method, path, headers=headers), 403, remedy="allowed_origins")
        shown = await client.get("/programs", headers=headers)
        assert shown.status_code == 200
        assert not [it for it in shown.headers if it.startswith("access-control-")]
        assert shown.headers["cross-origin-resource-policy"] == "same-origin"
        preflight = await client.options("/programs", headers={**headers, "Access-Control-Request-Method": "POST"})
        assert not [it for it in preflight.headers if it.startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:9000"},
        {"Origin": "https://panel.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
async def test_own_pages_and_programs_that_are_no_browsers(at_the_door: AsgiTransport, headers: dict[str, str]) -> None:
    """Go through."""
    async with httpx.AsyncClient(transport=at_the_door, base_url="http://localhost:9000") as client:
        body = b'{"user_id": "alice", "dockerfile": "FROM x"}'
        assert (await client.post("/programs", content=body, headers=headers)).status_code == 201


async def test_a_websocket_of_elsewhere(at_the_door: AsgiTransport, hershy_twins: Twins) -> None:
    """Is refused in its handshake."""
    program = await hershy_twins.ready()
    path = f"/programs/{program.id}/proxy/ws"
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "ws",
        "headers": [(b"host", b"localhost:9000"), (b"origin", b"http://localhost:19001")],
        "extensions": {"websocket.http.response": {}},
    }
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    await create_app(hershy_twins.host, origin_policy=POLICY)(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 403  # type: ignore[index]


async def test_a_programs_page_is_sandboxed(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """It gets an origin of its own, says nothing about the Host's, and its cookies stay below its path."""
    program = await hershy_twins.ready()
    given = [
        ("content-security-policy", "default-src 'self'"),
        ("service-worker-allowed", "/"),
        ("Clear-Site-Data", '"*"'),
        ("alt-svc", 'h2="evil.example:443"'),
        ("set-cookie", "a=1; Path=/; Domain=localhost; HttpOnly"),
        ("set-cookie", "b=2; path=/deep"),
        ("set-cookie", "c=3"),
        ("x-own", "kept"),
    ]

    async def page(request: ProxyRequest) -> ProxyResponse:
        return ProxyResponse(200, given, answer(200, b"<script>").body)

    hershy_twins.runtime.program(program.id).respond("GET", "/", page)
    mount = f"/programs/{program.id}/proxy"
    headers = (await client.get(f"{mount}/")).headers
    policies = headers.get_list("content-security-policy")
    assert policies[0] == "default-src 'self'"
    assert policies[1].startswith("sandbox ")
    assert "allow-same-origin" not in policies[1]
    assert headers.get_list("set-cookie") == [
        f"a=1; HttpOnly; Path={mount}/",
        f"b=2; Path={mount}/deep",
        f"c=3; Path={mount}/",
    ]
    assert headers["x-own"] == "kept"
    for name in ("service-worker-allowed", "clear-site-data", "alt-svc"):
        assert name not in headers
