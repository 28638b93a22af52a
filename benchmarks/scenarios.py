"""What is measured: sizes, numbers and rates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """A load of one publisher and many subscribers.

    Args:
        subscribers: Connections that subscribe.
        size: Bytes of a payload.
        rate: Messages a second, all channels together; None floods.
        batch: Messages published at a time.
        batched: Whether messages published at a time share a frame, where the protocol can do that.
        window: Messages under way in a flood.
        channels: Channels that messages go to in turn.
        channels_each: Channels that one connection subscribes to.
        stalled: Subscribers that stop reading.
    """

    name: str
    title: str
    subscribers: int
    size: int = 128
    rate: float | None = None
    batch: int = 1
    batched: bool = True
    window: int = 8192
    channels: int = 1
    channels_each: int = 1
    stalled: int = 0

    @property
    def fan_out(self) -> int:
        """Return how many connections one message goes to."""
        return self.subscribers * self.channels_each // self.channels


SCENARIOS = (
    Scenario("flood", "flood: 100 subscribers, 128 bytes, batches of 64", 100, batch=64),
    Scenario("steady", "steady: 200 subscribers × 1,000/s, 128 bytes", 200, rate=1000),
)
