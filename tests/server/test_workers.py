"""Several processes on one port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from rtwidgets.errors import ConfigError
from rtwidgets.server import workers as workers_
from rtwidgets.server.run import bind
from rtwidgets.server.settings import HubSection, Settings
from rtwidgets.server.workers import _hold

from ..brokers.conftest import need_redis, redis
from ..brokers.redis_server import RedisServer
from ..client.hub_process import HubProcess, environment
from .sockets import Line, open_line
from .worker_processes import children_of, wait_for, worker_of

__all__ = ["need_redis", "redis"]


def test_port_is_taken_before_the_first_worker_listens() -> None:
    with _hold("127.0.0.1", 0) as holder:
        port = holder.getsockname()[1]
        for take in (_hold, bind):
            with pytest.raises(ConfigError, match="Address already in use"):
                take("127.0.0.1", port)
        with bind("127.0.0.1", port, shared=True) as worker:
            worker.listen()


@pytest.fixture
def workers(redis: RedisServer, tmp_path: Path) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path, f'[hub]\nbroker = "{redis.url}"\nworkers = 2\ndrain_window_s = 0.5\n')
    hub.start()
    yield hub
    hub.kill()


@pytest.mark.timeout(120)
def test_workers_share_a_port_and_one_that_ends_is_replaced(workers: HubProcess) -> None:
    wait_for("two workers", lambda: len(children_of(workers.pid)) == 2)
    pids = children_of(workers.pid)
    with ExitStack() as stack:
        at: dict[int, Line] = {}
        deadline = time.monotonic() + 30
        while len(at) < 2:
            assert time.monotonic() < deadline, "one worker gets no connections"
            line = stack.enter_context(open_line(workers))
            at[worker_of(line, pids)] = line
        (dead, dying), (_, living) = at.items()
        for line in (dying, living):
            line.ask(subscribe={"channel": "event:a"})
        dying.ask(publish={"channel": "event:a", "data": 1})
        while not living.pushes:
            living.receive()
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            dying.receive(10)
        assert "error" not in living.ask(publish={"channel": "event:a", "data": 2})
        wait_for("another worker", lambda: len(set(children_of(workers.pid)) - {dead}) == 2)
    # Others would share the port, and each of them get some of the clients.
    where = ("--config", str(workers.config), "--port", str(workers.port))
    for count in ("2", "1"):
        serve = [sys.executable, "-m", "rtwidgets.server", "serve", *where, "--workers", count]
        second = subprocess.run(serve, capture_output=True, text=True, timeout=30, env=environment())
        assert second.returncode == 1
        taken = f"Error: can't listen on 127.0.0.1:{workers.port}: Address already in use"
        assert second.stderr.startswith(taken)


@pytest.mark.timeout(120)
def test_settings_that_the_broker_refuses_end_it_before_any_worker_starts(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each would take a second or two to come to that, and all of them at once longer.
    monkeypatch.setattr(workers_, "Worker", None)
    settings = Settings(hub=HubSection(broker=redis.url.replace("/0", "/99"), workers=2, port=0))
    with pytest.raises(ConfigError, match="DB index is out of range"):
        workers_.Workers(settings, print).run()


def test_sigterm_drains_all_workers(workers: HubProcess) -> None:
    pids = children_of(workers.pid)
    with ExitStack() as stack:
        lines = [stack.enter_context(open_line(workers)) for _ in range(30)]
        workers.terminate()
        for line in lines:
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    line.receive(10)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 3001
            # A service manager may say it again; that is no reason to hurry.
            workers.terminate()
    workers.wait(30)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.timeout(120)
def test_workers_that_run_stay_when_another_can_not_start(redis: RedisServer, tmp_path: Path) -> None:
    redis.ask("ACL", "SETUSER", "hub", "on", ">first", "~*", "&*", "+@all")
    broker = f"redis://hub:first@127.0.0.1:{redis.port}"
    hub = HubProcess(tmp_path, f'[hub]\nbroker = "{broker}"\nworkers = 2\n')
    log = tmp_path / "hub.log"
    hub.start()
    # It answers as soon as one of them does.
    wait_for("both serve", lambda: "rtwidgets hub at" in log.read_text())
    pids = children_of(hub.pid)

    def another_serves() -> bool:
        with open_line(hub) as line:
            return worker_of(line, children_of(hub.pid)) not in pids

    try:
        with open_line(hub) as line:
            redis.ask("ACL", "SETUSER", "hub", "resetpass", ">second")
            there = worker_of(line, pids)
            os.kill(next(pid for pid in pids if pid != there), signal.SIGKILL)
            wait_for("it is in the log", lambda: "can't start: hub.broker can't be used" in log.read_text())
            assert "error" not in line.ask(publish={"channel": "event:a", "data": 1})
            redis.ask("ACL", "SETUSER", "hub", "resetpass", ">first")
            wait_for("another worker serves", another_serves)
    finally:
        hub.kill()
        redis.ask("ACL", "DELUSER", "hub")


@pytest.mark.timeout(120)
def test_worker_that_hangs_is_replaced(workers: HubProcess, tmp_path: Path) -> None:
    wait_for("both have started", lambda: "rtwidgets hub at" in (tmp_path / "hub.log").read_text())
    pids = children_of(workers.pid)
    os.kill(pids[0], signal.SIGSTOP)
    wait_for("another worker", lambda: pids[0] not in children_of(workers.pid), timeout_s=40)
    wait_for("two workers", lambda: len(children_of(workers.pid)) == 2)
    assert pids[1] in children_of(workers.pid)


@pytest.mark.timeout(120)
def test_workers_end_with_who_started_them(workers: HubProcess) -> None:
    pids = children_of(workers.pid)
    assert len(pids) == 2
    workers.kill()
    wait_for("the workers have gone", lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
