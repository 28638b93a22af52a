"""What one hostile connection does to the others: with it and without it in turns, on one hub.

Two runs of the same server a minute apart differ by more than what is to be seen. So each figure is a ratio
of two slices of one run that follow each other, and what the machine does meanwhile falls out. The attacker
takes part of the machine, too, which is not what the hub is asked for: a loop on the load generator's core
that never speaks to the hub may move the p99 by a tenth. So in the slices without the attack its process
computes as much as the attack took.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from math import comb
from statistics import median

from .dialects import Dialect
from .feed import Feed, Steady
from .measure import WARM_UP_S, drive, percentiles, subscribe
from .process_stats import cpu_s
from .scenarios import PEACE, Attack
from .swarm import Swarm

CHANNEL = "stream:bench0"
# Between two slices: an attack begins, or what it left behind is done with.
SETTLE_S = 0.4
# That the interval misses the median has at most this probability.
DOUBT = 0.05


@dataclass(frozen=True)
class AttackFigures:
    """What one attack did.

    Args:
        ratio: Median of the pairs: p99 with it over p99 without.
        ratio_low: Where the median is at least, with 95 % confidence.
        ratio_high: And at most.
        p99_ms: Median p99 without it.
        server_load: Share of its core that the hub used with it.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    p99_ms: float
    server_load: float


def run_attack(pid: int, port: int, dialect: Dialect, attack: Attack, seconds: float) -> AttackFigures:
    """Measure an attack on a hub.

    Args:
        seconds: Of a slice.
    """
    swarm = Swarm(port, dialect)
    # Behind the load generator in line for its core.
    command = ["nice", "-n", "15", sys.executable, "-m", "benchmarks.attack", attack.attack, str(port)]
    attacker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert attacker.stdout is not None
    try:
        attacker.stdout.readline()  # it has started
        subscribe(swarm, PEACE, [CHANNEL])
        assert PEACE.rate is not None
        feed = Feed(swarm, dialect, [CHANNEL], size=PEACE.size, batch=1, shared=True)
        driver = Steady(feed, swarm, rate=PEACE.rate)
        _tell(attacker, "attack", WARM_UP_S)
        drive(swarm, driver, WARM_UP_S + SETTLE_S)
        slices: dict[bool, list[_Slice]] = {True: [], False: []}
        for number in range(attack.pairs):
            for attacked in (bool(number % 2), not number % 2):
                _tell(attacker, "attack" if attacked else "compute", SETTLE_S + seconds)
                drive(swarm, driver, SETTLE_S)
                slices[attacked].append(_Slice(pid, swarm, driver, seconds))
                drive(swarm, driver, SETTLE_S)
    finally:
        attacker.kill()
        attacker.communicate()
        closed = sum(reader.closed for reader in (swarm.publisher, *swarm.readers))
        swarm.close()
    if closed:
        raise ConnectionError(f"the hub closed {closed} of the connections that do no harm")
    ratios = [a.p99_ms / b.p99_ms for a, b in zip(slices[True], slices[False], strict=True)]
    low, high = interval(ratios)
    return AttackFigures(
        ratio=median(ratios),
        ratio_low=low,
        ratio_high=high,
        p99_ms=median(each.p99_ms for each in slices[False]),
        server_load=median(each.server_load for each in slices[True]),
    )


class _Slice:
    """A piece of the run."""

    def __init__(self, pid: int, swarm: Swarm, driver: Steady, seconds: float) -> None:
        swarm.latencies_us.clear()
        swarm.sampling = True
        start, cpu = time.monotonic(), cpu_s(pid)
        drive(swarm, driver, seconds)
        swarm.sampling = False
        self.server_load = (cpu_s(pid) - cpu) / (time.monotonic() - start)
        self.p99_ms = percentiles(swarm.latencies_us)[1]


def _tell(attacker: subprocess.Popen[str], what: str, seconds: float) -> None:
    """Let the attacker attack, or compute, from now on, for so long."""
    assert attacker.stdin is not None
    attacker.stdin.write(f"{what} {seconds}\n")
    attacker.stdin.flush()


def interval(values: list[float]) -> tuple[float, float]:
    """Return where the median is, by the sign test: whatever the values' distribution, 95 times in 100.

    Of fewer than six values it is as wide as they are.
    """
    ranked, count = sorted(values), len(values)
    out = 0
    while 2 * sum(comb(count, k) for k in range(out + 1)) <= DOUBT * 2**count:
        out += 1
    cut = max(out - 1, 0)
    return ranked[cut], ranked[count - 1 - cut]
