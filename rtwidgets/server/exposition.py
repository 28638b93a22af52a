"""Figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias

from ..core.figures import Histogram

Type: TypeAlias = Literal["counter", "gauge", "histogram"]
MEDIA_TYPE = "text/plain; version=0.0.4"


class Sample(NamedTuple):
    """One number: what its name ends with, the text of its labels, and the number."""

    suffix: str
    labels: str
    number: float


class Family(NamedTuple):
    """A metric: all of its numbers.

    Args:
        name: As it stands in docs/metrics.md.
        label: Name of its one label; empty for none. Its values are from a set that is known before.
    """

    name: str
    type: Type
    text: str
    label: str
    samples: tuple[Sample, ...]

    def lines(self) -> Iterator[str]:
        """Yield it line by line."""
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.type}"
        for suffix, labels, number in self.samples:
            yield f"{self.name}{suffix}{labels} {_written(number)}"


def one(name: str, kind: Type, text: str, number: float) -> Family:
    """Return a metric that is one number."""
    return Family(name, kind, text, "", (Sample("", "", number),))


def by(name: str, kind: Type, text: str, label: str, numbers: Mapping[str, float]) -> Family:
    """Return a metric with a number for each value of a label."""
    samples = (Sample("", f'{{{label}="{value}"}}', number) for value, number in numbers.items())
    return Family(name, kind, text, label, tuple(samples))


def histogram(name: str, text: str, counted: Histogram) -> Family:
    """Return a histogram."""
    *counts, count = accumulate(counted.counts)
    return buckets(name, text, zip(counted.bounds, counts, strict=True), count, counted.total)


def buckets(name: str, text: str, counts: Iterable[tuple[float, int]], count: int, total: float) -> Family:
    """Return a histogram.

    Args:
        counts: Upper bounds, rising, and how many numbers were up to each.
        count: How many numbers there were.
        total: Their sum.
    """
    samples = [Sample("_bucket", f'{{le="{bound:.15g}"}}', number) for bound, number in counts]
    samples.append(Sample("_bucket", '{le="+Inf"}', count))
    return Family(
        name, "histogram", text, "", (*samples, Sample("_sum", "", total), Sample("_count", "", count))
    )


def exposed(families: Iterable[Family]) -> str:
    """Return the text that Prometheus reads."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _written(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6f}"
