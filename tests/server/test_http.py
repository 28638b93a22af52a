"""What requests may have in them, with plain sockets."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Iterator

import h11
import pytest

from rtwidgets.core import Limits
from rtwidgets.server.addresses import TooManyError
from rtwidgets.server.heads import Heads
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET, HubProcess
from .attacks import handshake
from .inner_hub import InnerHub
from .test_limits import addresses, hub_with, refused

CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 40_000


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that tells this address what it refused, whatever that has cost it."""
    with hub_with(tmp_path_factory.mktemp("hub"), "connects_per_ip_per_s = 1000") as hub:
        yield hub


def answers(hub: HubProcess, request: bytes) -> bytes:
    """Send something after a Host header, for the hub to read in one go, and return all that is answered."""
    got = b""
    address = ("127.0.0.1", hub.port)
    with (
        socket.create_connection(address, timeout=5) as raw,
        contextlib.suppress(ConnectionResetError, BrokenPipeError),
    ):
        os.kill(hub.pid, signal.SIGSTOP)
        raw.sendall(b"POST /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % hub.port + request)
        os.kill(hub.pid, signal.SIGCONT)
        while part := raw.recv(65_536):
            got += part
    return got


@pytest.mark.parametrize(
    ("request_", "status", "limit"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", b"411 Length Required", "chunked_bodies"),
        # Of the body nothing is needed to say so.
        (b"Content-Length: 1000000000\r\n\r\n", b"413 ", "max_message_bytes"),
    ],
    ids=["chunked", "large"],
)
def test_bodies_that_are_not_read(own_hub: HubProcess, request_: bytes, status: bytes, limit: str) -> None:
    got = answers(own_hub, request_ + b"GET /health HTTP/1.1\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 " + status) and got.count(b"HTTP/1.1") == 1
    assert b"\r\nconnection: close\r\n" in got.lower() and b"nosniff" in got
    assert refused(own_hub, limit) == 1


def test_nothing_of_a_chunked_body_is_parsed() -> None:
    heads = Heads(max_body_bytes=0)
    heads.receive_data(b"POST /health HTTP/1.1\r\nHost: evil\r\n" + CHUNKS)
    assert heads.next_event() is heads.next_event() is h11.PAUSED
    assert heads.trailing_data[0] == CHUNKS.partition(b"\r\n\r\n")[2]


def test_chunked_bodies_count_as_many_requests() -> None:
    counted = addresses()
    for _ in range(9):
        counted.note_refused_body("max_message_bytes", "198.51.100.1")
    counted.note_request("198.51.100.1")
    for _ in range(9):
        counted.note_refused_body("chunked_bodies", "198.51.100.1")
    with pytest.raises(TooManyError):
        counted.note_request("198.51.100.1")


@pytest.mark.parametrize(("size", "status"), [(15_000, b"405"), (33_000, b"400")])
def test_head_that_is_whole_is_bounded_too(own_hub: HubProcess, size: int, status: bytes) -> None:
    """Reading one takes as long as it has headers, and it may have come in one piece."""
    got = answers(own_hub, b"Connection: close\r\n" + b"a: b\r\n" * (size // 6) + b"\r\n")
    assert got.startswith(b"HTTP/1.1 " + status) or (status == b"400" and not got)


def test_upgrades_that_are_no_handshake_count_as_requests() -> None:
    limits = Limits(connects_per_ip_per_s=5)
    hub = InnerHub(Settings(auth=AuthSection(hmac_secret=SECRET), limits=limits))
    without_key = re.sub(rb"Sec-WebSocket-Key: .*?\r\n", b"", handshake(hub.port))
    answers = []
    try:
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", hub.port), timeout=5) as raw:
                raw.sendall(without_key)
                with contextlib.suppress(ConnectionResetError):
                    answers.append(raw.recv(4_096).split(b"\r\n")[0])
        assert answers[0] == b"HTTP/1.1 400 Bad Request"
        assert hub.app.hub.refused["connects_per_ip_per_s"] > 20
    finally:
        hub.close()
