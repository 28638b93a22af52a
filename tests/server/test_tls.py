"""TLS with a certificate authority of our own, spoken by the hub itself. nginx before it: `deploy/`."""

from __future__ import annotations

import http.client
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from rtwidgets.core import Limits
from rtwidgets.server.certificate import Certificate
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.conftest import eventually
from ..client.hub_process import SECRET, environment, token
from ..deploy.front import Certificates
from .inner_hub import InnerHub
from .sockets import Line
from .test_limits import addresses

CLIENT = """
import sys, time
import rtwidgets as rt
hub = rt.connect(sys.argv[1], token=sys.argv[2])
feed = hub.value("secured")
feed.set(41)
while feed.get() != 41:
    time.sleep(0.01)
print("seen")
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def serve(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rtwidgets.server", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(RTWIDGETS_AUTH_HMAC_SECRET=SECRET, **variables),
    )


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[int]:
    """Run a hub and give its port."""
    process = serve(*arguments, **variables)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.fullmatch(r"rtwidgets hub at https?://127\.0\.0\.1:(\d+)\n", said)
        assert found, said + process.stdout.read()
        yield int(found[1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def run_client(url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CLIENT, url, token()]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=30, check=False
    )


def test_hub_speaks_tls(certificates: Certificates) -> None:
    with serving("--ssl-certfile", str(certificates.chain), "--ssl-keyfile", str(certificates.key)) as port:
        url = f"https://localhost:{port}"
        done = run_client(url, SSL_CERT_FILE=str(certificates.ca))
        assert done.stdout == "seen\n", done.stderr
        # The same without the CA: no word to who can't prove who they are.
        stranger = run_client(url)
        assert stranger.returncode == 1
        assert "set SSL_CERT_FILE" in stranger.stderr.splitlines()[-1]
        # Its own origin is the secure one.
        trusting = certificates.trusting()
        path = f"wss://localhost:{port}/connection/websocket"
        with connect(path, ssl=trusting, origin=Origin(f"https://localhost:{port}")) as own:
            assert "connect" in Line(own).ask(connect={"token": token()})
        insecure = Origin(f"http://localhost:{port}")
        with pytest.raises(InvalidStatus), connect(path, ssl=trusting, origin=insecure):
            pass


def test_large_frames_and_stalled_readers_over_tls(certificates: Certificates) -> None:
    with serving(
        *("--ssl-certfile", str(certificates.chain), "--ssl-keyfile", str(certificates.key)),
        RTWIDGETS_LIMITS_SEND_TIMEOUT_S="1",
    ) as port:
        trusting = certificates.trusting()
        url = f"wss://localhost:{port}/connection/websocket"

        def open_line() -> Line:
            line = Line(connect(url, ssl=trusting, compression=None, max_size=None, max_queue=1).__enter__())
            assert "connect" in line.ask(connect={"token": token()})
            line.ask(subscribe={"channel": "event:tls"})
            return line

        reader, stalled = open_line(), open_line()
        sent = 300
        for number in range(sent):
            assert "error" not in reader.ask(
                publish={"channel": "event:tls", "data": {"n": number, "pad": "x" * 60_000}}
            )
        numbers = [push["pub"]["data"]["n"] for push in reader.pushes if "pub" in push]
        while len(numbers) < sent:
            numbers += [
                message["push"]["pub"]["data"]["n"]
                for message in reader.receive()
                if "pub" in message["push"]
            ]
        assert numbers == list(range(sent))
        # Who reads nothing is dropped when its time is over.
        deadline = time.monotonic() + 10
        while reader.ask(rpc={"method": "rtwidgets.status", "data": {}})["rpc"]["data"]["connections"] > 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        reader.socket.close()
        stalled.socket.close()


def test_connections_count_before_their_handshake_and_have_a_time_for_it(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtwidgets.server.tls.REQUEST_TIMEOUT_S", 1.0)
    hub = inner_hub(certificates, Limits(connections_per_ip=3))
    try:
        with ExitStack() as stack:
            silent = [stack.enter_context(knock(hub.port)) for _ in range(5)]
            # Those beyond the limit at once, the others when their time is over.
            assert [is_dropped(plain) for plain in silent[3:]] == [True] * 2
            assert select.select(silent[:3], [], [], 0)[0] == []
            assert hub.app.hub.refused["connections_per_ip"] == 2
            assert health(hub, certificates, "127.0.0.2") == 200
            for plain in silent[:3]:
                plain.settimeout(5)
                assert is_dropped(plain)
        assert health(hub, certificates, "127.0.0.1") == 200
        # Nor does one count any more that is no TLS, or goes away in the middle of it.
        for hello in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b""):
            with knock(hub.port) as plain:
                plain.sendall(hello)
        deadline = time.monotonic() + 5
        while True:  # the hub hears of the ends a little later
            with ExitStack() as stack:
                if not any(is_dropped(stack.enter_context(knock(hub.port))) for _ in range(3)):
                    break
            assert time.monotonic() < deadline
    finally:
        hub.close()


def test_handshakes_of_an_address_are_bounded(certificates: Certificates) -> None:
    hub = inner_hub(certificates, Limits(connects_per_ip_per_s=1))
    refused = hub.app.hub.refused
    try:
        with ExitStack() as stack:
            silent = [stack.enter_context(knock(hub.port)) for _ in range(20)]
            eventually(lambda: refused["connects_per_ip_per_s"] >= 15)
            eventually(
                lambda: len(select.select(silent, [], [], 0)[0]) == refused["connects_per_ip_per_s"],
            )
            assert health(hub, certificates, "127.0.0.2") == 200
    finally:
        hub.close()


def test_handshakes_take_nothing_from_requests_and_a_proxys_do_not_count() -> None:
    clock = [0.0]
    counted = addresses(Limits(connects_per_ip_per_s=2), "10.0.0.1", now=lambda: clock[0])
    peers = ("198.51.100.1", "2001:db8::1", "2001:db8::2")
    assert [counted.note_handshake(peer) for peer in peers * 2] == [True, True, True, True, False, False]
    for _ in range(2):
        counted.note_request("198.51.100.1")
    clock[0] = 1.0
    assert counted.note_handshake("2001:db8::3")
    assert all(counted.note_handshake("10.0.0.1") for _ in range(10))


def inner_hub(certificates: Certificates, limits: Limits) -> InnerHub:
    files = HubSection(ssl_certfile=str(certificates.chain), ssl_keyfile=str(certificates.key))
    settings = Settings(hub=files, auth=AuthSection(hmac_secret=SECRET), limits=limits)
    return InnerHub(settings, tls=Certificate(files))


def health(hub: InnerHub, certificates: Certificates, source: str) -> int:
    client = http.client.HTTPSConnection(
        "localhost", hub.port, timeout=5, context=certificates.trusting(), source_address=(source, 0)
    )
    client.request("GET", "/health")
    status = client.getresponse().status
    client.close()
    return status


def knock(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=0.3)


def is_dropped(plain: socket.socket) -> bool:
    try:
        return plain.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    ("chain", "key", "said"),
    [
        ("{directory}/none.pem", "", "No such file"),
        ("{certificates.ca}", "", "can't be used"),
        ("{certificates.chain}", "{certificates.ca}", "can't be used"),
        ("", "{certificates.key}", "ssl_certfile is not"),
    ],
)
def test_unusable_certificates_are_named(
    certificates: Certificates, tmp_path: Path, chain: str, key: str, said: str
) -> None:
    chain, key = (text.format(directory=tmp_path, certificates=certificates) for text in (chain, key))
    process = serve("--ssl-certfile", chain, "--ssl-keyfile", key)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said in output and "Traceback" not in output
