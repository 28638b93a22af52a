"""Run one load against one running server and take its figures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import quantiles

from .dialects import Dialect
from .feed import Feed, Flood, Steady
from .process_stats import cpu_s
from .scenarios import Scenario
from .swarm import Swarm

SAMPLED = 10
WARM_UP_S = 1.0
DRAIN_S = 3.0


@dataclass(frozen=True)
class Figures:
    """What one run of one server gave.

    Args:
        cpu_us: Processor microseconds of the server for each delivery.
        generator_load: Share of its core that the load generator used.
        undelivered: Messages that subscribers had not received when the run and its drain were over.
        refusals: Error replies to the publisher.
        closed: Connections that the server closed.
    """

    deliveries_per_s: float
    published_per_s: float
    cpu_us: float
    server_load: float
    generator_load: float
    p50_ms: float
    p99_ms: float
    undelivered: int
    refusals: int
    closed: int


def run_load(pid: int, port: int, dialect: Dialect, scenario: Scenario, seconds: float) -> Figures:
    """Put a scenario's load on a server and measure for some seconds."""
    swarm = Swarm(port, dialect)
    try:
        return _measured(pid, swarm, dialect, scenario, seconds)
    finally:
        swarm.close()


def _measured(pid: int, swarm: Swarm, dialect: Dialect, scenario: Scenario, seconds: float) -> Figures:
    channels = [f"stream:bench{number}" for number in range(scenario.channels)]
    sampled_every = max(scenario.subscribers // SAMPLED, 1)
    for number in range(scenario.subscribers):
        first = number * scenario.channels_each
        mine = [channels[(first + i) % len(channels)] for i in range(scenario.channels_each)]
        swarm.subscribe(mine, sampled=number % sampled_every == 0)
    feed = Feed(swarm, dialect, channels, size=scenario.size, batched=scenario.batched)
    if scenario.rate is None:
        driver: Flood | Steady = Flood(feed, swarm, window=scenario.window, batch=scenario.batch)
    else:
        driver = Steady(feed, swarm, rate=scenario.rate, batch=scenario.batch)

    _drive(swarm, driver, WARM_UP_S)
    swarm.sampling = True
    before = _Mark(pid, swarm, feed)
    _drive(swarm, driver, seconds)
    after = _Mark(pid, swarm, feed)
    swarm.sampling = False
    undelivered = _drain(swarm, feed, scenario)

    elapsed = after.at - before.at
    deliveries = after.received - before.received
    p50, p99 = _percentiles(swarm.latencies_us)
    return Figures(
        deliveries_per_s=deliveries / elapsed,
        published_per_s=(after.published - before.published) / elapsed,
        cpu_us=(after.server_cpu_s - before.server_cpu_s) / max(deliveries, 1) * 1e6,
        server_load=(after.server_cpu_s - before.server_cpu_s) / elapsed,
        generator_load=(after.own_cpu_s - before.own_cpu_s) / elapsed,
        p50_ms=p50,
        p99_ms=p99,
        undelivered=undelivered,
        refusals=swarm.refusals,
        closed=sum(reader.closed for reader in (swarm.publisher, *swarm.readers)),
    )


class _Mark:
    """Everything that is counted, at one moment."""

    def __init__(self, pid: int, swarm: Swarm, feed: Feed) -> None:
        self.at = time.monotonic()
        self.server_cpu_s = cpu_s(pid)
        self.own_cpu_s = time.process_time()
        self.received = sum(reader.count for reader in swarm.readers)
        self.published = feed.published


def _drive(swarm: Swarm, driver: Flood | Steady, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        swarm.turn(driver.pump())


def _drain(swarm: Swarm, feed: Feed, scenario: Scenario) -> int:
    expected = feed.published * scenario.fan_out
    end = time.monotonic() + DRAIN_S
    while (received := sum(reader.count for reader in swarm.readers)) < expected:
        if time.monotonic() > end:
            break
        swarm.turn(0.05)
    return expected - received


def _percentiles(latencies_us: list[int]) -> tuple[float, float]:
    if len(latencies_us) < 2:
        return float("nan"), float("nan")
    cuts = quantiles(latencies_us, n=100)
    return cuts[49] / 1000, cuts[98] / 1000
