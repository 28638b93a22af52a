"""What breaks between hubs while people talk. Nothing that was acknowledged is lost, and no gap is silent.

`LONG=1` does ten times the rounds.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ..archive.crowd import Crowd
from ..client.hub_process import HubProcess
from ..server.sockets import Line, open_line
from ..server.worker_processes import children_of, wait_for, worker_of
from .conftest import hub_on
from .redis_server import RedisServer
from .swallower import Swallower

TIMES = 10 if os.environ.get("LONG") == "1" else 1
# Nineteen of twenty clients are back so soon.
BACK_S = 2

CONFIG = """
[hub]
broker = "{broker}"
workers = 2
[namespaces.chat]
kind = "chat"
history_size = 20000
history_ttl_s = 3600
recover = true
"""

# What a fault of the broker may take to be noticed and healed.
NOTICED_S = 10.0


@pytest.fixture
def workers(own_redis: RedisServer, tmp_path: Path) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path, CONFIG.format(broker=own_redis.url))
    hub.start()
    wait_for("two workers", lambda: len(children_of(hub.pid)) == 2)
    yield hub
    hub.kill()


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(60 + 240 * TIMES)
def test_kill_of_one_of_two_workers_under_load_loses_nothing(
    workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers)
    back: list[float] = []
    with ExitStack() as stack:
        for _ in range(20 * TIMES):
            time.sleep(1)
            pids = children_of(workers.pid)
            watcher = stack.enter_context(open_line(workers))
            watcher.ask(subscribe={"channel": "event:quiet"})
            (dead,) = set(pids) - {worker_of(watcher, pids)}
            since = {reader: reader.back_at for reader in crowd.readers}
            killed_at = time.monotonic()
            os.kill(dead, signal.SIGKILL)
            wait_for("another worker", lambda: len(set(children_of(workers.pid)) - {dead}) == 2)  # noqa: B023
            time.sleep(2)
            # Who was at the other one has noticed nothing; the rest is back.
            back += [r.back_at - killed_at for r in crowd.readers if r.back_at != since[r]]
            assert "error" not in watcher.ask(publish={"channel": "event:quiet", "data": 1})
    crowd.finish()
    assert back and statistics.quantiles(back, n=20)[-1] < BACK_S, back


@pytest.mark.slow
@pytest.mark.timeout(60 + 240 * TIMES)
def test_restart_of_redis_under_load_loses_nothing(
    own_redis: RedisServer, workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers, rate=200)
    for _ in range(10 * TIMES):
        time.sleep(1)
        own_redis.kill()
        time.sleep(1)
        own_redis.start()
    crowd.finish()


@pytest.mark.slow
@pytest.mark.timeout(60 + 240 * TIMES)
def test_redis_that_stands_still_is_noticed_and_nothing_is_lost(
    own_redis: RedisServer, workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers, rate=200)
    for number in range(10 * TIMES):
        with open_line(workers) as line:
            line.ask(subscribe={"channel": "event:still"})
            line.ask(publish={"channel": "event:still", "data": number})
            own_redis.pause()
            paused_at = time.monotonic()
            try:
                refused = line.ask(publish={"channel": "event:still", "data": "away"})
                assert refused["error"]["temporary"] and time.monotonic() - paused_at < NOTICED_S
                # What is in memory can be read, and who is connected stays so.
                history = line.ask(history={"channel": "event:still", "limit": 1, "reverse": True})["history"]
                assert history["publications"][0]["data"] == number
                time.sleep(max(0.0, paused_at + 10 - time.monotonic()))
            finally:
                own_redis.resume()
            resumed_at = time.monotonic()
            while "error" in line.ask(publish={"channel": "event:still", "data": "back"}):
                assert time.monotonic() - resumed_at < NOTICED_S
                time.sleep(0.1)
    crowd.finish()


@pytest.fixture
def apart(own_redis: RedisServer, tmp_path: Path) -> Iterator[tuple[HubProcess, HubProcess, Swallower]]:
    """Two hubs, the second of which reaches Redis through a proxy."""
    swallower = Swallower(own_redis.port)
    through = own_redis.url.replace(str(own_redis.port), str(swallower.port))
    hubs = [hub_on(own_redis.url, tmp_path / "one"), hub_on(through, tmp_path / "other")]
    for hub in hubs:
        hub.start()
    yield hubs[0], hubs[1], swallower
    for hub in hubs:
        hub.kill()
    swallower.close()


def receive_until(line: Line, last: object, timeout_s: float) -> list[Any]:
    """Return the data of all publications up to one."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = [push["pub"]["data"] for push in line.pushes if "pub" in push]
        if last in seen:
            return seen
        line.receive(max(0.1, deadline - time.monotonic()))


@pytest.mark.slow
@pytest.mark.timeout(60 + 240 * TIMES)
def test_subscriptions_that_are_cut_silently_are_noticed_and_holes_filled(
    apart: tuple[HubProcess, HubProcess, Swallower],
) -> None:
    one, other, swallower = apart
    with open_line(one) as ann, open_line(other, "bob") as bob:
        bob.ask(subscribe={"channel": "event:a"})
        sent = 0
        for number in range(10 * TIMES):
            before = swallower.subscribers
            swallower.swallows = True
            for _ in range(3):
                sent += 1
                ann.ask(publish={"channel": "event:a", "data": sent})
            assert receive_until(bob, sent, NOTICED_S) == list(range(1, sent + 1)), number
            # The silent connection itself is given up, too.
            wait_for("another connection", lambda: swallower.subscribers > before, NOTICED_S)  # noqa: B023
            swallower.swallows = False


@pytest.mark.slow
def test_hub_that_has_not_heard_of_the_newest_says_what_redis_has(
    apart: tuple[HubProcess, HubProcess, Swallower],
) -> None:
    one, other, swallower = apart
    with open_line(one) as ann, open_line(other, "bob") as bob:

        def set_(line: Line, data: object, version: int) -> dict[str, Any]:
            wanted = {"channel": "value:v", "data": data, "if_version": version}
            return line.ask(rpc={"method": "rtwidgets.set", "data": wanted})

        start = bob.ask(subscribe={"channel": "value:v"})["subscribe"]
        swallower.swallows = True
        assert set_(ann, 1, 0)["rpc"]["data"]["version"] == 1
        assert set_(bob, 2, 1)["rpc"]["data"]["version"] == 2
        assert set_(ann, 3, 2)["rpc"]["data"]["version"] == 3
        assert "at 3: 3, set by Ann" in set_(bob, 4, 9)["error"]["message"]
        assert set_(ann, 4, 3)["rpc"]["data"]["version"] == 4
        with open_line(other, "eve") as eve:
            where = {"recover": True, "epoch": start["epoch"], "offset": 4}
            assert eve.ask(subscribe={"channel": "value:v", **where})["subscribe"]["recovered"]


@pytest.mark.slow
@pytest.mark.timeout(60 + 240 * TIMES)
def test_subscriptions_that_are_cut_are_made_again(
    own_redis: RedisServer, workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers, rate=200)
    for _ in range(10 * TIMES):
        time.sleep(1)
        own_redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
    crowd.finish()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_hub_that_is_killed_leaves_no_members_and_no_handlers(
    apart: tuple[HubProcess, HubProcess, Swallower],
) -> None:
    one, other, _ = apart
    with open_line(one) as ann, open_line(other, "bob") as bob:
        for line in (ann, bob):
            line.ask(subscribe={"channel": "short:room"})
        spec = {"name": "go", "title": "Go", "schema": {}}
        bob.ask(rpc={"method": "rtwidgets.register", "data": {"commands": [spec]}})
        call = {"method": "rtwidgets.call", "data": {"command": "go", "timeout_ms": 60_000}}
        wait_for("the handler is known", lambda: _serves(ann))
        ann.socket.send(json.dumps({"id": 900, "rpc": call}))
        while not [push for push in bob.pushes if "message" in push]:
            bob.receive()
        killed_at = time.monotonic()
        other.kill()
        while not [m for m in ann.receive(20) if m.get("id") == 900 and m["error"]["code"] == 1003]:
            pass
        members = ann.ask(presence={"channel": "short:room"})["presence"]["presence"]
        assert [member["user"] for member in members.values()] == ["ann"]
        assert ann.ask(rpc=call)["error"]["code"] == 1000
        assert time.monotonic() - killed_at < 20


def _serves(line: Line) -> bool:
    reply = line.ask(subscribe={"channel": "table:rtwidgets.commands"})["subscribe"]
    line.ask(unsubscribe={"channel": "table:rtwidgets.commands"})
    return bool(any(reply["data"]["rows"].values()))
