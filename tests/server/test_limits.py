"""Limits that need a server: per address, on frames, and over time."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from rtwidgets.core import Limits
from rtwidgets.core.rates import Bucket
from rtwidgets.server.addresses import MAX_ADDRESSES, Addresses, TooManyError, parse_networks

from ..client.conftest import eventually
from ..client.hub_process import NARROW_HUB, HubProcess, token
from .sockets import Line, bare_line, open_line

KEY = "the api key, and that is a long one"


@contextmanager
def hub_with(directory: Path, limits: str, hub: str = "") -> Iterator[HubProcess]:
    config = f'api_key = "{KEY}"\n[hub]\n{hub}\n[limits]\n{limits}\n'
    process = HubProcess(directory, config)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def request(hub: HubProcess, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=5)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def refused(hub: HubProcess, limit: str) -> int:
    text = request(hub, "/metrics", X_API_Key=KEY)[1]
    found = re.search(rf'^rtwidgets_refused_total{{limit="{limit}"}} (\d+)$', text, re.MULTILINE)
    assert found, text
    return int(found[1])


def code_of_close(line: Line, within_s: float = 10.0) -> int:
    try:
        while True:
            line.receive(within_s)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd is not None else 1006


def test_metrics_need_the_key_and_tell_of_every_limit(tmp_path: Path) -> None:
    with hub_with(tmp_path, "") as hub, open_line(hub):
        assert request(hub, "/metrics")[0] == 401
        status, text = request(hub, "/metrics", Authorization=f"Bearer {KEY}")
        assert status == 200 and 'rtwidgets_connections{transport="client"} 1\n' in text
        assert set(re.findall(r'limit="(\w+)"', text)) == set(Limits.__struct_fields__)


def test_requests_of_an_address(tmp_path: Path) -> None:
    with hub_with(tmp_path, "connects_per_ip_per_s = 4") as hub:
        time.sleep(1.0)
        found = Counter(request(hub, "/health")[0] for _ in range(40))
        assert found[200] >= 4 and found[429] >= 20
        with pytest.raises(InvalidStatus, match="429"), bare_line(hub):
            pass
        time.sleep(0.5)
        with open_line(hub):
            pass
        time.sleep(0.5)
        assert refused(hub, "connects_per_ip_per_s") >= found[429] + 1
    with hub_with(tmp_path, "connects_per_ip_per_s = 0") as hub:
        assert {request(hub, "/health")[0] for _ in range(300)} == {200}


@pytest.mark.parametrize("rubbish", [b"\xff" * 20, b"not json"])
def test_connections_that_break_the_rules_count_as_many_requests(tmp_path: Path, rubbish: bytes) -> None:
    with hub_with(tmp_path, "connects_per_ip_per_s = 40") as hub:
        statuses = Counter[int]()
        for _ in range(20):
            try:
                with bare_line(hub) as line:
                    if rubbish.startswith(b"\xff"):
                        line.socket.socket.sendall(rubbish)
                    else:
                        line.socket.send(rubbish.decode())
                    code_of_close(line)
                    statuses[101] += 1
            except InvalidStatus as error:
                statuses[error.response.status_code] += 1
        # Each is a quarter of a second's worth of requests.
        assert statuses[429] >= 8 and statuses[101] >= 4
        deadline = time.monotonic() + 8
        while request(hub, "/health")[0] != 200:  # others of the address wait a moment
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_who_breaks_the_rules_waits_some_seconds_at_most() -> None:
    now = [0.0]
    table = addresses(Limits(connects_per_ip_per_s=100), now=lambda: now[0])
    for _ in range(64):
        table.note_fault("203.0.113.9")
    table.note_request("203.0.113.10")
    now[0] = 4.9
    with pytest.raises(TooManyError):
        table.note_request("203.0.113.9")
    now[0] = 5.5
    table.note_request("203.0.113.9")


HOST = b"Host: 127.0.0.1:%d\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
# What is no HTTP, or wants another protocol.
RUBBISH = {
    "a handshake of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "two Hosts": b"GET /health HTTP/1.1\r\n" + HOST + b"Host: 127.0.0.1\r\n\r\n",
    "no end": b"GET /" + b"a" * 70_000,
    "a body that is none": b"POST /api/join HTTP/1.1\r\n" + HOST + CHUNKED,
    "a body that is none behind an answer": b"GET /health HTTP/1.1\r\n" + HOST + CHUNKED,
    "another protocol": b"GET /health HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
}


def test_what_is_no_http_writes_no_line_and_is_bounded(tmp_path: Path) -> None:
    def answer(hub: HubProcess, rubbish: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as plain:
            plain.sendall(rubbish % hub.port if b"%d" in rubbish else rubbish)
            with contextlib.suppress(ConnectionResetError):
                return plain.recv(4096)[9:12]
            return b""

    with hub_with(tmp_path, "connects_per_ip_per_s = 4") as hub:
        before = (tmp_path / "hub.log").read_text()
        time.sleep(1.0)
        found = [answer(hub, RUBBISH["a handshake of TLS"]) for _ in range(60)]
        # There are a few answers, and pages of other sites, which can send this one, use up nothing else.
        assert found[0] == b"400" and found.count(b"") > 30
        assert refused(hub, "connects_per_ip_per_s") > 30
        with open_line(hub):
            pass
        for rubbish in RUBBISH.values():
            for _ in range(5):
                answer(hub, rubbish)
        request(hub, "/health")
        assert (tmp_path / "hub.log").read_text() == before


UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
)
# Handshakes that HTTP takes and the parser of WebSockets does not.
NO_HANDSHAKES = {
    "a body": UPGRADE + b"Content-Length: 5\r\n\r\n",
    "a long line": UPGRADE + b"X-Long: " + b"x" * 10_000 + b"\r\n\r\n",
    "many lines": UPGRADE + b"X-Many: x\r\n" * 300 + b"\r\n",
    "no key": UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key") + b"\r\n",
}


@pytest.mark.parametrize("text", NO_HANDSHAKES.values(), ids=NO_HANDSHAKES)
def test_a_handshake_that_is_none_is_answered_and_ended(own_hub: HubProcess, text: bytes) -> None:
    with socket.create_connection(("127.0.0.1", own_hub.port), timeout=5) as plain:
        plain.sendall(text % own_hub.port)
        assert plain.makefile("rb").read().startswith(b"HTTP/1.1 400 ")


def test_cookies_of_other_programs_keep_nobody_out(own_hub: HubProcess) -> None:
    """A browser shows all cookies of this machine to each of its ports: more than one line may have."""
    cookies = "; ".join(f"program-{number}={'x' * 1_000}" for number in range(12))
    with open_line(own_hub, additional_headers={"Cookie": cookies}):
        pass


# What a browser sends of a page of another site that fetches, and of one that shows a picture.
FETCH = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"}
PICTURE = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}


@pytest.mark.parametrize("sent", [FETCH, PICTURE], ids=["fetch", "picture"])
def test_requests_of_other_sites_pages_use_nothing_up(tmp_path: Path, sent: dict[str, str]) -> None:
    with hub_with(tmp_path, "connects_per_ip_per_s = 4") as hub:
        time.sleep(1.0)
        found = {request(hub, "/health", **sent)[0] for _ in range(60)}
        assert found == {403}
        with open_line(hub):
            pass


def test_connections_of_an_address_that_ask_for_nothing(tmp_path: Path) -> None:
    def silent(hub: HubProcess, stack: ExitStack) -> list[bool]:
        """Open connections and say which of them the hub drops."""
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), timeout=0.3))
            for _ in range(5)
        ]
        dropped = []
        for plain in sockets:
            try:
                dropped.append(plain.recv(1) == b"")
            except TimeoutError:
                dropped.append(False)
            except ConnectionResetError:
                dropped.append(True)
        return dropped

    with hub_with(tmp_path, "connections_per_ip = 3") as hub:
        with ExitStack() as stack:
            assert silent(hub, stack) == [False, False, False, True, True]
        # Those that have ended, or became WebSockets, count no more.
        time.sleep(0.3)
        assert refused(hub, "connections_per_ip") == 2
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(open_line(hub))
            assert request(hub, "/health")[0] == 200
    for limits, proxies in (("connections_per_ip = 0", ""), ("connections_per_ip = 3", '"127.0.0.1"')):
        with hub_with(tmp_path, limits, f"trusted_proxies = [{proxies}]") as hub, ExitStack() as stack:
            assert silent(hub, stack) == [False] * 5


def test_more_connections_than_descriptors(tmp_path: Path) -> None:
    """Those that have one go on, nothing is written to the log for the others, and there is room again."""
    off = f'api_key = "{KEY}"\n[limits]\nconnections_per_ip = 0\nconnects_per_ip_per_s = 0\n'
    hub = HubProcess(tmp_path, off, script=NARROW_HUB)
    hub.start()
    process = psutil.Process(hub.pid)
    try:
        with open_line(hub) as line, ExitStack() as stack:
            for _ in range(600):
                plain = stack.enter_context(socket.socket())
                plain.setblocking(False)
                plain.connect_ex(("127.0.0.1", hub.port))
            eventually(lambda: process.num_fds() >= 200)
            line.ask(publish={"channel": "event:here", "data": 1})
            with pytest.raises(OSError):
                request(hub, "/health")
        eventually(lambda: process.num_fds() < 100)
        assert refused(hub, "descriptors") >= 300
        assert (tmp_path / "hub.log").read_text().splitlines() == [hub.url]
    finally:
        hub.kill()


def test_sockets_of_an_address(tmp_path: Path) -> None:
    with hub_with(tmp_path, "connections_per_ip = 3") as hub:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(open_line(hub))
            with pytest.raises(InvalidStatus, match="429"), bare_line(hub):
                pass
            assert refused(hub, "connections_per_ip") == 1
        deadline = time.monotonic() + 5
        while True:  # the hub hears of the ends a little later
            try:
                with open_line(hub):
                    break
            except InvalidStatus:
                assert time.monotonic() < deadline
    with hub_with(tmp_path, "connections_per_ip = 0") as hub, ExitStack() as stack:
        for _ in range(70):
            stack.enter_context(open_line(hub))


def addresses(limits: Limits | None = None, *proxies: str, now: Any = lambda: 0.0) -> Addresses:
    return Addresses(limits or Limits(), parse_networks(proxies), Counter(), now)


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        # Only a trusted proxy's word counts.
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What stands before the last stranger was written by that stranger.
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["nonsense, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["2001:db8:1:2:ffff::9"], "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_address_behind_proxies(peer: str, forwarded: list[str], seen: str) -> None:
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    assert addresses(None, "10.0.0.0/8").of(scope) == seen
    # Without a list nobody is believed.
    alone = addresses().of(scope)
    assert alone in (peer.removeprefix("::ffff:"), "2001:db8:1:2::/64")


def test_strangers_can_not_make_the_hub_remember_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    is_full = Bucket.is_full

    def counting(rate: Bucket, now: float) -> bool:
        nonlocal looks
        looks += 1
        return is_full(rate, now)

    monkeypatch.setattr(Bucket, "is_full", counting)
    now = [0.0]
    table = addresses(Limits(connects_per_ip_per_s=1), now=lambda: now[0])
    table.note_request("203.0.113.9")
    with pytest.raises(TooManyError):
        table.note_request("203.0.113.9")
    for number in range(3 * MAX_ADDRESSES):
        table.note_request(f"2001:db8:{number:x}::/64")
        assert len(table._requests) <= MAX_ADDRESSES
        now[0] += 0.0001
    # All of them are looked through now and then, and not for each new one.
    assert looks < 30 * MAX_ADDRESSES


def test_forwarded_addresses_count_only_from_a_trusted_proxy(tmp_path: Path) -> None:
    def three_each(hub: HubProcess) -> list[int]:
        found = []
        for number in range(60):
            found.append(request(hub, "/health", X_Forwarded_For=f"198.51.100.{number % 20}")[0])
        return found

    limits = "connects_per_ip_per_s = 10"
    with hub_with(tmp_path, limits, 'trusted_proxies = ["127.0.0.1"]') as hub:
        time.sleep(0.5)
        assert set(three_each(hub)) == {200}
    with hub_with(tmp_path, limits) as hub:
        time.sleep(0.5)
        assert 429 in three_each(hub)


def test_message_size_and_fragments(tmp_path: Path) -> None:
    with hub_with(tmp_path, "max_message_bytes = 1000\nfragments_per_message = 4") as hub:
        with bare_line(hub) as line:
            line.socket.send("x" * 1_001)
            assert code_of_close(line) == 1009
        with bare_line(hub) as line:
            # The hub may have closed before the last one is sent.
            with contextlib.suppress(ConnectionClosed):
                line.socket.send(iter(["x" * 400] * 3))
            assert code_of_close(line) == 1009
        with bare_line(hub) as line:
            # The hub may have closed before the last one is sent.
            with contextlib.suppress(ConnectionClosed):
                line.socket.send(iter(["x"] * 10))
            assert code_of_close(line) == 1008
        assert (refused(hub, "max_message_bytes"), refused(hub, "fragments_per_message")) == (2, 1)
    with (
        hub_with(tmp_path, "max_message_bytes = 0\nfragments_per_message = 0") as hub,
        open_line(hub) as line,
    ):
        pad = "x" * 2_000_000
        assert "error" not in line.ask(publish={"channel": "event:a", "data": pad})
        text = '{"id":9,"ping":{}}'
        line.socket.send(iter(text + " " * 500))
        assert line.receive() == [{"id": 9, "ping": {}}]


def test_peer_that_takes_nothing_is_dropped(tmp_path: Path) -> None:
    with hub_with(tmp_path, "send_timeout_s = 1") as hub, open_line(hub) as writer:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with open_line(hub, "bob", plain=plain, max_queue=1) as stalled:
            stalled.ask(subscribe={"channel": "event:a"})
            for _ in range(60):
                writer.ask(publish={"channel": "event:a", "data": "x" * 50_000})
            deadline = time.monotonic() + 10
            while refused(hub, "send_timeout_s") < 1:
                assert time.monotonic() < deadline
                time.sleep(0.1)


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
def test_ping_flood_is_read_slowly_and_the_hub_goes_on(tmp_path: Path, opcode: Opcode) -> None:
    with (
        hub_with(tmp_path, "commands_per_s = 50") as hub,
        open_line(hub) as other,
        open_line(hub, "bob") as bob,
    ):
        mask = Frame(opcode, b"p").serialize(mask=True)
        raw = bob.socket.socket
        raw.settimeout(0.5)
        sent = 0
        try:
            for _ in range(2_000):
                sent += raw.send(mask * 1_000)
        except TimeoutError:
            pass  # its own socket is full: the hub does not read
        assert sent < 20_000_000
        assert "rpc" in other.ask(rpc={"method": "rtwidgets.status", "data": {}})
        assert refused(hub, "commands_per_s") >= 1


def test_silent_sockets_end(tmp_path: Path) -> None:
    with hub_with(tmp_path, "connect_timeout_s = 0.5") as hub, bare_line(hub) as line:
        started = time.monotonic()
        assert code_of_close(line) == 3502
        assert 0.3 < time.monotonic() - started < 3
        assert refused(hub, "connect_timeout_s") == 1


def test_connections_of_a_user_over_sockets(tmp_path: Path) -> None:
    with hub_with(tmp_path, "connections_per_user = 1") as hub, open_line(hub, "ann"):
        with bare_line(hub) as line:
            line.socket.send(json.dumps({"id": 1, "connect": {"token": token("ann")}}))
            assert code_of_close(line) == 3504
        with open_line(hub, "bob"):
            pass
