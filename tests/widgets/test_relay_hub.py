"""The relay against a real hub: the test is the page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite
from rtwidgets.widgets.relay_driver import RelayDriver
from rtwidgets.widgets.scope import SEE, Scope
from tests.client.hub_process import HubProcess, token

Line = dict[str, Any]


class Page:
    """A page that speaks the comm messages, and the protocol over them."""

    def __init__(self, hub: Hub) -> None:
        self.events: list[dict[str, Any]] = []
        self.lines: list[Line] = []
        self.sent_at: list[float] = []
        self.acks = True
        self._lock = threading.Lock()
        self.scope = Scope()
        self.scope.add({"stream:px": SEE})
        self.driver = RelayDriver(hub, self.scope, self._receive, lambda: None)

    def _receive(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            self.sent_at.append(time.monotonic())
            for event in content["events"]:
                self.events.append(event)
                if event["type"] == "frames":
                    lines = buffers[event["buffer"]].decode().split("\n")
                    self.lines += [json.loads(line) for line in lines if line.strip()]
        if self.acks:
            self.say("ack", seq=content["seq"])

    def say(self, kind: str, **fields: object) -> None:
        self.driver.receive({"type": kind, "page": "p", **fields})

    def command(self, **fields: object) -> None:
        self.say("frame", conn="1", data=json.dumps(fields))

    def wait(self, what: Callable[[], Any], timeout_s: float = 10.0) -> Any:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            with self._lock:
                found = what()
            if found:
                return found
            time.sleep(0.005)
        raise AssertionError(
            f"did not come in {timeout_s} s; events {self.events[-3:]}, lines {self.lines[-3:]}"
        )

    def event(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(lambda: next((e for e in self.events if e["type"] == kind), None))
        return found

    def reply(self, number: int) -> Line:
        found: Line = self.wait(lambda: next((x for x in self.lines if x.get("id") == number), None))
        return found

    def rows(self) -> list[int]:
        pushes = [line["push"]["pub"]["data"] for line in self.lines if "pub" in line.get("push", {})]
        return [n for data in pushes for n in data["n"]]

    def connect(self) -> Line:
        """Say hello, open a connection and connect with the token that came."""
        self.say("hello", origin="http://localhost:8888", base="/")
        config = self.event("config")
        self.say("open", conn="1")
        self.event("opened")
        self.command(id=1, connect={"token": config["token"], "name": "test"})
        return self.reply(1)


@pytest.fixture
def hub_process(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path)
    process.start()
    yield process
    process.kill()


@pytest.fixture
def hub(hub_process: HubProcess) -> Iterator[Hub]:
    site = FixedSite(parse_address(hub_process.url), token())
    made = Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES)
    yield made
    made.close(timeout_s=1)


@pytest.fixture
def page(hub: Hub) -> Iterator[Page]:
    made = Page(hub)
    yield made
    made.driver.close()


def test_a_page_connects_through_the_kernel_with_the_token_it_was_given(page: Page, hub: Hub) -> None:
    reply = page.connect()
    assert reply["connect"]["data"]["rtwidgets"]["hub"] == hub.hub_id
    config = page.event("config")
    assert config["port"] == hub.port
    assert config["expires_at_ms"] > time.time() * 1_000


def test_every_row_reaches_the_page_once_in_few_messages(page: Page, hub: Hub) -> None:
    page.connect()
    page.command(id=2, subscribe={"channel": "stream:px"})
    page.reply(2)
    before = len(page.sent_at)
    stream = hub.stream("px")
    start = time.monotonic()
    for n in range(1_000):
        stream.append(n=n)
        time.sleep(0.001)
    page.wait(lambda: len(page.rows()) == 1_000)
    assert page.rows() == list(range(1_000))
    took_s = time.monotonic() - start
    assert len(page.sent_at) - before <= took_s * 30 + 2


def test_a_page_that_does_not_acknowledge_gets_no_more_and_then_all(page: Page, hub: Hub) -> None:
    page.connect()
    page.command(id=2, subscribe={"channel": "stream:px"})
    page.reply(2)
    page.acks = False
    stream = hub.stream("px")
    blob = "x" * 30_000
    total = 400  # 12 MB, half as much again as the page's credit
    for n in range(total):
        stream.append(n=n, blob=blob)
        if n % 50 == 49:
            hub.flush()
    page.wait(lambda: len(page.rows()) > 200)
    time.sleep(0.5)
    stopped_at = len(page.rows())
    assert stopped_at < total
    page.acks = True
    page.say("ack", seq=10**9)
    page.wait(lambda: len(page.rows()) == total, timeout_s=20)
    assert page.rows() == list(range(total))


def test_a_hub_that_dies_closes_the_pages_connection(page: Page, hub_process: HubProcess) -> None:
    page.connect()
    hub_process.kill()
    closed = page.event("closed")
    assert closed["conn"] == "1"
    assert closed["code"] != 1000


def test_a_hub_that_comes_back_is_told_to_the_page_with_a_token_of_its_own(
    page: Page, hub: Hub, hub_process: HubProcess
) -> None:
    page.connect()
    old_id = hub.hub_id
    hub_process.kill()
    page.event("closed")
    hub_process.start()
    config = page.wait(
        lambda: next((e for e in page.events if e["type"] == "config" and e["hub_id"] != old_id), None), 20
    )
    page.say("open", conn="2")
    page.wait(lambda: [e for e in page.events if e["type"] == "opened" and e["conn"] == "2"])
    page.say("frame", conn="2", data=json.dumps({"id": 9, "connect": {"token": config["token"]}}))
    assert "connect" in page.reply(9)
