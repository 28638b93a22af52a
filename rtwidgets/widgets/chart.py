"""LiveChart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..client.durations import Duration
from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import SEE

if TYPE_CHECKING:
    from ..client.streams import Stream

KINDS = ("line", "area")


class LiveChart(LiveWidget):
    """Lines of a stream in a window that moves with time.

    Args:
        stream: The stream to draw.
        x: The column along the bottom; a column of times gives a time axis.
        y: The column or columns to draw. None takes the numeric ones; where there is a text column, the first
            of them, with a line for each text.
        by: A column whose values each get a line of their own; up to 12 lines are drawn.
        window: How much time is in sight, such as ``"5m"``; None shows all that the hub keeps. Without a time
            axis there is no window.
        title: Above the chart; None takes the stream's name.
        height: Height of the plot in pixels.
        kind: ``"line"`` or ``"area"``.
        max_hz: Updates a second that are enough; None takes as many as a page draws. Fewer are calmer to read
            and cost hub and page less: all rows come, in larger batches.

    Raises:
        ChannelError: If ``stream`` is not a stream.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        x: str = "time",
        y: str | Sequence[str] | None = None,
        by: str | None = None,
        window: Duration | None = "5m",
        title: str | None = None,
        height: int = 300,
        kind: str = "line",
        max_hz: float | None = None,
    ) -> None:
        channel = take_channel("LiveChart", stream, "stream")
        columns = options.column_names("y", y)
        chosen = {
            "kind": options.choice("kind", kind, KINDS),
            "x": options.column_name("x", x),
            "y": columns,
            "by": None if by is None else options.column_name("by", by),
            "window_ms": options.window_ms(window),
            "title": options.text("title", title),
            "height": options.height_px(height),
            "max_hz": options.max_hz(max_hz),
        }
        summary = summary_of(channel.name, x=x, y=columns, by=by)
        super().__init__("chart", channel.hub, {"data": channel.name}, {channel.name: SEE}, chosen, summary)
