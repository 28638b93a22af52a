"""Put one load on one running server and take its figures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import quantiles

from .cores import SERVER_CORE
from .dialects import Dialect
from .feed import Feed, Flood, Steady
from .process_stats import cpu_s, idle_s, rss_bytes
from .scenarios import Load
from .swarm import Swarm

SAMPLED = 10
WARM_UP_S = 1.0
# Messages still on their way are waited for while some come, but not for ever.
DRAIN_S = 15.0
DRAIN_SILENCE_S = 1.5


@dataclass(frozen=True)
class LoadFigures:
    """What one run of one server gave.

    Args:
        cpu_us: Processor microseconds of the server for each delivery.
        server_load: Share of its core that the server used.
        generator_load: Share of its core that the load generator used.
        disturbance: Share of the server's core that other programs used.
        rss_growth: Bytes that the server grew by from the end of the warm-up to the end.
        undelivered: Messages that reading subscribers never got.
        refusals: Error replies to the publisher.
        closed: Connections that the server closed, of the reading ones.
    """

    deliveries_per_s: float
    published_per_s: float
    cpu_us: float
    server_load: float
    generator_load: float
    disturbance: float
    p50_ms: float
    p99_ms: float
    rss_growth: int
    undelivered: int
    refusals: int
    closed: int


def run_load(pid: int, port: int, dialect: Dialect, load: Load, seconds: float) -> LoadFigures:
    """Put a load on a server and measure for some seconds."""
    swarm = Swarm(port, dialect)
    try:
        return _measured(pid, swarm, dialect, load, seconds)
    finally:
        swarm.close()


def _measured(pid: int, swarm: Swarm, dialect: Dialect, load: Load, seconds: float) -> LoadFigures:
    channels = [f"stream:bench{number}" for number in range(load.channels)]
    subscribe(swarm, load, channels)
    feed = Feed(swarm, dialect, channels, size=load.size, batch=load.batch, shared=load.batched)
    driver: Flood | Steady
    if load.rate is None:
        driver = Flood(feed, swarm, window=load.window)
    else:
        driver = Steady(feed, swarm, rate=load.rate)

    drive(swarm, driver, WARM_UP_S)
    rss_before = rss_bytes(pid)
    swarm.stall()
    drive(swarm, driver, load.settle_s)
    swarm.sampling = True
    before = _Mark(pid, swarm, feed)
    drive(swarm, driver, seconds)
    after = _Mark(pid, swarm, feed)
    swarm.sampling = False
    rss_growth = rss_bytes(pid) - rss_before
    undelivered = _drain(swarm, feed.published * load.fan_out)

    elapsed = after.at - before.at
    deliveries = after.received - before.received
    server_cpu_s = after.server_cpu_s - before.server_cpu_s
    p50, p99 = percentiles(swarm.latencies_us)
    return LoadFigures(
        deliveries_per_s=deliveries / elapsed,
        published_per_s=(after.published - before.published) / elapsed,
        cpu_us=server_cpu_s / max(deliveries, 1) * 1e6,
        server_load=server_cpu_s / elapsed,
        generator_load=(after.own_cpu_s - before.own_cpu_s) / elapsed,
        disturbance=max(1 - (after.idle_s - before.idle_s + server_cpu_s) / elapsed, 0.0),
        p50_ms=p50,
        p99_ms=p99,
        rss_growth=rss_growth,
        undelivered=undelivered,
        refusals=swarm.refusals,
        closed=sum(reader.closed for reader in (swarm.publisher, *swarm.readers)),
    )


def subscribe(swarm: Swarm, load: Load, channels: list[str]) -> None:
    """Open a load's subscribers."""
    sampled_every = max(load.subscribers // SAMPLED, 1)
    # Every n-th connection stalls; sampled ones go on reading.
    stalled_every = load.subscribers // load.stalled if load.stalled else 0
    for number in range(load.subscribers):
        first = number * load.channels_each
        mine = [channels[(first + i) % len(channels)] for i in range(load.channels_each)]
        stalls = bool(stalled_every) and number % stalled_every == stalled_every - 1
        swarm.subscribe(mine, sampled=number % sampled_every == 0, stalls=stalls)


class _Mark:
    """Everything that is counted, at one moment."""

    def __init__(self, pid: int, swarm: Swarm, feed: Feed) -> None:
        self.at = time.monotonic()
        self.server_cpu_s = cpu_s(pid)
        self.idle_s = idle_s(SERVER_CORE)
        self.own_cpu_s = time.process_time()
        self.received = swarm.received
        self.published = feed.published


def drive(swarm: Swarm, driver: Flood | Steady, seconds: float) -> None:
    """Publish and read for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        swarm.turn(driver.pump())


def _drain(swarm: Swarm, expected: int) -> int:
    """Take what is still on its way; return how many messages never came."""
    end = time.monotonic() + DRAIN_S
    received, progress = -1, time.monotonic()
    while swarm.received < expected and (now := time.monotonic()) < end:
        if swarm.received > received:
            received, progress = swarm.received, now
        elif now > progress + DRAIN_SILENCE_S:
            break
        swarm.turn(0.05)
    return expected - swarm.received


def percentiles(latencies_us: list[int]) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    if len(latencies_us) < 2:
        return 0.0, 0.0
    cuts = quantiles(latencies_us, n=100)
    return cuts[49] / 1000, cuts[98] / 1000
