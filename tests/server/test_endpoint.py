from __future__ import annotations

import json
import socket
import struct
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from rtwidgets.server.frame_parser import Control, FrameParser

from ..client.hub_process import HubProcess, token
from .attacks import handshake
from .inner_hub import InnerHub
from .sockets import Line, bare_line, open_line


def close_code(line: Line) -> int:
    with pytest.raises(ConnectionClosed) as error:
        while True:
            line.socket.recv(20)
    assert error.value.rcvd is not None
    return error.value.rcvd.code


def test_publication_goes_from_socket_to_socket(hub: HubProcess) -> None:
    with open_line(hub) as reader, open_line(hub, "bob") as writer:
        reader.ask(subscribe={"channel": "event:a"})
        writer.ask(publish={"channel": "event:a", "data": {"x": 1}})
        while not (found := [push["pub"] for push in reader.pushes if "pub" in push]):
            reader.receive()
        assert found[0]["data"] == {"x": 1}
        assert found[0]["info"]["user"] == "bob"


def test_refused_token_closes_with_3500(hub: HubProcess) -> None:
    with bare_line(hub) as line:
        line.socket.send(json.dumps({"id": 1, "connect": {"token": "nonsense"}}))
        assert close_code(line) == 3500


def test_anonymous_is_off_by_default(hub: HubProcess) -> None:
    with bare_line(hub) as line:
        line.socket.send(json.dumps({"id": 1, "connect": {}}))
        assert close_code(line) == 3500


def test_noise_closes_with_3501_and_the_hub_goes_on(hub: HubProcess) -> None:
    for noise in ("nonsense", "[" * 50_000, '{"id":1,"rpc":'):
        with bare_line(hub) as line:
            line.socket.send(noise)
            assert close_code(line) == 3501
    with bare_line(hub) as line:
        line.socket.send(b"\xff\xfe")
        assert close_code(line) == 3501
    with open_line(hub) as line:
        assert "error" not in line.ask(ping={})


def test_frame_over_the_limit_closes_with_1009(hub: HubProcess) -> None:
    with open_line(hub) as line:
        line.socket.send(json.dumps({"id": 9, "publish": {"channel": "a", "data": "x" * 70_000}}))
        assert close_code(line) == 1009


def test_protobuf_is_refused_with_a_reason(hub: HubProcess) -> None:
    protobuf = bare_line(hub, subprotocols=[Subprotocol("centrifuge-protobuf")])
    with pytest.raises(InvalidStatus) as error, protobuf:
        pass
    assert error.value.response.status_code == 400
    assert b"JSON encoding only" in error.value.response.body


def test_connections_of_one_address_are_limited_and_freed(hub: HubProcess) -> None:
    with ExitStack() as lines, pytest.raises(InvalidStatus) as error:
        for _ in range(60):
            lines.enter_context(bare_line(hub))
    assert error.value.response.status_code == 429
    deadline = time.monotonic() + 5
    while True:
        try:
            with open_line(hub):
                return
        except InvalidStatus:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_comes_behind_a_close_frame_is_read_now_and_then(own_hub: HubProcess) -> None:
    """A peer that is sent away and goes on sending may do so, for next to no work; it hears why, too."""
    with socket.create_connection(("127.0.0.1", own_hub.port), timeout=10) as plain:
        plain.sendall(handshake(own_hub.port))
        assert b" 101 " in plain.recv(4096)
        plain.setblocking(False)
        sent, until = 0, time.monotonic() + 1.5
        while time.monotonic() < until:
            try:
                sent += plain.send(b"\xff" * 65_536)
            except BlockingIOError:
                time.sleep(0.01)
        assert 500_000 < sent < 32_000_000
        plain.settimeout(10)
        head, *_, reason = plain.recv(4096).partition(b"\x03\xea")  # 1002
        assert head[:1] == b"\x88" and reason.startswith(b"reserved bits")


def test_reader_that_stalls_costs_little_and_hears_of_what_it_missed(hub: HubProcess) -> None:
    process = psutil.Process(hub.pid)
    with open_line(hub, max_queue=1) as stalled, open_line(hub) as writer:
        stalled.ask(subscribe={"channel": "stream:big"})
        before = process.memory_info().rss
        row = json.dumps({"x": ["y" * 20_000]})
        for _ in range(1500):
            writer.ask(publish={"channel": "stream:big", "data": json.loads(row)})
        # 30 MB went by; the channel's log keeps 8 MiB of it and nothing is kept for the reader.
        assert process.memory_info().rss - before < 24 * 1024 * 1024
        seen = []
        while not any("unsubscribe" in push for push in stalled.pushes):
            stalled.receive()
        seen = [push["pub"]["offset"] for push in stalled.pushes if "pub" in push]
        assert seen == list(range(1, len(seen) + 1))
        assert [push["unsubscribe"]["code"] for push in stalled.pushes if "unsubscribe" in push] == [2500]


def test_http_api_publishes_for_who_has_the_key(hub: HubProcess) -> None:
    def post(body: bytes, key: str | None) -> tuple[int, object]:
        headers = {} if key is None else {"X-API-Key": key}
        request = urllib.request.Request(f"{hub.url}/api/publish", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    body = json.dumps({"channel": "event:api", "data": 5}).encode()
    assert post(body, None)[0] == 401
    assert post(body, "another")[0] == 401
    status, result = post(body, "the api key")
    assert status == 200 and isinstance(result, dict) and result["result"]["offset"] == 1
    for bad in (
        b"",
        b"{}",
        b'{"channel":"event:a","data":"\xff"}',
        b'{"channel":"a b","data":1}',
        b'{"channel":"nowhere:a","data":1}',
        b"[" * 9999,
    ):
        status, result = post(bad, "the api key")
        assert status == 400 and isinstance(result, dict) and result["error"]
    assert post(b"x" * 70_000, "the api key")[0] == 413
    deep = b'{"channel":"event:a","data":%s}' % (b"[" * 90 + b"]" * 90)
    status, result = post(deep, "the api key")
    assert status == 400 and "json_depth" in str(result)
    request = urllib.request.Request(f"{hub.url}/metrics", headers={"X-API-Key": "the api key"})
    with urllib.request.urlopen(request, timeout=5) as response:
        assert b'rtwidgets_refused_total{limit="json_depth"} 1' in response.read()
    # On the wire a line break would end the message that it is in.
    assert post(b'{"channel":"value:api","data":[1,\n{}\n,2]}', "the api key")[0] == 200
    with open_line(hub) as line:
        assert line.ask(subscribe={"channel": "value:api"})["subscribe"]["data"]["value"] == [1, {}, 2]


def test_user_channel_is_subscribed_at_connect(hub: HubProcess) -> None:
    with bare_line(hub) as line:
        assert "#ann" in line.ask(connect={"token": token()})["connect"]["subs"]


def test_endless_fragments_end_the_connection(own_hub: HubProcess) -> None:
    with bare_line(own_hub) as line:
        with pytest.raises(ConnectionClosed) as error:
            line.socket.send("" for _ in range(1000))
            line.socket.recv(5)
        assert error.value.rcvd is not None and error.value.rcvd.code == 1008


def test_large_message_in_small_pieces_costs_no_more_than_its_size(own_hub: HubProcess) -> None:
    with open_line(own_hub) as line:
        line.ask(subscribe={"channel": "event:pieces"})
        text = json.dumps({"id": 50, "publish": {"channel": "event:pieces", "data": "x" * 60_000}})
        line.socket.send(text[start : start + 1_000] for start in range(0, len(text), 1_000))
        while not any("pub" in push for push in line.pushes):
            line.receive()


@pytest.mark.slow
def test_connection_that_says_nothing_is_dropped(own_hub: HubProcess) -> None:
    head = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{own_hub.port}\r\n"
    for whole, start in ((False, ""), (False, head), (True, head)):
        with socket.create_connection(("127.0.0.1", own_hub.port), timeout=20) as silent:
            if whole:
                silent.sendall(f"{head}\r\n".encode())
                while b"}" not in silent.recv(1_000):
                    pass
            silent.sendall(start.encode())
            with suppress(ConnectionResetError):
                assert silent.recv(100) == b""
    with open_line(own_hub) as line:
        time.sleep(11)
        assert "error" not in line.ask(ping={})


def test_a_periodic_task_that_fails_does_not_end_the_others(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub = inner_hub.app.hub

    def fail(now: float) -> None:
        raise ZeroDivisionError

    called: list[float] = []
    inner_hub.call(lambda: hub.timers.at(0.0, fail))
    inner_hub.call(lambda: hub.timers.at(inner_hub.app.now() + 0.3, called.append))
    deadline = time.monotonic() + 5
    while not called:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "a periodic task failed" in caplog.text


def test_what_a_closed_peer_goes_on_sending_is_not_read(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    feed = FrameParser.feed

    def counting(parser: FrameParser, data: bytes) -> tuple[list[bytes], list[Control]]:
        nonlocal read
        messages, controls = feed(parser, data)
        read += len(messages) + len(controls)
        return messages, controls

    monkeypatch.setattr(FrameParser, "feed", counting)
    pongs = Frame(Opcode.PONG, b"").serialize(mask=True) * 10_000
    with socket.create_connection(("127.0.0.1", inner_hub.port)) as raw:
        raw.sendall(handshake(inner_hub.port))
        assert b" 101 " in raw.recv(4096)
        raw.sendall(Frame(Opcode.TEXT, b"no JSON").serialize(mask=True))
        time.sleep(0.2)
        for _ in range(30):
            raw.sendall(pongs)
        # The first piece that came with or behind the close frame counts.
        time.sleep(2.0)
    assert read < 100_000


def test_pings_that_come_together_have_one_answer(inner_hub: InnerHub) -> None:
    with socket.create_connection(("127.0.0.1", inner_hub.port), timeout=5) as raw:
        raw.sendall(handshake(inner_hub.port))
        assert b" 101 " in raw.recv(4096)
        for last in (b"c", b"d"):
            frames = [Frame(Opcode.PING, text) for text in (b"a", b"b", last)]
            raw.sendall(b"".join(frame.serialize(mask=True) for frame in (*frames, Frame(Opcode.PONG, b""))))
            assert raw.recv(4096) == b"\x8a\x01" + last
        raw.sendall(b"".join(Frame(code, b"").serialize(mask=True) for code in (Opcode.PING, Opcode.CLOSE)))
        answers = b""
        while piece := raw.recv(4096):
            answers += piece
        assert answers == b"\x8a\x00\x88\x00"


def test_pings_of_a_peer_that_is_gone_fill_no_log(
    inner_hub: InnerHub, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", inner_hub.port)) as raw:
            raw.sendall(handshake(inner_hub.port))
            assert b" 101 " in raw.recv(4096)
            # Closing resets the connection.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.sendall(Frame(Opcode.PING, b"").serialize(mask=True) * 20_000)
    deadline = time.monotonic() + 5
    while inner_hub.app.hub.connections:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(caplog.records) < 10


def test_body_that_does_not_come_is_not_waited_for(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtwidgets.server.api.BODY_TIMEOUT_S", 0.2)
    with socket.create_connection(("127.0.0.1", inner_hub.port), timeout=5) as raw:
        head = f"POST /api/join HTTP/1.1\r\nHost: 127.0.0.1:{inner_hub.port}\r\nContent-Length: 9\r\n\r\n"
        raw.sendall(head.encode() + b"{")
        answer = b""
        while more := raw.recv(4096):
            answer += more
    assert b" 408 " in answer and b"did not come" in answer
