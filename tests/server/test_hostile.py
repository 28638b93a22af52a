"""Connections that mean harm: what each costs the hub, and that the others are served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ..client.hub_process import WHOLE_HUB, HubProcess, token
from .attacks import ATTACKS, Attacker, history_storm, keep_attacking
from .sockets import Line, open_line

pytestmark = pytest.mark.slow

# Of each kind so many at once; what one costs is what all of them cost, divided.
COUNT = 24
JOINERS = 20
MAX_BYTES_EACH = 2 * 1024 * 1024
ATTACK_S = 4.0

CONFIG = """
[limits]
connections_per_ip = 1000
connects_per_ip_per_s = 0
connections_per_user = 1000
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    process.start()
    with open_line(process, "ann") as ann:
        # About a megabyte of history, and a feed whose log is as large as it gets.
        for number in range(250):
            ann.ask(publish={"channel": "event:large", "data": {"n": number, "pad": "x" * 4_000}})
        for start in range(0, 5_000, 20):
            items = [{"channel": "event:feed", "data": {"n": 0, "pad": "x" * 2_000}}] * 20
            batch = {"producer": "fill", "seq": start + 1, "items": items}
            assert "error" not in ann.ask(rpc={"method": "rtwidgets.publish", "data": batch})
        ann.ask(subscribe={"channel": "chat:crowd"})
        yield process
    process.kill()


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_hostile_connection_costs(
    hub: HubProcess, attack: Callable[[Attacker, int], bool], tmp_path: Path
) -> None:
    process = psutil.Process(hub.pid)
    with open_line(hub, "bob") as bob:
        bob.ask(subscribe={"channel": "event:feed"})
        before = process.memory_info().rss
        attackers = [Attacker(hub.port, token("mallory")) for _ in range(COUNT)]
        until = time.monotonic() + ATTACK_S
        thread = threading.Thread(target=keep_attacking, args=(attackers, attack, until))
        thread.start()
        most, sent = before, 0
        try:
            while time.monotonic() < until:
                # The others are served: what they publish comes, in order.
                for _ in range(10):
                    sent += 1
                    bob.ask(publish={"channel": "event:feed", "data": {"n": sent, "pad": "x" * 2_000}})
                most = max(most, process.memory_info().rss)
                time.sleep(0.01)
            numbers = [push["pub"]["data"]["n"] for push in bob.pushes if "pub" in push]
            while len(numbers) < sent:
                bob.pushes.clear()
                bob.receive()
                numbers += [push["pub"]["data"]["n"] for push in bob.pushes if "pub" in push]
            assert numbers == list(range(1, sent + 1))
        finally:
            thread.join()
            for attacker in attackers:
                attacker.close()
        assert (most - before) / COUNT < MAX_BYTES_EACH
        # One that is not read for a while is missed at the next ping.
        deadline = time.monotonic() + 40
        with suppress(TimeoutError):
            while True:  # and the hub forgets them
                status = bob.ask(rpc={"method": "rtwidgets.status", "data": {}})["rpc"]["data"]
                if status["connections"] <= 2:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_hub_without_its_limits_would_pay_for_a_history_storm(tmp_path: Path) -> None:
    """The attack is one: with the limits off it costs what it asks for."""
    off = "[limits]\nhistory_reply_bytes = 0\ncommands_per_s = 0\nsend_timeout_s = 0\n"
    process = HubProcess(tmp_path, off)
    process.start()
    try:
        with open_line(process, "ann") as ann:
            for number in range(950):
                ann.ask(publish={"channel": "event:large", "data": {"n": number, "pad": "x" * 8_000}})
            measured = psutil.Process(process.pid)
            before = measured.memory_info().rss
            attackers = [Attacker(process.port, token("mallory")) for _ in range(6)]
            keep_attacking(attackers, history_storm, time.monotonic() + 1.0)
            time.sleep(0.5)
            assert (measured.memory_info().rss - before) / 6 > MAX_BYTES_EACH
            for attacker in attackers:
                attacker.close()
    finally:
        process.kill()


# The most that a hub with the usual limits keeps of a stream, a large table, a chat with many reactions.
STREAM, TABLE, CHAT = "stream:full", "table:large", "chat:long"


@pytest.fixture(scope="module")
def full_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    process.start()
    with open_line(process, "ann") as ann:
        fill(ann)
        for number in range(100):
            ann.ask(publish={"channel": CHAT, "data": {"type": "message", "id": f"m{number}", "text": "hi"}})
    # The messages are short; who reacts to them has a long name.
    for number in range(20):
        with open_line(process, f"{number:01500}") as guest:
            for message in range(100):
                form = {"type": "reaction", "id": f"m{message}", "emoji": "+"}
                guest.ask(publish={"channel": CHAT, "data": form})
    yield process
    process.kill()


def fill(ann: Line) -> None:
    pad = "x" * 1_000
    ann.ask(rpc={"method": "rtwidgets.declare", "data": {"channel": TABLE, "key": "id"}})
    for start in range(0, 10_000, 20):
        stream = [{"channel": STREAM, "data": {"time": [number], "pad": [pad]}} for number in range(20)]
        rows = {"id": list(range(start, start + 20)), "pad": [pad] * 20}
        table = {"channel": TABLE, "data": {"upsert": rows}}
        batch = {"producer": "fill", "seq": start + 1, "items": [*stream, table]}
        assert "error" not in ann.ask(rpc={"method": "rtwidgets.publish", "data": batch})


@pytest.mark.parametrize("channel", [STREAM, TABLE, CHAT])
@pytest.mark.parametrize("reads", [False, True])
def test_what_a_late_joiner_costs_that_reads_nothing(full_hub: HubProcess, channel: str, reads: bool) -> None:
    """One that has read a little before it stops holds no more than one that never began."""
    assert joiners_cost(full_hub, channel, 30_000 if reads else 0) / JOINERS < MAX_BYTES_EACH


def joiners_cost(hub: HubProcess, channel: str, reads: int) -> int:
    """Return what late joiners cost that read so many bytes and no more."""
    measured = psutil.Process(hub.pid)
    joiners = [Attacker(hub.port, token("mallory")) for _ in range(JOINERS)]
    try:
        before = most = measured.memory_info().rss
        for joiner in joiners:
            joiner.commands({"subscribe": {"channel": channel}})
            joiner.read(reads)
            most = max(most, measured.memory_info().rss)
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            most = max(most, measured.memory_info().rss)
            time.sleep(0.01)
    finally:
        for joiner in joiners:
            joiner.close()
    return most - before


def test_table_in_one_message_would_cost_what_it_holds(tmp_path: Path) -> None:
    """Reading nothing is an attack: a table that leaves as one piece costs each time what it holds."""
    process = HubProcess(tmp_path, CONFIG, script=WHOLE_HUB)
    process.start()
    try:
        with open_line(process, "ann") as ann:
            fill(ann)
        assert joiners_cost(process, TABLE, 0) / JOINERS > MAX_BYTES_EACH
    finally:
        process.kill()
