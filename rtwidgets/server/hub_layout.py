"""The dashboard of the hub itself: what `/admin` shows, as data like any other dashboard."""

from __future__ import annotations

from typing import Any

from ..core.about_hub import CHANNELS, CONNECTIONS, RATES

# Rows of each table; with more there are, the page says so in its title.
MOST_ROWS = 200


def _metric(
    column: str, title: str, *, unit: str = "", style: str = "number", digits: int = 0
) -> dict[str, Any]:
    options = {"column": column, "title": title, "unit": unit, "format": style, "digits": digits}
    return {"kind": "metric", "channels": {"data": RATES}, "options": options}


def _chart(title: str, columns: list[str], kind: str = "line") -> dict[str, Any]:
    options = {"y": columns, "title": title, "window_ms": 120_000, "kind": kind, "height": 220}
    return {"kind": "chart", "channels": {"data": RATES}, "options": options}


def _table(channel: str, title: str, columns: list[str], sort: str) -> dict[str, Any]:
    options = {"columns": columns, "sort": sort, "title": title}
    return {"kind": "table", "channels": {"data": channel}, "options": options}


def layout(title: str) -> dict[str, Any]:
    """Return the dashboard: a row of numbers, two rows of charts, two tables."""
    numbers = [
        _metric("connections", "Connections"),
        _metric("published", "Published", unit="/s"),
        _metric("delivered", "Delivered", unit="/s"),
        _metric("sent bytes", "Sent per second", style="bytes", digits=1),
        _metric("cpu", "CPU", unit="%"),
        _metric("memory", "Memory", style="bytes", digits=0),
    ]
    charts = [
        _chart("Publications per second", ["published", "delivered", "conflated"]),
        _chart("Connections", ["direct", "relay", "client"]),
        _chart("Bytes per second", ["received bytes", "sent bytes"], "area"),
        _chart("Loop lag, ms", ["lag"], "area"),
    ]
    tables = [
        _table(
            CHANNELS,
            f"Channels (the {MOST_ROWS} with most readers)",
            ["channel", "readers", "rate", "behind", "KiB"],
            "-readers",
        ),
        _table(
            CONNECTIONS,
            f"Connections (the newest {MOST_ROWS})",
            ["name", "user", "transport", "channels", "behind", "client"],
            "-channels",
        ),
    ]
    panels = [_panel(f"n{i}", 2 * i, 0, 2, 3, spec) for i, spec in enumerate(numbers)]
    panels += [_panel(f"c{i}", 6 * (i % 2), 3 + 6 * (i // 2), 6, 6, spec) for i, spec in enumerate(charts)]
    panels += [_panel(f"t{i}", 6 * i, 15, 6, 9, spec) for i, spec in enumerate(tables)]
    return {"title": title, "panels": panels}


def _panel(name: str, x: int, y: int, w: int, h: int, spec: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "x": x, "y": y, "w": w, "h": h, "spec": spec}
