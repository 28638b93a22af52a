"""What is measured: sizes, numbers and rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

STALL_S = 3.0


@dataclass(frozen=True)
class Load:
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
        settle_s: Time between the warm-up and the measurement; stalled readers stop at its start.
        stalled: Subscribers that stop reading.
    """

    name: str
    title: str
    subscribers: int
    size: int = 128
    rate: float | None = None
    batch: int = 1
    batched: bool = True
    window: int = 4096
    channels: int = 1
    channels_each: int = 1
    settle_s: float = 0.0
    stalled: int = 0

    @property
    def fan_out(self) -> int:
        """Return how many reading connections one message goes to."""
        return (self.subscribers - self.stalled) * self.channels_each // self.channels


@dataclass(frozen=True)
class Idle:
    """Connections that have subscribed to one channel and wait."""

    name: str
    title: str
    connections: int


@dataclass(frozen=True)
class Kernel:
    """One process that appends to a stream with the Python client; only the hub has one.

    Args:
        rows: Rows in one call of `append`.
    """

    name: str
    title: str
    rows: int


@dataclass(frozen=True)
class Attack:
    """A load with one more connection that means harm, and without it, in turns; of the hub alone.

    Args:
        attack: What that connection does, by its name in `tests.server.attacks`.
        pairs: Slices with it, each beside one without.
    """

    name: str
    title: str
    attack: str
    pairs: int = 24


Scenario: TypeAlias = Load | Idle | Kernel | Attack

# Kibibytes a second for every reader, so that a stalled reader's kernel buffers are full within `STALL_S`.
_MIXED_SIZE, _MIXED_RATE = 2048, 500

ATTACKS = (
    *("slow_writes", "endless_fragments", "huge_frames", "ping_flood", "subscribe_storm", "history_storm"),
    *("snapshot_storm", "presence_storm", "reading_nothing", "rubbish", "call_storm", "batch_storm"),
)


# What goes on while the hub is attacked.
PEACE = Load("peace", "100 subscribers, 200 messages/s", 100, rate=200)


SCENARIOS: tuple[Scenario, ...] = (
    Load("flood", "flood: 100 subscribers, 128 bytes, published in batches of 64", 100, batch=64),
    Load("steady", "steady: 200 subscribers, 1,000 messages/s, 128 bytes", 200, rate=1000),
    Load("wide", "wide: 1,000 subscribers, 200 messages/s, 128 bytes", 1000, rate=200),
    Load(
        "channels",
        "many channels: 1,000 channels of 10 subscribers (200 connections with 50 channels each), "
        "10,000 messages/s in all, published 10 at a time",
        200,
        rate=10_000,
        batch=10,
        channels=1000,
        channels_each=50,
    ),
    Load("large", "large messages: 20 subscribers, 100 messages/s, 64 KiB", 20, size=65_536, rate=100),
    Load(
        "reading",
        "all reading: 200 subscribers, 500 messages/s, 2 KiB",
        200,
        size=_MIXED_SIZE,
        rate=_MIXED_RATE,
        settle_s=STALL_S,
    ),
    Load(
        "mixed",
        "mixed: the same, a tenth of the readers stalled",
        200,
        size=_MIXED_SIZE,
        rate=_MIXED_RATE,
        settle_s=STALL_S,
        stalled=20,
    ),
    Load(
        "stalled",
        "half stalled: the same, 100 of 200 readers stalled (for memory)",
        200,
        size=_MIXED_SIZE,
        rate=_MIXED_RATE,
        settle_s=STALL_S,
        stalled=100,
    ),
    Load(
        "intake",
        "publish rate in: one publisher, one message per frame, 64 frames per write, one subscriber, flood",
        1,
        batch=64,
        batched=False,
    ),
    Load(
        "intake-single",
        "publish rate in, one write per message: one publisher, one subscriber, flood",
        1,
        batched=False,
    ),
    *(Attack(f"attacked-{name}", name.replace("_", " "), name) for name in ATTACKS),
    Idle("idle", "idle connections with one subscription each", 1000),
    Kernel("rows", "publishing from one kernel: single rows", 1),
    Kernel("columns", "publishing from one kernel: columns of 1,000 rows", 1000),
)
