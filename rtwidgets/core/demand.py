"""Who reads a channel, for those who publish to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec import Raw

from ..protocol import codec
from ..protocol.messages import Push, PushedMessage, Reply


class Demand(NamedTuple):
    """Who reads a channel.

    Args:
        subscribers: How many there are.
        visible: How many of them somebody can see.
        max_hz: The highest rate that one of those wants; infinity for no bound, 0 when there are none.
    """

    subscribers: int
    visible: int
    max_hz: float

    def as_json(self) -> dict[str, object]:
        """Return it as it goes on the wire: no bound is null."""
        return {**self._asdict(), "max_hz": json_rate(self.max_hz)}


def total(own: Demand, others: Iterable[Demand]) -> Demand:
    """Return the demand of several hubs together."""
    found = [own, *others]
    return Demand(
        sum(demand.subscribers for demand in found),
        sum(demand.visible for demand in found),
        max(demand.max_hz for demand in found),
    )


def json_rate(max_hz: float) -> float | None:
    """Return a rate as it goes on the wire: no bound is null."""
    return None if max_hz == math.inf else max_hz


def demand_line(channel: str, demand: Demand) -> bytes:
    """Return the message push that tells a publisher of the demand."""
    message = {"rtwidgets": {"demand": {"channel": channel, **demand.as_json()}}}
    return codec.encode(Reply(push=Push(message=PushedMessage(Raw(msgspec.json.encode(message))))))
