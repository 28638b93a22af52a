"""What the hub does, in figures for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from ..core import Hub
from ..core.commands.call import ENDS
from ..core.figures import KINDS, TRANSPORTS
from ..protocol import codes
from .exposition import Family, buckets, by, histogram, one

# Powers of two, from 64 bytes to 4 MiB.
_SIZES = range(6, 23, 2)
# A reader that is at least so many publications behind.
_BEHIND = (1, 10, 100, 1_000)


def hub_families(hub: Hub) -> Iterator[Family]:
    """Yield the figures of a hub."""
    figures = hub.figures
    yield by("rtwidgets_info", "gauge", "The program.", "version", {hub.version: 1})
    transports = Counter(connection.transport for connection in hub.connections.values())
    yield by(
        "rtwidgets_connections",
        "gauge",
        "WebSocket connections now.",
        "transport",
        {name: transports[name] for name in TRANSPORTS},
    )
    kinds = Counter(channel.namespace.kind for channel in hub.channels.values())
    yield by("rtwidgets_channels", "gauge", "Channels now.", "kind", {kind: kinds[kind] for kind in KINDS})
    yield from _readers(hub)
    yield one("rtwidgets_history_bytes", "gauge", "Bytes in all logs now.", hub.budget.used)
    yield one("rtwidgets_state_bytes", "gauge", "Bytes of all rows, values and chats now.", hub.budget.kept)
    for name, text, number in (
        ("received_messages", "Messages of clients.", figures.received_messages),
        ("received_bytes", "Bytes in messages of clients.", figures.received_bytes),
        ("sent_messages", "Messages to clients.", figures.sent_messages),
        ("sent_bytes", "Bytes in messages to clients.", figures.sent_bytes),
        ("delivered_publications", "Publications that went to readers.", figures.delivered),
        ("conflated_publications", "Publications that were merged into a later one.", figures.conflated),
        ("skipped_publications", "Publications that readers lost, and were told so.", figures.skipped),
    ):
        yield one(f"rtwidgets_{name}_total", "counter", text, number)
    yield by(
        "rtwidgets_publications_total",
        "counter",
        "Publications that channels took.",
        "kind",
        {kind: figures.published[kind] for kind in KINDS},
    )
    counts = list(accumulate(figures.sent_sizes))
    yield buckets(
        "rtwidgets_flush_bytes",
        "Size of messages to clients.",
        ((2**power, counts[power]) for power in _SIZES),
        counts[-1],
        figures.sent_bytes,
    )
    yield by(
        "rtwidgets_recoveries_total",
        "counter",
        "Subscriptions that asked to resume.",
        "outcome",
        figures.recoveries,
    )
    yield by(
        "rtwidgets_calls_total",
        "counter",
        "Calls of commands.",
        "outcome",
        {end: figures.calls[end] for end in (*ENDS, "away")},
    )
    yield histogram("rtwidgets_call_seconds", "Time that calls took.", figures.call_seconds)
    yield by(
        "rtwidgets_errors_total",
        "counter",
        "Replies that were errors.",
        "code",
        {str(code): figures.errors[code] for code in codes.ERRORS},
    )
    yield by(
        "rtwidgets_disconnects_total",
        "counter",
        "Connections that the hub ended.",
        "code",
        {str(code): figures.disconnects[code] for code in codes.DISCONNECTS},
    )
    # Only names of limits: nothing that a client says becomes a label.
    yield by(
        "rtwidgets_refused_total",
        "counter",
        "What a limit refused, cut off or made wait.",
        "limit",
        {**dict.fromkeys(hub.rules.limits.__struct_fields__, 0), **hub.refused},
    )


def _readers(hub: Hub) -> Iterator[Family]:
    """Yield how far readers are behind now; looked up when asked for, so that delivery need not count it."""
    subscriptions: Counter[str] = Counter()
    hidden, most = 0, 0
    behind = dict.fromkeys(_BEHIND, 0)
    for channel in hub.channels.values():
        top = channel.log.top
        subscriptions[channel.namespace.kind] += len(channel.cursors)
        for cursor in channel.cursors.values():
            if not cursor.visible:
                hidden += 1
            elif cursor.offset < top:
                lag = top - cursor.offset
                most = max(most, lag)
                for bound in _BEHIND:
                    behind[bound] += lag >= bound
    yield by(
        "rtwidgets_subscriptions",
        "gauge",
        "Subscriptions now.",
        "kind",
        {kind: subscriptions[kind] for kind in KINDS},
    )
    yield one("rtwidgets_hidden_subscriptions", "gauge", "Subscriptions that nobody looks at now.", hidden)
    yield by(
        "rtwidgets_readers_behind",
        "gauge",
        "Readers that are at least so many publications behind now.",
        "publications",
        {str(bound): count for bound, count in behind.items()},
    )
    yield one("rtwidgets_cursor_lag_max", "gauge", "Publications that the slowest reader is behind.", most)
