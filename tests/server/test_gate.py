"""Who may speak to the hub at all: the attacks of a page on another site, with plain sockets."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from websockets.exceptions import InvalidStatus

from ..client.hub_process import HubProcess
from .sockets import bare_line, open_line


def handshake(hub: HubProcess, headers: dict[str, str]) -> int:
    try:
        with bare_line(hub, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def get(hub: HubProcess, path: str, headers: dict[str, str]) -> tuple[int, object]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if body.startswith(b"{") else None


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


def test_listed_and_own_origins_and_programs_may_connect(hub: HubProcess) -> None:
    assert handshake(hub, {"Origin": "https://lab.example.org"}) == 101
    assert handshake(hub, {"Origin": f"http://127.0.0.1:{hub.port}"}) == 101
    assert handshake(hub, {}) == 101


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "a b"]
)
def test_names_that_others_point_here_are_refused(hub: HubProcess, host: str) -> None:
    status, _ = get(hub, "/health", {"Host": host.format(port=hub.port)})
    assert status in (400, 403)


def test_owner_allows_an_origin_while_the_hub_runs(hub: HubProcess) -> None:
    origin = "http://notebook.example:8888"
    assert handshake(hub, {"Origin": origin}) == 403
    with open_line(hub) as line:
        assert "error" not in line.ask(rpc={"method": "rtwidgets.allow_origin", "data": {"origin": origin}})
    assert handshake(hub, {"Origin": origin}) == 101


def test_two_host_headers_are_refused(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as raw:
        host = f"Host: 127.0.0.1:{hub.port}\r\n"
        raw.sendall(f"GET /health HTTP/1.1\r\n{host}{host}\r\n".encode())
        status = int(raw.recv(4096).split()[1])
    assert status in (400, 403)


def test_compression_is_not_negotiated(own_hub: HubProcess) -> None:
    with bare_line(own_hub, additional_headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) as line:
        assert line.socket.response is not None
        assert "Sec-WebSocket-Extensions" not in line.socket.response.headers
