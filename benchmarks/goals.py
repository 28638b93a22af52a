"""What the hub is held to, as ratios to other servers in the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .results import Record
from .scenarios import ATTACKS

HALF_STALLED = 100


@dataclass(frozen=True)
class Goal:
    """A measure and its bound.

    Args:
        measure: Takes it from a record; None when the runs for it are not there.
        at_least: Whether more is better.
    """

    title: str
    measure: Callable[[Record], float | None]
    bound: float
    at_least: bool
    form: str = "{:.2f}"

    def row(self, record: Record) -> tuple[str, str, str, str] | None:
        """Return title, bound, what was measured and whether that will do."""
        value = self.measure(record)
        if value is None:
            return None
        met = value >= self.bound if self.at_least else value <= self.bound
        sign = "≥" if self.at_least else "≤"
        return (
            self.title,
            f"{sign} {self.form.format(self.bound)}",
            self.form.format(value),
            "yes" if met else "no",
        )


def ratio(scenario: str, figure: str, other: str) -> Callable[[Record], float | None]:
    """Return a measure: the hub's figure over another server's."""

    def measure(record: Record) -> float | None:
        ours, theirs = record.middle(scenario, "hub", figure), record.middle(scenario, other, figure)
        return ours / theirs if ours is not None and theirs else None

    return measure


def of_hub(scenario: str, figure: str) -> Callable[[Record], float | None]:
    """Return a measure: a figure of the hub itself."""
    return lambda record: record.middle(scenario, "hub", figure)


def _p99_with_stalled(record: Record) -> float | None:
    return between(record, "mixed", "reading", "hub", "p99_ms")


def between(record: Record, scenario: str, other: str, server: str, figure: str) -> float | None:
    """Return a server's figure in one scenario over that in another."""
    a, b = record.middle(scenario, server, figure), record.middle(other, server, figure)
    return a / b if a is not None and b else None


def _p99_attacked(record: Record) -> float | None:
    """Return the worst of all attacks."""
    found = [record.middle(f"attacked-{name}", "hub", "ratio") for name in ATTACKS]
    return max((ratio for ratio in found if ratio is not None), default=None)


def kib_per_stalled(record: Record, server: str) -> float | None:
    """Return the KiB that each stalled reader adds to a server."""
    stalled = record.middle("stalled", server, "rss_growth")
    reading = record.middle("reading", server, "rss_growth")
    return (stalled - reading) / HALF_STALLED / 1024 if stalled is not None and reading is not None else None


GOALS = (
    Goal("flood: deliveries/s over nats-server's", ratio("flood", "deliveries_per_s", "nats"), 2, True),
    Goal(
        "flood: deliveries/s over the usual manager's",
        ratio("flood", "deliveries_per_s", "manager"),
        40,
        True,
    ),
    Goal("steady: server CPU per delivery over nats-server's", ratio("steady", "cpu_us", "nats"), 0.5, False),
    Goal("steady: p99 over nats-server's", ratio("steady", "p99_ms", "nats"), 2, False),
    Goal("1,000 subscribers: CPU over nats-server's", ratio("wide", "cpu_us", "nats"), 0.8, False),
    Goal("1,000 channels: CPU over nats-server's", ratio("channels", "cpu_us", "nats"), 1.5, False),
    Goal("a tenth stalled: p99 of the others over all reading", _p99_with_stalled, 1.1, False),
    Goal(
        "memory per stalled reader, KiB", lambda record: kib_per_stalled(record, "hub"), 64, False, "{:,.0f}"
    ),
    Goal("one hostile connection: p99 of the others, worst of all", _p99_attacked, 1.1, False),
    Goal(
        "publish rate in, one write per message: over nats-server's",
        ratio("intake-single", "published_per_s", "nats"),
        0.5,
        True,
    ),
    Goal(
        "publish rate in, 64 frames per write: over nats-server's",
        ratio("intake", "published_per_s", "nats"),
        0.5,
        True,
    ),
    Goal(
        "idle memory per connection over plain Starlette's",
        ratio("idle", "bytes_per_connection", "manager"),
        1.3,
        False,
    ),
    Goal("one kernel, single rows/s", of_hub("rows", "rows_per_s"), 50_000, True, "{:,.0f}"),
    Goal(
        "one kernel, rows/s in columns of 1,000", of_hub("columns", "rows_per_s"), 2_000_000, True, "{:,.0f}"
    ),
)
