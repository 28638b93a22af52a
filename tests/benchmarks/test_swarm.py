"""The load generator against a server that says what it likes."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Iterator

import pytest

from benchmarks.dialects import Plain
from benchmarks.frames import HandshakeError, connect, frame
from benchmarks.payload import STAMP, stamp, template
from benchmarks.swarm import Swarm


class Scripted:
    """Accept connections, shake hands, answer "ok" to whatever comes first."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # parts of a message arrive as parts
            head = b""
            while b"\r\n\r\n" not in head:
                head += sock.recv(4096)
            key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            sock.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            sock.recv(4096)
            self.accepted.append(sock)
            sock.sendall(b"\x81\x02ok")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self.accepted:
            sock.close()
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture
def swarm(server: Scripted) -> Iterator[Swarm]:
    generator = Swarm(server.port, Plain())
    generator.subscribe(["a"], sampled=True)
    generator.sampling = True
    yield generator
    generator.close()


def turn_until(swarm: Swarm, received: int) -> None:
    for _ in range(200):
        if swarm.received >= received:
            return
        swarm.turn(0.01)


@pytest.mark.parametrize("cut", range(120, 140))
def test_marker_cut_by_a_read_is_counted_once(server: Scripted, swarm: Swarm, cut: int) -> None:
    data = template(128).replace(STAMP, stamp()) * 3
    server.accepted[1].sendall(data[:cut])
    turn_until(swarm, 1)
    server.accepted[1].sendall(data[cut:])
    turn_until(swarm, 3)
    assert swarm.received == 3


def test_sampled_connection_reads_times(server: Scripted, swarm: Swarm) -> None:
    server.accepted[1].sendall(template(64).replace(STAMP, stamp()))
    turn_until(swarm, 1)
    assert len(swarm.latencies_us) == 1
    assert 0 <= swarm.latencies_us[0] < 5_000_000


def test_connection_that_the_server_closed_is_noted(server: Scripted, swarm: Swarm) -> None:
    server.accepted[1].close()
    for _ in range(20):
        swarm.turn(0.01)
    assert [reader.closed for reader in swarm.readers] == [True]


def test_server_that_refuses_the_handshake_is_quoted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            sock, _ = listener.accept()
            sock.recv(4096)
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            sock.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(HandshakeError, match="403 Forbidden"):
            connect(listener.getsockname()[1], "/")
        thread.join(5)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frame_says_its_length(size: int) -> None:
    from websockets.frames import Frame
    from websockets.streams import StreamReader

    reader = StreamReader()
    reader.feed_data(frame(b"x" * size))
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as stop:
        next(parsing)
    assert stop.value.value.data == b"x" * size
