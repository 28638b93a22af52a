"""The hub behind the real jupyter-server-proxy, also for a page that stops reading."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jwt
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from ..browser.lab import Lab
from ..client.hub_process import ROOT, SECRET, HubProcess, token
from ..server.sockets import Line, open_line

CONFIG = """allowed_origins = ["http://localhost:{port}"]
[limits]
history_bytes = 1048576
ping_interval_s = 1
pong_timeout_s = 1
"""
PUBLICATIONS, PAD = 600, "x" * 60_000


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("jupyter"), base_url="/user/ann/", app="jupyter_server")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hub(tmp_path: Path, jupyter: Lab) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, CONFIG.format(port=jupyter.port))
    process.start()
    yield process
    process.kill()


def through(jupyter: Lab, hub: HubProcess, origin: str | None = None, rcvbuf: int = 0) -> Line:
    """Open a socket as a page of the Jupyter server does."""
    plain = socket.socket()
    if rcvbuf:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    plain.settimeout(5)
    plain.connect(("127.0.0.1", jupyter.port))
    return Line(
        connect(
            f"ws://localhost:{jupyter.port}/user/ann/proxy/{hub.port}/connection/websocket",
            sock=plain,
            origin=Origin(origin or f"http://localhost:{jupyter.port}"),
            compression=None,
            max_size=None,
            max_queue=1 if rcvbuf else None,
        ).__enter__()
    )


def connections(line: Line) -> int:
    return int(line.ask(rpc={"method": "rtwidgets.status", "data": {}})["rpc"]["data"]["connections"])


def test_page_reaches_the_hub_and_pages_of_others_do_not(jupyter: Lab, hub: HubProcess) -> None:
    page = through(jupyter, hub)
    assert "connect" in page.ask(connect={"token": token()})
    page.socket.close()
    # The proxy passes Origin on, and the hub looks at it; Jupyter itself refuses others before that.
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        through(jupyter, hub, "https://evil.example").ask(connect={"token": token()})


def test_page_that_stops_reading_costs_the_hub_nothing(jupyter: Lab, hub: HubProcess) -> None:
    page, stalled = through(jupyter, hub), through(jupyter, hub, rcvbuf=32_768)
    process = psutil.Process(hub.pid)
    with open_line(hub) as writer:
        for line in (page, stalled):
            assert "connect" in line.ask(connect={"token": token()})
            assert "subscribe" in line.ask(subscribe={"channel": "event:flood"})
        assert connections(writer) == 3
        before = process.memory_info().rss
        most = before
        for number in range(PUBLICATIONS):
            assert "error" not in writer.ask(
                publish={"channel": "event:flood", "data": {"n": number, "pad": PAD}}
            )
            while sum("pub" in push for push in page.pushes) <= number:
                page.receive()
            most = max(most, process.memory_info().rss)
        # 36 MB went to each; the log keeps one.
        assert most - before < 12 * 1024 * 1024
        numbers = [push["pub"]["data"]["n"] for push in page.pushes if "pub" in push]
        assert numbers == list(range(PUBLICATIONS))
        # Only the page itself could answer a ping of the protocol: without that it is gone in seconds.
        deadline = time.monotonic() + 10
        while connections(writer) > 2:
            page.receive()  # and answers its pings
            assert time.monotonic() < deadline
    page.socket.close()
    stalled.socket.close()


def test_settings_of_jupyterhub_give_each_user_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "deploy/jupyterhub.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    sample = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert found and sample
    config, revoked = tmp_path / "hub.toml", tmp_path / "revoked"
    config.write_text(sample[1].replace("/var/lib/rtwidgets/revoked", str(revoked)))
    monkeypatch.setenv("RTWIDGETS_AUTH_HMAC_SECRET", SECRET)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    settings = SimpleNamespace(Spawner=SimpleNamespace())
    exec(found[1].replace("/etc/rtwidgets/hub.toml", str(config)), {"c": settings})
    spawner = SimpleNamespace(user=SimpleNamespace(name="ann"), environment={})
    settings.Spawner.pre_spawn_hook(spawner)
    assert spawner.environment["RTWIDGETS_HUB_URL"] == "https://lab.example.org/rtwidgets"
    claims = jwt.decode(spawner.environment["RTWIDGETS_HUB_TOKEN"], SECRET, algorithms=["HS256"])
    assert claims["sub"] == "ann" and "publish" in claims["caps"]["stream:*"]
    subprocess.run(["rtwidgets-hub", "revoke", "--config", str(config), "--user", "ann"], check=True)
    assert '"ann"' in revoked.read_text()
