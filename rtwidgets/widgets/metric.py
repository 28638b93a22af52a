"""LiveMetric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..client.durations import Duration
from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import SEE

if TYPE_CHECKING:
    from ..client.streams import Stream

REDUCTIONS = ("last", "mean", "min", "max", "sum", "count")
FORMATS = ("number", "compact", "bytes")


class LiveMetric(LiveWidget):
    """One number of a stream, large.

    Args:
        stream: The stream to read.
        column: The column of numbers.
        reduce: What is shown of the values: ``"last"``, ``"mean"``, ``"min"``, ``"max"``, ``"sum"`` or
            ``"count"``.
        window: Over which time, such as ``"1m"``; None takes all since the beginning of what the hub keeps.
        sparkline: Whether a small line shows how it went.
        title: Above the number; None takes the column's name.
        unit: Behind the number, such as ``"%"``.
        format: ``"number"``, ``"compact"`` (1.2M) or ``"bytes"`` (1.2 MiB).
        digits: Decimals; None shows as many as read well.
        max_hz: Updates a second that are enough; None takes as many as a page draws. Fewer are calmer to read
            and cost hub and page less: all rows count, they come in larger batches.

    Raises:
        ChannelError: If ``stream`` is not a stream.
        ValueError: If an option can't be used; the message says what can.
    """

    panel_rows = 3

    def __init__(
        self,
        stream: Stream,
        column: str,
        *,
        reduce: str = "last",
        window: Duration | None = None,
        sparkline: bool = True,
        title: str | None = None,
        unit: str | None = None,
        format: str = "number",
        digits: int | None = None,
        max_hz: float | None = None,
    ) -> None:
        channel = take_channel("LiveMetric", stream, "stream")
        chosen = {
            "column": options.column_name("column", column),
            "reduce": options.choice("reduce", reduce, REDUCTIONS),
            "window_ms": options.window_ms(window),
            "sparkline": bool(sparkline),
            "title": options.text("title", title),
            "unit": options.text("unit", unit),
            "format": options.choice("format", format, FORMATS),
            "digits": options.digits(digits),
            "max_hz": options.max_hz(max_hz),
        }
        summary = summary_of(f"{channel.name}, {column!r}", reduce=reduce)
        super().__init__("metric", channel.hub, {"data": channel.name}, {channel.name: SEE}, chosen, summary)
