"""The hub tells those who may look at it what it does, once a second, and only while they look."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from ..core import Connection, Hub
from ..core.about_hub import CHANNELS, CONNECTIONS, DASHBOARD, KEYS, RATES, is_about_hub
from ..core.channel import Channel
from ..core.figures import TRANSPORTS
from ..core.kinds import Table
from .hub_layout import MOST_ROWS, layout
from .process_figures import ProcessFigures

INTERVAL_S = 1.0

log = logging.getLogger("rtwidgets.hub")
_encode = msgspec.json.Encoder().encode


class Reporter:
    """Publish rates, connections and channels of a hub to channels of its own."""

    def __init__(self, hub: Hub, process: ProcessFigures, now: Callable[[], float]) -> None:
        self._hub = hub
        self._process = process
        self._now = now
        self._before: dict[str, float] = {}
        self._before_at = 0.0
        self._tops: dict[str, int] = {}

    async def run(self) -> None:
        """Report until cancelled."""
        title = f"Hub {self._hub.hub_id}"
        self._hub.publish_own(DASHBOARD, _encode(layout(title)), self._now())
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                self.report(self._now())
            except Exception:
                log.exception("the hub could not report on itself")

    def report(self, now: float) -> None:
        """Publish what somebody looks at."""
        if self._is_seen(RATES):
            self._rates(now)
        else:
            self._before = {}
        for name, rows in ((CONNECTIONS, self._connections), (CHANNELS, self._channels)):
            if self._is_seen(name):
                self._publish_table(name, rows(), now)
            else:
                self._forget(name, now)

    def _is_seen(self, name: str) -> bool:
        channel = self._hub.channels.get(name)
        return channel is not None and channel.demand().visible > 0

    def _rates(self, now: float) -> None:
        """Publish a row; the first of a look has no rates yet, as there is nothing to compare with."""
        figures, hub = self._hub.figures, self._hub
        counts: dict[str, float] = {
            "published": sum(figures.published.values()),
            "delivered": figures.delivered,
            "conflated": figures.conflated,
            "received bytes": figures.received_bytes,
            "sent bytes": figures.sent_bytes,
            "cpu": self._process.cpu_s() * 100,
            "lag": self._process.lag.total * 1000,
        }
        looks = self._process.lag.count
        before, passed_s = self._before, now - self._before_at
        self._before, self._before_at = {**counts, "looks": looks}, now
        if not before or passed_s <= 0:
            return
        row = {name: round((count - before[name]) / passed_s, 1) for name, count in counts.items()}
        row["lag"] = round((counts["lag"] - before["lag"]) / max(1, looks - before["looks"]), 2)
        transports = Counter(connection.transport for connection in hub.connections.values())
        row |= {"connections": len(hub.connections), "channels": len(hub.channels)}
        row |= {name: transports[name] for name in TRANSPORTS}
        row["memory"] = self._process.memory_bytes()
        columns = {"time": [int(now * 1000)], **{name: [number] for name, number in row.items()}}
        hub.publish_own(RATES, _encode(columns), now)

    def _connections(self) -> list[dict[str, object]]:
        newest = islice(reversed(self._hub.connections.values()), MOST_ROWS)
        return [_connection(connection) for connection in newest if connection.has_started]

    def _channels(self) -> list[dict[str, object]]:
        shown = (channel for name, channel in self._hub.channels.items() if not is_about_hub(name))
        largest = heapq.nlargest(
            MOST_ROWS, shown, key=lambda channel: (len(channel.cursors), channel.log.top)
        )
        tops, self._tops = self._tops, {channel.name: channel.log.top for channel in largest}
        return [_channel(channel, tops.get(channel.name)) for channel in largest]

    def _publish_table(self, name: str, rows: Sequence[dict[str, object]], now: float) -> None:
        channel = self._hub.channel(name)
        assert isinstance(channel.kind, Table)
        channel.kind.declare(KEYS[name])
        if not rows:
            self._forget(name, now)
            return
        columns = {column: [row[column] for row in rows] for column in rows[0]}
        # The table finds out itself what has changed, and passes on no more.
        self._hub.publish_own(name, _encode({"replace": True, "upsert": columns}), now)

    def _forget(self, name: str, now: float) -> None:
        """Take all rows away: who looks next is not to see what was."""
        channel = self._hub.channels.get(name)
        if channel is not None and isinstance(channel.kind, Table) and channel.kind.key is not None:
            self._hub.publish_own(name, _encode({"replace": True, "upsert": {KEYS[name]: []}}), now)


def _connection(connection: Connection) -> dict[str, object]:
    cursors = connection.cursors.values()
    behind = (cursor.channel.log.top - cursor.offset for cursor in cursors if cursor.visible)
    return {
        "client": connection.client,
        "user": connection.info.user,
        "name": connection.author.name,
        "transport": connection.transport,
        "channels": len(cursors),
        "behind": max(behind, default=0),
    }


def _channel(channel: Channel, top: int | None) -> dict[str, object]:
    cursors = channel.cursors.values()
    newest = channel.log.top
    behind = (newest - cursor.offset for cursor in cursors if cursor.visible)
    return {
        "channel": channel.name,
        "readers": len(cursors),
        "rate": 0 if top is None else max(0, newest - top),
        "behind": max(behind, default=0),
        "KiB": -(-channel.log.size // 1024),
    }
