"""Who may speak to the hub at all: the attacks of a page on another site, with plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rtwidgets.core import Limits, Namespace
from rtwidgets.server.addresses import Addresses
from rtwidgets.server.app import HubApp
from rtwidgets.server.gate import Gate
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.conftest import eventually
from ..client.hub_process import SECRET, HubProcess
from .inner_hub import InnerHub
from .sockets import bare_line, open_line

EVIL = "https://evil.example"
# What a program gets that names no foreign host or origin and has no token and no key: a status, or the
# close code of its connect command. A new route has to be added here, and so to be thought about.
WITHOUT_TOKEN = {
    "/connection/websocket": 3500,
    "/health": 200,
    "/ready": 200,
    "/metrics": 401,
    "/api/publish": 401,
    "/api/revoke": 401,
    "/api/join": 400,
    "/": 200,
    "/s/{session}": 200,
    "/admin": 200,
    "/examples/chat": 200,
    "/static/{file}": 200,
}
# What stands in paths for any text.
SAMPLES = {"{session}": "morning", "{file}": "host.js"}


def handshake(hub: HubProcess | InnerHub, headers: dict[str, str]) -> int:
    try:
        with bare_line(hub, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def get(
    hub: HubProcess | InnerHub, path: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, object]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if body.startswith(b"{") else None


def knock(hub: HubProcess, route: BaseRoute, headers: dict[str, str]) -> int:
    """Come to a route with no token and no key; return the status or close code."""
    if isinstance(route, WebSocketRoute):
        others = {name: value for name, value in headers.items() if name != "Host"}
        try:
            with bare_line(hub, headers.get("Host"), additional_headers=others) as line:
                line.ask(connect={})
        except InvalidStatus as error:
            return error.response.status_code
        except ConnectionClosed as error:
            assert error.rcvd is not None
            return error.rcvd.code
    assert isinstance(route, Route), f"{route!r}: say here how to knock at it"
    path = route.path
    for name, sample in SAMPLES.items():
        path = path.replace(name, sample)
    assert "{" not in path, f"{route.path}: say in SAMPLES what stands there"
    return get(hub, path, headers, "POST" if "POST" in (route.methods or ()) else "GET")[0]


def test_every_route_stands_behind_the_gate(hub: HubProcess) -> None:
    routes = HubApp(Settings(auth=AuthSection(hmac_secret=SECRET)), 1).asgi.routes
    assert {getattr(route, "path", "") for route in routes} == set(WITHOUT_TOKEN)
    for route in routes:
        assert isinstance(route, Route | WebSocketRoute)
        assert knock(hub, route, {}) == WITHOUT_TOKEN[route.path]
        assert knock(hub, route, {"Origin": EVIL}) == 403
        assert knock(hub, route, {"Host": f"evil.example:{hub.port}"}) == 403


def test_a_path_that_nobody_thought_of_needs_the_key(hub: HubProcess) -> None:
    assert get(hub, "/secret", {})[0] == 401
    assert get(hub, "/health/", {})[0] == 401
    assert get(hub, "/secret", {"X-API-Key": "the api kez"})[0] == 401
    assert get(hub, "/secret", {"X-API-Key": "the api key"})[0] == 404
    assert get(hub, "/secret", {"Authorization": "Bearer the api key"})[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/s",
            "/s/",
            "/s/a/b",
            "/s/a/",
            "/s/a%2Fb",
            "/s//a",
            "/S/a",
            "//s/a",
            "/admin/",
            "/admin/a",
            "/s/../metrics",
        ),
        *("/static", "/static/", "/static/a/b.js", "/static/..%2f..%2fapi%2frevoke", "/static/./host.js"),
        *("/examples", "/examples/", "/examples/other", "/examples/chat/", "/api", "/api/", "/api/join/"),
        *("/index.html", "/favicon.ico", "/s/%2e%2e/metrics", "/static/%2e%2e/metrics", "/*", "/x/*"),
    ],
)
def test_an_open_path_opens_nothing_beside_it(hub: HubProcess, path: str) -> None:
    assert get(hub, path, {})[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/static/..",
            "/static/pages.py",
            "/static/%00",
            "/static/%00.js",
            "/static/%ff.js",
            "/static/none.js",
        ),
        pytest.param(f"/static/{'a' * 300}.js", id="a name that no file can have"),
        "/s/*",
    ],
)
def test_what_is_open_has_only_what_is_meant_to_be_there(hub: HubProcess, path: str) -> None:
    assert get(hub, path, {})[0] == (200 if path == "/s/*" else 404)


def test_answers_can_run_nothing_in_a_browser(hub: HubProcess) -> None:
    for path in ("/health", "/secret"):
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
        connection.request("GET", path)
        headers = connection.getresponse().headers
        connection.close()
        policy = headers["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@contextmanager
def open_to_all(*, gate: bool) -> Iterator[InnerHub]:
    """A hub that asks for no token, as some run on their own machine."""
    rules = {"default": Namespace(allow=frozenset(("subscribe", "publish")))}
    hub = InnerHub(Settings(auth=AuthSection(anonymous=True), namespaces=rules), gate=gate)
    try:
        yield hub
    finally:
        hub.close()


@pytest.mark.parametrize(("host", "origin"), [(None, EVIL), ("evil.example", "http://evil.example")])
def test_without_the_gate_a_page_of_another_site_would_read_the_hub(host: str | None, origin: str) -> None:
    def attack(hub: InnerHub) -> dict[str, Any]:
        with bare_line(hub, host, additional_headers={"Origin": origin}) as line:
            line.ask(connect={})
            return line.ask(subscribe={"channel": "secret"})

    with open_to_all(gate=False) as hub:
        assert "subscribe" in attack(hub)
    with open_to_all(gate=True) as hub, pytest.raises(InvalidStatus):
        attack(hub)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://lab.example.org",
        "https://lab.example.org:8443",
        "https://lab.example.org.evil.example",
        "https://evil-lab.example.org",
        "null",
        "file://",
        "http://127.0.0.1:1",
        "http://localhost",
    ],
)
def test_pages_of_other_origins_are_refused(hub: HubProcess, origin: str) -> None:
    assert handshake(hub, {"Origin": origin}) == 403
    status, body = get(hub, "/health", {"Origin": origin})
    assert (status, body) == (
        403,
        {"error": "pages of this origin may not connect; add it to auth.allowed_origins"},
    )


@pytest.mark.parametrize("others", [[EVIL], ["https://lab.example.org"], []])
def test_a_request_has_one_origin_at_most(hub: HubProcess, others: list[str]) -> None:
    """The first of several would be the one that is compared."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    connection.putrequest("GET", "/health")
    for origin in ("https://lab.example.org", *others):
        connection.putheader("Origin", origin)
    connection.endheaders()
    assert connection.getresponse().status == (403 if others else 200)
    connection.close()


def test_listed_and_own_origins_and_programs_may_connect(hub: HubProcess) -> None:
    assert handshake(hub, {"Origin": "https://lab.example.org"}) == 101
    assert handshake(hub, {"Origin": f"http://127.0.0.1:{hub.port}"}) == 101
    assert handshake(hub, {}) == 101


FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("method", "sent", "status"),
    [
        ("GET", FOLLOWED, 200),
        ("GET", {**FOLLOWED, "Sec-Fetch-Site": "same-site"}, 200),
        ("GET", {**FOLLOWED, "Sec-Fetch-Dest": "iframe"}, 403),
        ("GET", {**FOLLOWED, "Sec-Purpose": "prefetch"}, 403),
        ("POST", FOLLOWED, 403),
        ("HEAD", FOLLOWED, 403),
        (
            "GET",
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
            403,
        ),
        (
            "GET",
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
            403,
        ),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Origin": "https://lab.example.org"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}, 200),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_other_sites_pages_may_link_here_and_load_nothing(
    hub: HubProcess, method: str, sent: dict[str, str], status: int
) -> None:
    assert get(hub, "/s/morning", sent, method)[0] == status


def test_socket_of_an_allowed_page_of_another_site_is_let_in(hub: HubProcess) -> None:
    sent = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "empty"}
    assert handshake(hub, {**sent, "Origin": "https://lab.example.org"}) == 101
    assert handshake(hub, {**sent, "Origin": EVIL}) == 403
    assert handshake(hub, sent) == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "a b"]
)
def test_names_that_others_point_here_are_refused(hub: HubProcess, host: str) -> None:
    status, _ = get(hub, "/health", {"Host": host.format(port=hub.port)})
    assert status in (400, 403)


def test_owner_allows_an_origin_as_long_as_it_is_connected(hub: HubProcess) -> None:
    origin = "http://notebook.example:8888"
    assert handshake(hub, {"Origin": origin}) == 403
    with open_line(hub) as line:
        assert "error" not in line.ask(rpc={"method": "rtwidgets.allow_origin", "data": {"origin": origin}})
        assert handshake(hub, {"Origin": origin}) == 101
    eventually(lambda: handshake(hub, {"Origin": origin}) == 403)


def test_two_host_headers_are_refused(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as raw:
        host = f"Host: 127.0.0.1:{hub.port}\r\n"
        raw.sendall(f"GET /health HTTP/1.1\r\n{host}{host}\r\n".encode())
        status = int(raw.recv(4096).split()[1])
    assert status in (400, 403)


def test_nothing_is_looked_at_behind_a_refused_request(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as raw:
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n" * 20)
        answers = b""
        with contextlib.suppress(ConnectionResetError):
            while part := raw.recv(65_536):
                answers += part
    assert answers.count(b"HTTP/1.1 403") == 1


def test_head_of_a_request_is_bounded_whichever_parsers_are_installed(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as raw:
        raw.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{hub.port}\r\n".encode())
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(2_000):
                raw.sendall(b"x: %s\r\n" % (b"v" * 1_000))


def test_refused_sockets_leave_no_errors_in_the_log(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, "")
    hub.start()
    for _ in range(3):
        assert handshake(hub, {"Origin": EVIL}) == 403
    hub.kill()
    # The form for people does not say how bad a line is: there is none but the hub's own.
    assert (tmp_path / "hub.log").read_text() == f"rtwidgets hub at {hub.url}\n"


def variants(rng: random.Random, text: str) -> str:
    """Return something that an attacker may try instead of an allowed Origin or Host."""
    name, _, port = text.rpartition("//")[2].partition(":")
    scheme = text.partition("//")[0] + "//" if "//" in text else ""
    junk = "".join(rng.choices("abc019.:/@#?%[]-_ \\\t\x00\u0130\u3002é*,;=", k=rng.randint(1, 4)))
    place = rng.randint(0, len(text))
    other = rng.choice(
        ["evil.example", "127.0.0.2", "0", "[::2]", "localhost.evil.example", "xn--lab-abc.org"]
    )
    return rng.choice(
        [
            text[:place] + junk + text[place:],
            text[:place] + text[place + rng.randint(1, 3) :],
            text
            + rng.choice([".", "/", "?", "#", ":", ":80", ":443", "\t", "\n", " ", "\x00", ".evil.example"]),
            f"{scheme}{other}" + (f":{port}" if port else ""),
            f"{scheme}{name}:{rng.randint(0, 70_000)}",
            f"{scheme}{name}:0{port}",
            f"{scheme}{other}@{name}:{port}",
            f"{scheme}{name}:{port}@{other}",
            f"{scheme}{name}.{other}:{port}",
            f"{scheme}{other}.{name}:{port}",
            f"{scheme}{name}%2e{other}",
            f"{scheme}{name},{text}",
            f"{text} {scheme}{other}",
            f"{rng.choice(['http', 'https', 'ws', 'file', 'HTTP', 'data', ''])}://{name}:{port}",
            rng.choice(
                ["null", "", "*", "//", scheme, "about:blank", "http://2130706433", "http://0x7f000001"]
            ),
            "".join(rng.choice((c.upper(), c)) for c in text),
            junk,
        ]
    )


def means(text: str, default_ports: dict[str, int]) -> tuple[str, str | None, int | None] | None:
    """Return scheme, host and port as another URL parser reads them, or None for no bare origin."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or text != text.strip():
        return None
    return parts.scheme, parts.hostname, port or default_ports.get(parts.scheme)


class Knocker:
    """Ask a gate, in this process, whether it lets a request through."""

    def __init__(self, own: set[str], allowed: set[str]) -> None:
        addresses = Addresses(Limits(connects_per_ip_per_s=0), (), Counter(), lambda: 0.0)
        self._gate = Gate(self._inside, frozenset(own), allowed, "", ("/health",), addresses)
        self._let_in = False

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._let_in = True

    async def lets_in(self, host: str, origin: str | None) -> bool:
        async def receive() -> Message:
            raise AssertionError("the gate reads nothing")

        async def send(message: Message) -> None:
            pass

        self._let_in = False
        headers = [(b"host", host.encode("utf-8", "surrogatepass"))]
        if origin is not None:
            headers.append((b"origin", origin.encode("utf-8", "surrogatepass")))
        scope = {"type": "http", "path": "/health", "scheme": "http", "headers": headers}
        await self._gate(scope, receive, send)
        return self._let_in


def test_no_generated_origin_or_host_gets_past_the_gate() -> None:
    own = {"http://127.0.0.1:8090", "http://[::1]:8090", "https://hub.example.org"}
    allowed = {"https://lab.example.org", "http://localhost:8888"}
    hosts = ["127.0.0.1:8090", "[::1]:8090", "hub.example.org", "hub.example.org:443", "lab.example.org"]
    ports = {"http": 80, "https": 443}
    meant = {means(origin, ports) for origin in own | allowed}
    places = {(host, port) for _, host, port in filter(None, meant)}
    rng = random.Random(20)
    let_in = 0

    async def knock_often() -> None:
        nonlocal let_in
        gate = Knocker(own, allowed)
        for origin in own | allowed:
            assert await gate.lets_in("127.0.0.1:8090", origin)
        for host in hosts:
            assert await gate.lets_in(host, None)
        for _ in range(10_000):
            origin = variants(rng, rng.choice(sorted(own | allowed)))
            if await gate.lets_in("127.0.0.1:8090", origin):
                assert means(origin, ports) in meant, repr(origin)
                let_in += 1
            host = variants(rng, rng.choice(hosts))
            if await gate.lets_in(host, None):
                found = {means(f"{scheme}://{host}", ports) for scheme in ports}
                assert any(item is not None and item[1:] in places for item in found), repr(host)
                let_in += 1

    asyncio.run(knock_often())
    # Some are another way to write an allowed one, or that one itself; nearly all are not.
    assert 0 < let_in < 2_000


def test_hub_behind_tls_is_known_by_its_public_name_without_a_port() -> None:
    settings = Settings(
        hub=HubSection(public_url="https://hub.example.org/desk"), auth=AuthSection(hmac_secret=SECRET)
    )
    hub = InnerHub(settings)
    try:
        assert get(hub, "/health", {"Host": "hub.example.org", "Origin": "https://hub.example.org"})[0] == 200
        assert get(hub, "/health", {"Host": "hub.example.org:443"})[0] == 200
        assert get(hub, "/health", {"Host": "hub.example.org:80"})[0] == 403
        assert get(hub, "/health", {"Host": "hub.example.org", "Origin": "http://hub.example.org"})[0] == 403
    finally:
        hub.close()


def test_compression_is_not_negotiated(own_hub: HubProcess) -> None:
    with bare_line(own_hub, additional_headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) as line:
        assert line.socket.response is not None
        assert "Sec-WebSocket-Extensions" not in line.socket.response.headers
