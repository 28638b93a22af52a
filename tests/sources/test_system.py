from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from rtwidgets.errors import ConfigError
from rtwidgets.protocol.names import check_channel
from rtwidgets.sources import SystemMetrics, system_metrics
from rtwidgets.sources.readings import Counters, Processes


async def take(source: SystemMetrics, count: int) -> list[tuple[str, Any]]:
    items = []
    async with asyncio.timeout(20):
        async for item in source:
            items.append(item)
            if len(items) == count:
                break
    return items


async def test_one_reading_brings_every_channel_with_equal_columns() -> None:
    source = system_metrics(interval_s=0.1)
    items = dict(await take(source, 5))
    assert set(items) == {
        "table:system/processes",
        "stream:system/cpu",
        "stream:system/cores",
        "stream:system/network",
        "stream:system/disk",
    }
    assert source.declares == [("table:system/processes", {"key": "pid"})]
    rows = items.pop("table:system/processes")["replace"]
    assert psutil.Process().pid in rows["pid"]
    assert 0 < len(rows["pid"]) <= 200
    for columns in (rows, *items.values()):
        assert len({len(cells) for cells in columns.values()}) == 1
    cpu = items["stream:system/cpu"]
    assert abs(cpu["time"][0] - time.time()) < 10
    assert 0 <= cpu["cpu"][0] <= 100
    assert 0 < cpu["memory"][0] <= 100
    assert len(items["stream:system/cores"]["core"]) == psutil.cpu_count()


async def test_the_prefix_names_the_channels() -> None:
    items = dict(await take(system_metrics(interval_s=0.05, prefix="box"), 5))
    for name in items:
        check_channel(name)
        assert ":box/" in name


async def test_processes_come_no_more_often_than_every_two_seconds() -> None:
    items = await take(system_metrics(interval_s=0.05), 40)
    assert sum(name.startswith("table:") for name, _ in items) == 1


async def test_a_new_interval_counts_at_once_from_another_thread() -> None:
    source = system_metrics(interval_s=60)
    threading.Timer(0.2, lambda: setattr(source, "interval_s", 0.05)).start()
    started = time.monotonic()
    assert len(await take(source, 9)) == 9
    assert time.monotonic() - started < 10


async def test_a_paused_source_holds_and_goes_on() -> None:
    source = system_metrics(interval_s=0.05)
    source.paused = True
    seen: list[str] = []

    async def collect() -> None:
        async for name, _ in source:
            seen.append(name)

    task = asyncio.create_task(collect())
    async with asyncio.timeout(20):
        while not seen:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert seen == ["table:system/processes"]
    source.paused = False
    async with asyncio.timeout(10):
        while len(seen) < 5:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("interval_s", [0, -1, 0.001, float("nan"), float("inf"), "fast", True])
def test_an_interval_that_is_none_is_told(interval_s: float) -> None:
    with pytest.raises(ConfigError, match="interval_s is"):
        system_metrics(interval_s=interval_s)
    source = system_metrics()
    with pytest.raises(ConfigError, match="interval_s is"):
        source.interval_s = interval_s
    assert source.interval_s == 1.0


def test_hidden_counters_are_null_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "disk_io_counters", lambda: None)
    monkeypatch.setattr(psutil, "net_io_counters", hidden)
    counters = Counters()
    counters.read(0.0)
    found = counters.read(1.0)
    assert found["disk"]["bytes_per_s"] == [None, None]
    assert found["network"]["bytes_per_s"] == [None, None]


def test_network_leaves_loopback_out_and_a_lost_device_is_no_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    nics = {"lo": (0, 0), "eth0": (1000, 5000), "usb0": (9000, 9000)}

    def counters(*, pernic: bool) -> dict[str, object]:
        return {name: SimpleNamespace(bytes_sent=s, bytes_recv=r) for name, (s, r) in nics.items()}

    monkeypatch.setattr(psutil, "net_io_counters", counters)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    reading = Counters()
    assert reading.read(0.0)["network"]["bytes_per_s"] == [None, None]
    clock[0] = 2.0
    nics.update(lo=(10**9, 10**9), eth0=(1200, 7000))
    assert reading.read(2.0)["network"]["bytes_per_s"] == [100, 1000]
    clock[0] = 4.0
    del nics["usb0"]
    assert reading.read(4.0)["network"]["bytes_per_s"] == [0, 0]


def test_cpu_is_what_the_counters_rose_by(monkeypatch: pytest.MonkeyPatch) -> None:
    class Times(tuple[float, ...]):
        @property
        def idle(self) -> float:
            return self[1]

    cores = [[Times((0, 0)), Times((0, 0))], [Times((1, 3)), Times((4, 0))], [Times((1, 3)), Times((5, 0))]]
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: cores.pop(0))
    counters = Counters()
    assert counters.read(0.0)["cpu"]["cpu"] == [None]
    found = counters.read(1.0)
    assert found["cores"]["percent"] == [25.0, 100.0]
    assert found["cpu"]["cpu"] == [62.5]
    assert counters.read(1.0)["cores"]["percent"] == [None, 100.0]


class FakeProcess:
    """A process that can vanish, hide, or use the CPU."""

    def __init__(self, pid: int, used_s: float = 0.0, *, gone: bool = False, hidden: bool = False) -> None:
        self.pid, self.used_s, self.gone, self.hidden, self.born = pid, used_s, gone, hidden, 1.0

    def as_dict(self, attributes: tuple[str, ...], ad_value: object) -> dict[str, object]:
        if self.gone:
            raise psutil.NoSuchProcess(self.pid)
        times = SimpleNamespace(user=self.used_s, system=0.0)
        memory = SimpleNamespace(rss=self.pid * 1_000_000)
        told = {"cpu_times": times, "memory_info": memory, "create_time": self.born}
        return {name: ad_value if self.hidden else told.get(name) for name in attributes} | {"pid": self.pid}


def test_processes_that_vanish_or_hide_do_not_disturb(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = [FakeProcess(1), FakeProcess(2, gone=True), FakeProcess(3, hidden=True)]
    monkeypatch.setattr(psutil, "process_iter", lambda: iter(processes))
    rows = Processes().read()
    assert rows["pid"] == [1, 3]
    assert rows["memory_mb"] == [1.0, None]


def test_the_busiest_come_first_and_a_reborn_pid_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    idle, busy, reborn = FakeProcess(1), FakeProcess(2), FakeProcess(3, used_s=50.0)
    monkeypatch.setattr(psutil, "process_iter", lambda: iter([idle, busy, reborn]))
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    processes = Processes()
    assert processes.read()["cpu_percent"] == [None, None, None]
    clock[0], busy.used_s, reborn.used_s, reborn.born = 2.0, 1.0, 0.5, 9.0
    rows = processes.read()
    assert rows["pid"] == [2, 3, 1]
    assert rows["cpu_percent"] == [50.0, None, 0.0]


def test_no_more_than_200_processes_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "process_iter", lambda: iter([FakeProcess(pid) for pid in range(500)]))
    rows = Processes().read()
    assert rows["pid"] == list(range(499, 299, -1))
