"""TLS with a certificate authority of our own, spoken by the hub itself. nginx before it: `deploy/`."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from ..client.hub_process import SECRET, environment, token
from ..deploy.front import Certificates
from .sockets import Line

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
