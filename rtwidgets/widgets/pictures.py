"""Pictures of widgets: by role of its channels what the hub tells a late joiner, cut to what a page shows.

A page keeps the same form in the trait ``snapshot`` (``js/src/lib/saved.ts``); here a kernel takes it from
the hub, whether a page is open or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ..client.frames import join_columns
from ..client.snapshots import read_snapshots
from ..protocol.names import namespace_of
from .dashboard_spec import read_spec
from .thinning import Columns, averaged, in_window, rows_of, thinned

if TYPE_CHECKING:
    from ..client.hub import Hub

Spec: TypeAlias = Mapping[str, Any]
Feeds: TypeAlias = dict[str, Any]

ROWS_PER_LINE = 600
TABLE_ROWS = 500
MESSAGES = 200
# Of one channel, as JSON: a cell or a message may be a megabyte by itself.
MAX_FEED_BYTES = 500_000
_SHARES = (1.0, 0.5, 0.2, 0.05, 0.01)


def take_pictures(hub: Hub, specs: Sequence[Spec]) -> list[Feeds]:
    """Return what the widgets of these specs show now.

    Raises:
        HubUnreachableError: If the hub does not answer.
        ReplyTimeoutError: If the state of their channels did not come in time.
    """
    layouts = read_snapshots(hub, (name for spec in specs for name in _layouts_of(spec)))
    panels = [_panels_of(spec, layouts) for spec in specs]
    wanted = [*specs, *(panel for found in panels for panel in found.values())]
    states = read_snapshots(hub, (name for spec in wanted for _, name in _channels_of(spec)))
    pictures = []
    for spec, inner in zip(specs, panels, strict=True):
        feeds = _feeds(spec, {**states, **layouts})
        if inner:
            feeds["panels"] = {id: _feeds(panel, states) for id, panel in inner.items()}
        pictures.append(feeds)
    return pictures


def _feeds(spec: Spec, states: Mapping[str, Any]) -> Feeds:
    options = spec.get("options")
    feeds: Feeds = {}
    for role, channel in _roles(spec):
        cut = _CUTS.get(namespace_of(channel))
        if cut is None or not isinstance(states.get(channel), dict):
            continue
        data = _fitted(cut, states[channel], options if isinstance(options, dict) else {})
        if data is not None:
            feeds[role] = data
    return feeds


def _fitted(cut: Cut, state: dict[str, Any], options: dict[str, Any]) -> Feeds | None:
    for share in _SHARES:
        try:
            data = cut(state, options, share)
        except (TypeError, ValueError, LookupError, AttributeError):
            # Options and data of a dashboard's panels are a peer's. The page says what is wrong with them.
            return None
        if len(msgspec.json.encode(data)) <= MAX_FEED_BYTES:
            return data
    return None


def _layouts_of(spec: Spec) -> Iterator[str]:
    if spec.get("kind") == "dashboard":
        yield from (channel for role, channel in _roles(spec) if role == "layout")


def _panels_of(spec: Spec, layouts: Mapping[str, Any]) -> dict[str, Spec]:
    """Return the specs of a dashboard's panels, without those that show what is not of its session.

    Peers write layouts: a panel of theirs must not bring another channel into our file.
    """
    for layout in _layouts_of(spec):
        session = layout.partition(":")[2].rpartition("/")[0]
        found = read_spec((layouts.get(layout) or {}).get("value"))
        return {panel.id: panel.spec for panel in found.panels if _is_of(session, panel.spec)}
    return {}


def _is_of(session: str, spec: Spec) -> bool:
    return all(channel.partition(":")[2].startswith(f"{session}/") for _, channel in _roles(spec))


def _channels_of(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield role and channel of what is read for a widget: not who is there, which is of the moment."""
    for role, channel in _roles(spec):
        if role != "layout" and not channel.endswith("/rtwidgets.members") and namespace_of(channel) in _CUTS:
            yield role, channel


def _roles(spec: Spec) -> list[tuple[str, str]]:
    channels = spec.get("channels")
    items = channels.items() if isinstance(channels, Mapping) else ()
    return [(role, channel) for role, channel in items if isinstance(channel, str)]


# By kind of channel -------------------------------------------------------------------


def _stream(state: dict[str, Any], options: dict[str, Any], share: float) -> Feeds:
    x = options.get("x", "time")
    rows: Columns = join_columns(state.get("batches", ()))
    rows = in_window(rows, x, options.get("window_ms"))
    y = options.get("column") or next(iter(options.get("y") or ()), None) or _first(rows, x, int | float)
    by = options.get("by") or _first(rows, x, str)
    most = max(4, round(ROWS_PER_LINE * share))
    if "reduce" not in options:
        return {"batches": [thinned(rows, y, by, most)]}
    kept = averaged(rows, y or "", most) if options["reduce"] == "mean" else thinned(rows, y, None, most)
    return {"batches": [kept], "value": reduced(rows.get(y or "", ()), options["reduce"])}


def _first(rows: Columns, x: str, kind: Any) -> str | None:
    """Return the first column that holds cells of a kind, as a chart chooses it."""
    for name, cells in rows.items():
        cell = next((cell for cell in cells if cell is not None), None)
        if name != x and isinstance(cell, kind) and not isinstance(cell, bool):
            return name
    return None


def reduced(cells: Sequence[Any], reduction: str) -> float | None:
    """Return the one number that a metric makes of a column; None where there is none."""
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    if reduction == "count":
        return len(numbers)
    if not numbers:
        return None
    match reduction:
        case "mean":
            return sum(numbers) / len(numbers)
        case "sum":
            return sum(numbers)
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case _:
            return numbers[-1]


def _table(state: dict[str, Any], options: dict[str, Any], share: float) -> Feeds:
    rows: Columns = state.get("rows") or {}
    key, sort = state.get("key"), str(options.get("sort") or "")
    order = sort_order(rows, sort)
    columns = options.get("columns")
    named = {key, sort.removeprefix("-"), *columns} if columns else set(rows)
    shown = {name: cells for name, cells in rows.items() if name in named}
    first = order[: max(1, round(TABLE_ROWS * share))]
    return {"key": key, "rows": rows_of(shown, first), "of": len(order)}


def sort_order(rows: Columns, sort: str) -> list[int]:
    """Return the rows' indices as a table shows them: numbers before texts, what is missing last."""
    count = len(next(iter(rows.values()), ()))
    cells = rows.get(sort.removeprefix("-"))
    if cells is None:
        return list(range(count))
    there = [at for at in range(count) if cells[at] is not None]
    missing = [at for at in range(count) if cells[at] is None]
    return sorted(there, key=lambda at: _rank(cells[at]), reverse=sort.startswith("-")) + missing


def _rank(cell: Any) -> tuple[int, float, str]:
    if isinstance(cell, int | float):
        return 0, cell, ""
    return 1, 0.0, cell.lower() if isinstance(cell, str) else str(cell)


def _value(state: dict[str, Any], options: dict[str, Any], share: float) -> Feeds:
    return {"value": state["value"]} if "value" in state else {}


def _newest(name: str) -> Cut:
    def cut(state: dict[str, Any], options: dict[str, Any], share: float) -> Feeds:
        return {name: (state.get(name) or [])[-max(1, round(MESSAGES * share)) :]}

    return cut


Cut: TypeAlias = Callable[[dict[str, Any], dict[str, Any], float], Feeds]
_CUTS: dict[str, Cut] = {
    "stream": _stream,
    "table": _table,
    "value": _value,
    "chat": _newest("messages"),
    "event": _newest("publications"),
}
