"""Sources: objects that `Hub.run` publishes from.

A source is an async iterable of columns, or of ``(channel, data)`` pairs; ``declares`` lists the channels
that need options. Its settings may be set from any thread: a shared control can steer a running source.
"""

from __future__ import annotations

from .replay import Replay, replay
from .system import SystemMetrics, system_metrics

__all__ = ["Replay", "SystemMetrics", "replay", "system_metrics"]
