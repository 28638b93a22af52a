"""Peers that are not there for a while, or for good, and say nothing of it.

`LONG=1` does ten times the rounds, side by side.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..archive.crowd import LAST, Reader, Writer, hub_of
from ..server.worker_processes import wait_for
from .hub_process import ROOT, HubProcess, Proxy, environment

PEERS = 50 if os.environ.get("LONG") == "1" else 5
# Until then a peer that is gone is nothing to the hub any more, and a stopped one is no member.
FREED_S = 30.0
GONE_S = 20.0
ASLEEP_S = 60.0

CONFIG = """
[namespaces.chat]
kind = "chat"
history_size = 20000
history_ttl_s = 3600
presence = true
recover = true
[namespaces.brief]
kind = "event"
history_size = 10
recover = true
[limits]
connections_per_ip = 0
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, CONFIG)
    process.start()
    yield process
    process.kill()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_peers_that_vanish_are_freed_and_their_clients_recover(hub: HubProcess) -> None:
    proxy = Proxy(hub.port)
    readers = [Reader(proxy, f"reader{n}") for n in range(PEERS)]
    wait_for("all have subscribed", lambda: all(reader.back_at for reader in readers))
    writer = Writer(hub, "writer", 20)
    try:
        wait_for("the writer has a socket, too", lambda: writer.said and writer.hub.flush(1))
        before = descriptors(hub.pid)
        vanished_at = time.monotonic()
        proxy.vanish()
        # New connections go through: each client has noticed by itself.
        wait_for("all are back", lambda: all(r.back_at > vanished_at for r in readers), FREED_S)
        left_s = vanished_at + FREED_S - time.monotonic()
        wait_for("the old sockets are gone", lambda: descriptors(hub.pid) <= before, left_s)
        writer.stop()
        assert writer.hub.flush(10) and not writer.faults
        for reader in readers:
            wait_for("all is seen", lambda: len(reader.seen) >= len(writer.said))  # noqa: B023
            assert list(reader.seen) == writer.said
            assert not reader.repeats and not reader.gaps and not reader.notices
    finally:
        writer.stop()
        for client in (writer.hub, *(reader.hub for reader in readers)):
            client.close(timeout_s=1)
        proxy.close()


class Sleeper:
    """A client in a process of its own, and when it is stopped and continued.

    Args:
        pauses: Seconds of each stop, and of being awake after it.
    """

    def __init__(self, hub: HubProcess, name: str, pauses: list[tuple[float, float]]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/client/sleeper_process.py"), hub.url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._pauses = pauses

    def steps(self, start: float) -> Iterator[tuple[float, int, Sleeper]]:
        """Yield when to send it which signal."""
        for stopped_s, awake_s in self._pauses:
            yield start, signal.SIGSTOP, self
            yield start + stopped_s, signal.SIGCONT, self
            start += stopped_s + awake_s

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def tell(self, what: object = "") -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """Return its next report."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def lid(seed: int) -> list[tuple[float, float]]:
    """Return short and long stops in some order, as of a laptop that is opened and closed."""
    draw = random.Random(seed)
    stops = [0.1, 0.5, 2.0, 8.0, 12.0, 25.0]
    draw.shuffle(stops)
    return [(stop, draw.choice([0.1, 0.5, 2.0])) for stop in stops]


@pytest.mark.slow
@pytest.mark.timeout(60 + 120)
def test_clients_that_sleep_recover_or_are_told(hub: HubProcess) -> None:
    asleep = [Sleeper(hub, f"asleep{n}", [(ASLEEP_S, 0)]) for n in range(PEERS)]
    laptops = [Sleeper(hub, f"laptop{n}", lid(n)) for n in range(PEERS)]
    everybody = asleep + laptops
    with hub_of(hub, "awake") as awake:
        try:
            assert [each.hear() for each in everybody] == ["ready"] * len(everybody)
            for each in everybody:
                each.tell()
            assert [each.hear() for each in everybody] == ["writing"] * len(everybody)
            present = play(awake, everybody)
            assert not present & {each.name for each in asleep}
            assert_all_arrived(everybody)
        finally:
            for each in everybody:
                each.kill()


def play(awake: Any, everybody: list[Sleeper]) -> set[str]:
    """Stop and continue them all; return who was in the chat after the time in which members are gone."""
    start = time.monotonic()
    steps = sorted((step for each in everybody for step in each.steps(start)), key=lambda step: step[:2])
    present: set[str] | None = None
    sent = 0
    while steps:
        now = time.monotonic()
        while steps and steps[0][0] <= now:
            _, number, sleeper = steps.pop(0)
            sleeper.send(number)
        if now - start > sent / 2:
            awake.event("brief:crowd").send({"id": f"brief {sent}"})
            sent += 1
        if present is None and now > start + GONE_S:
            present = {member.user for member in awake.chat("chat:crowd").members()}
        time.sleep(0.02)
    awake.event("brief:crowd").send({"id": LAST})
    assert present is not None
    return present


def assert_all_arrived(everybody: list[Sleeper]) -> None:
    for each in everybody:
        each.tell()
    said = [message for each in everybody for message in each.hear()]
    assert len(said) == len(set(said)) > 0
    for each in everybody:
        each.tell(len(said))
    found = {each.name: each.hear() for each in everybody}
    for name, report in found.items():
        assert not report["repeats"] and not report["gaps"] and not report["notices"], (name, report)
        assert sorted(report["seen"]) == sorted(said), name
    # Of a channel that keeps too little for a minute they have lost something, and know it.
    assert all(report["brief_notices"] for name, report in found.items() if name.startswith("asleep"))
