"""The front of deploy/ in Debian's nginx, with real hubs behind it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import tomllib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

import rtwidgets as rt

from ..client.hub_process import ROOT, HubProcess, free_port, token
from ..server.sockets import Line, bare_line
from .front import BEHIND, NAME, ORIGIN, Certificates, Front

StartHub = Callable[..., HubProcess]
StartFront = Callable[..., Front]
READ_TIMEOUT = "proxy_read_timeout  60s"


def joined(line: Line) -> str:
    """Connect, and return the id of the hub that took it."""
    reply = line.ask(connect={"token": token()})
    return str(reply["connect"]["data"]["rtwidgets"]["hub"])


def test_page_says_what_the_hub_is_told() -> None:
    found = re.search(r"```toml\n(.*?)```", (ROOT / "docs/nginx.md").read_text(), re.DOTALL)
    assert found
    assert tomllib.loads(found[1])["hub"].items() >= tomllib.loads(BEHIND)["hub"].items()


def test_socket_through_tls_is_checked_like_any_other(start_hub: StartHub, start_front: StartFront) -> None:
    front = start_front(start_hub("[limits]\nconnections_per_ip = 1\n").port)
    line = front.open()
    joined(line)
    assert "subscribe" in line.ask(subscribe={"channel": "event:front"})
    line.ask(publish={"channel": "event:front", "data": "through"})
    while not line.pushes:
        line.receive()
    assert line.pushes[0]["pub"]["data"] == "through"
    for wrong in ("https://evil.example", "http://hub.example.org", "https://hub.example.org:8443"):
        with pytest.raises(InvalidStatus, match="403"):
            front.open(wrong, "127.0.0.3")
    line.socket.close()


def test_limits_count_who_nginx_saw_and_not_who_somebody_says_they_are(
    start_hub: StartHub, start_front: StartFront
) -> None:
    hub = start_hub("[limits]\nconnections_per_ip = 1\n")
    front = start_front(hub.port)
    line = front.open()
    for claim in ("203.0.113.9", "203.0.113.9, 127.0.0.1", ""):
        with pytest.raises(InvalidStatus, match="429"):
            front.open(X_Forwarded_For=claim)
    other = front.open(source="127.0.0.2")
    # Nor is who is not the proxy believed: this one's claim would be the first of its address.
    plain, again = socket.socket(), socket.socket()
    for one in (plain, again):
        one.bind(("127.0.0.4", 0))
    with bare_line(hub, plain=plain), pytest.raises(InvalidStatus, match="429"):
        bare_line(hub, plain=again, additional_headers={"X-Forwarded-For": "203.0.113.9"}).__enter__()
    line.socket.close()
    other.socket.close()


def test_front_knows_its_paths(start_hub: StartHub, start_front: StartFront) -> None:
    front = start_front(start_hub().port)
    for path in ("/health", "/team/hub/health"):
        status, headers, body = front.get(path)
        assert status == 200 and json.loads(body)["status"] == "ok"
        assert headers["Strict-Transport-Security"] and "1." not in headers["Server"]
    # The pages' own addresses are relative, so that they work under both.
    assert b'src="../static/host.js"' in front.get("/team/hub/s/morning")[2]
    assert front.get("/team/hub/static/host.js")[0] == front.get("/static/host.js")[0] == 200
    assert front.get("/metrics")[0] == front.get("/team/hub/metrics")[0] == 404
    plain = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=5)
    plain.request("GET", "/s/morning", headers={"Host": "evil.example"})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/s/morning")
    plain.close()


def test_front_passes_on_what_a_client_takes_for_the_hubs_name(
    start_hub: StartHub, start_front: StartFront
) -> None:
    front = start_front(start_hub().port)
    for name in (NAME, NAME.upper(), f"{NAME}:443"):
        assert front.get("/health", name)[0] == 200
    for name in (f"{NAME}:8443", f"{NAME}.", "evil.example", "127.0.0.1"):
        assert front.get("/health", name)[0] == 403
    plain = socket.create_connection(("127.0.0.1", front.port), 5)
    with front.certificates.trusting().wrap_socket(plain, server_hostname=NAME) as old:
        old.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert old.recv(4096).split()[1] == b"400"


def test_public_name_may_have_a_port(
    tmp_path: Path, certificates: Certificates, need_program: Callable[..., str]
) -> None:
    port = free_port()
    hub = HubProcess(tmp_path, BEHIND.replace(ORIGIN, f"{ORIGIN}:{port}"))
    hub.start()
    front = Front(need_program("nginx"), tmp_path, certificates, [hub.port], port=port)
    try:
        assert front.get("/health", f"{NAME}:{port}")[0] == 200
        assert front.get("/health", NAME)[0] == front.get("/health", f"{NAME}:{port + 1}")[0] == 403
        line = front.open(f"{ORIGIN}:{port}", name=f"{NAME}:{port}")
        joined(line)
        line.socket.close()
        with pytest.raises(InvalidStatus, match="403"):
            front.open(ORIGIN, name=f"{NAME}:{port}")
    finally:
        front.close()
        hub.kill()


def test_much_and_large_goes_through(start_hub: StartHub, start_front: StartFront) -> None:
    front = start_front(start_hub().port)
    reader, writer = front.open(), front.open()
    joined(reader)
    joined(writer)
    reader.ask(subscribe={"channel": "event:large"})
    count, pad = 100, "x" * 60_000
    for number in range(count):
        assert "error" not in writer.ask(publish={"channel": "event:large", "data": [number, pad]})
    while sum("pub" in push for push in reader.pushes) < count:
        reader.receive()
    assert [push["pub"]["data"][0] for push in reader.pushes if "pub" in push] == list(range(count))
    reader.socket.close()
    writer.socket.close()


def test_pings_keep_a_socket_on_which_nobody_speaks(start_hub: StartHub, start_front: StartFront) -> None:
    # As in the file, a ping comes well before nginx gives up.
    hub = start_hub("[limits]\nping_interval_s = 1\npong_timeout_s = 1\n")
    front = start_front(hub.port, **{READ_TIMEOUT: "proxy_read_timeout 3s"})
    line = front.open()
    joined(line)
    for _ in range(5):
        assert line.receive() == [{}]
    assert "rpc" in line.ask(rpc={"method": "rtwidgets.status", "data": {}})
    line.socket.close()


def test_without_pings_nginx_gives_up(start_hub: StartHub, start_front: StartFront) -> None:
    hub = start_hub("[limits]\nping_interval_s = 0\n")
    front = start_front(hub.port, **{READ_TIMEOUT: "proxy_read_timeout 1s"})
    line = front.open()
    joined(line)
    with pytest.raises(ConnectionClosed):
        line.receive()


def test_one_of_two_hubs_goes_down_and_nobody_stays_away(
    start_hub: StartHub, start_front: StartFront
) -> None:
    first, second = start_hub(), start_hub()
    front = start_front(first.port, second.port)
    lines = [front.open() for _ in range(20)]
    ids = [joined(line) for line in lines]
    assert len(set(ids)) == 2
    with bare_line(first) as direct:
        gone = joined(direct)
    leavers = [line for line, hub in zip(lines, ids, strict=True) if hub == gone]
    stayers = [line for line in lines if line not in leavers]
    first.terminate()
    codes = []
    for line in leavers:
        try:
            while True:
                line.receive()
        except ConnectionClosed as closed:
            codes.append(closed.rcvd.code if closed.rcvd else 1006)
            # Back at once, while the hub is still going down, or gone already: nginx asks the other one.
            again = front.open()
            assert joined(again) != gone
            stayers.append(again)
    assert codes == [3001] * len(leavers) and codes
    first.wait()
    for line in stayers:
        assert "rpc" in line.ask(rpc={"method": "rtwidgets.status", "data": {}})
        line.socket.close()


def test_client_is_carried_over_a_rolling_restart(
    start_hub: StartHub,
    start_front: StartFront,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    hubs = [start_hub() for _ in range(2)]
    front = start_front(*(hub.port for hub in hubs), **{"Host $http_host;": f"Host {NAME};"})
    with rt.connect(f"https://localhost:{front.port}", token=token()) as client:
        seen = [client.status()["hub"]]
        for hub in hubs:
            hub.terminate()
            hub.wait()
            hub.start()
            seen.append(client.status()["hub"])
            client.value("kept").set(len(seen))
            assert client.value("kept").get() == len(seen)
        assert len(set(seen)) >= 2


def test_what_comes_bit_by_bit_is_passed_on_bit_by_bit(start_front: StartFront) -> None:
    """Server-sent events, which other services behind the same front may have."""
    go_on = threading.Event()

    class Events(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for text in (b"data: 1\n\n", b"data: 2\n\n"):
                self.wfile.write(text)
                self.wfile.flush()
                assert go_on.wait(10)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Events)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    front = start_front(server.server_port)
    try:
        connection = http.client.HTTPSConnection(
            "localhost", front.port, timeout=5, context=front.certificates.trusting()
        )
        connection.request("GET", "/events", headers={"Host": NAME})
        answer = connection.getresponse()
        assert answer.readline() == b"data: 1\n"
        go_on.set()
        assert answer.read().endswith(b"data: 2\n\n")
        connection.close()
    finally:
        go_on.set()
        server.shutdown()
        server.server_close()
