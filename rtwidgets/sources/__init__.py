"""Sources: objects that `Hub.run` publishes from.

A source is an async iterable of columns, or of ``(channel, data)`` pairs; ``declares`` lists the channels
that need options. Its settings may be set from any thread: a shared control can steer a running source.
One whose ``acknowledged`` is true is asked for its next item when the hub has published the last one.

Sources that read another system have its name; the library that they need comes with an extra of that name.
"""

from __future__ import annotations

from .connector import Connector
from .kafka import kafka
from .mqtt import mqtt
from .nats import nats
from .postgres import postgres
from .redis import redis
from .replay import Replay, replay
from .system import SystemMetrics, system_metrics

__all__ = [
    "Connector",
    "Replay",
    "SystemMetrics",
    "kafka",
    "mqtt",
    "nats",
    "postgres",
    "redis",
    "replay",
    "system_metrics",
]
