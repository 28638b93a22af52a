from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from rtwidgets.server import endpoint
from rtwidgets.server.gate import refuse

from ..client.hub_process import HubProcess
from .inner_hub import InnerHub
from .sockets import bare_line, open_line

SOCKETS = 60


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, "[limits]\nconnections_per_ip = 0")
    process.start()
    yield process
    process.kill()


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_clients_are_told_to_come_back_spread_over_the_window(hub: HubProcess) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(open_line(hub)) for _ in range(SOCKETS)]
        hub.terminate()
        left, first, codes = lines, 0.0, []
        while left:
            still = []
            for line in left:
                try:
                    line.socket.recv(0.001)
                except TimeoutError:
                    still.append(line)
                except ConnectionClosed as closed:
                    first = first or time.monotonic()
                    assert closed.rcvd is not None
                    codes.append(closed.rcvd.code)
            left = still
        assert codes == [3001] * SOCKETS
        # A hundred a second at most, so that they do not come back as one crowd.
        assert time.monotonic() - first > SOCKETS / 100 * 0.5
    hub.wait()


def test_hub_that_goes_down_takes_nobody_in(hub: HubProcess) -> None:
    assert status_of(f"{hub.url}/ready") == 200
    with ExitStack() as stack:
        for _ in range(SOCKETS):
            stack.enter_context(open_line(hub))
        hub.terminate()
        while (status := status_of(f"{hub.url}/ready")) == 200:
            time.sleep(0.05)  # many requests a second would be refused
        assert status == 503
        with pytest.raises(InvalidStatus) as refused, bare_line(hub):
            pass
        assert refused.value.response.status_code == 503
    hub.wait()


def test_who_is_read_slowly_is_sent_away_as_soon_as_others(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, "[limits]\npublishes_per_s = 10")
    hub.start()
    try:
        with open_line(hub) as line:
            request = {"publish": {"channel": "event:much", "data": 1}}
            for number in range(100):
                line.socket.send(json.dumps({"id": 100 + number, **request}))
            acknowledged = 0
            while acknowledged < 12:  # more than it may do at once
                acknowledged += sum("publish" in message for message in line.receive())
            hub.terminate()
            told_at = time.monotonic()
            with pytest.raises(ConnectionClosed, match="3001"):
                while True:
                    line.receive()
            assert time.monotonic() - told_at < 2
        hub.wait()
    finally:
        hub.kill()


def test_socket_in_its_handshake_when_the_hub_ends_hears_that_it_goes_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = threading.Event()

    async def late(*arguments: Any) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        await refuse(*arguments)

    monkeypatch.setattr(endpoint, "refuse", late)
    hub = InnerHub()
    hub.app.drain.is_on = True
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(connect, hub.url)
        assert begun.wait(5)
        hub.close()
        with pytest.raises(InvalidStatus, match="503"):
            opened.result()


def test_what_was_sent_before_is_acknowledged_and_delivered(hub: HubProcess) -> None:
    with open_line(hub) as reader, open_line(hub) as writer:
        reader.ask(subscribe={"channel": "event:last"})
        request = {"publish": {"channel": "event:last", "data": 1}}
        count = 200
        writer.socket.send("\n".join(json.dumps({"id": 100 + n, **request}) for n in range(count)))
        hub.terminate()
        acknowledged, seen = 0, 0
        for line, sought in ((writer, "publish"), (reader, "push")):
            try:
                while True:
                    found = sum(sought in message for message in line.receive())
                    acknowledged += found if line is writer else 0
                    seen += found if line is reader else 0
            except ConnectionClosed as closed:
                assert closed.rcvd is not None and closed.rcvd.code == 3001
        assert acknowledged == seen == count
    hub.wait()
