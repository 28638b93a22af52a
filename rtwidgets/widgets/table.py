"""LiveTable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import SEE

if TYPE_CHECKING:
    from ..client.tables import Table


class LiveTable(LiveWidget):
    """The rows of a table: sorted, scrolled, and with changed cells lit up.

    Args:
        table: The table to show.
        columns: Columns to show, in this order; None shows all. Whoever looks may choose others.
        sort: A column to sort by, with ``-`` before it for the largest first; None leaves the order.
        title: Above the table; None takes the table's name.
        height: Greatest height of the rows in pixels.
        max_hz: Updates a second that are enough; None takes as many as a page draws. Fewer are calmer to read
            and cost hub and page less: changes of a row are merged on the way.

    Raises:
        ChannelError: If ``table`` is not a table.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self,
        table: Table,
        *,
        columns: str | Sequence[str] | None = None,
        sort: str | None = None,
        title: str | None = None,
        height: int = 360,
        max_hz: float | None = None,
    ) -> None:
        channel = take_channel("LiveTable", table, "table")
        names = options.column_names("columns", columns)
        if sort is not None:
            options.column_name("sort", options.column_name("sort", sort).removeprefix("-"))
        chosen = {
            "columns": names,
            "sort": sort,
            "title": options.text("title", title),
            "height": options.height_px(height),
            "max_hz": options.max_hz(max_hz),
        }
        summary = summary_of(channel.name, columns=names, sort=sort)
        super().__init__("table", channel.hub, {"data": channel.name}, {channel.name: SEE}, chosen, summary)
