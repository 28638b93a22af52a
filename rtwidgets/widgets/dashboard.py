"""Dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ..core.roles import caps_of_session
from ..errors import ChannelError, ConflictError, PermissionDeniedError
from ..protocol import codes
from ..protocol.names import check_session
from . import options
from .base import LiveWidget
from .dashboard_spec import DashboardSpec, ids_for, new_id, read_spec
from .panel_moves import moved
from .panels import COLUMNS, MAX_PANELS, MAX_ROWS, Panel, last_place, settled, widths

if TYPE_CHECKING:
    from ..client.hub import Hub

DEFAULT_COLUMNS = 6
MAX_TITLE_CHARS = 200
# Taller ones take what is left of their row's height; a control would be a box around nothing.
FIXED_ROWS = 2
# Of several who change it at once each but one has to look again.
MAX_ATTEMPTS = 20


@dataclass(frozen=True)
class Span:
    """A widget of a dashboard's layout with a size of its own: ``rt.Span(chart, columns=8)``.

    Args:
        widget: The widget.
        columns: Its width, of the 12 columns; None takes its share of the row.
        rows: Its height, in rows of 40 pixels; None takes the height of the row.
    """

    widget: LiveWidget
    columns: int | None = field(default=None, kw_only=True)
    rows: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _whole("columns", self.columns, COLUMNS)
        _whole("rows", self.rows, MAX_ROWS)


Cell: TypeAlias = "LiveWidget | Span | Sequence[LiveWidget | Span]"
Row: TypeAlias = "LiveWidget | Span | Sequence[Cell]"


class Dashboard(LiveWidget):
    """A session's widgets on one page that all its members see; made with ``session.dashboard(...)``.

    What it shows is a value of the session: a change of anybody who may publish there, in Python or with the
    mouse, shows on all pages at once, and the last one counts.

    Args:
        hub: The hub of the session.
        session: The session's name.
        layout: Rows from top to bottom: each a list of widgets from left to right, or one widget; a list
            among them stands one below the other. They share the 12 columns evenly and are as high as the
            highest of them likes to be, controls in one row or two; ``rt.Span`` chooses another size. None
            shows the dashboard that the session has.
        title: Above it, at most 200 characters; None leaves the title it has.

    Raises:
        ChannelError: If a widget shows a channel or calls a command that is not of the session.
        TypeError: If the layout holds what is no widget.
        ValueError: If a row, or the dashboard, has no room for so many, or the title is too long.
        PermissionDeniedError: If we may not change the session's dashboard.
    """

    def __init__(
        self, hub: Hub, session: str, layout: Sequence[Row] | None = None, *, title: str | None = None
    ) -> None:
        self._session = check_session(session)
        self._key = hub.key
        options.text("title", title)
        if title is not None and len(title) > MAX_TITLE_CHARS:
            raise ValueError(
                f"title has {len(title)} characters; a dashboard's has at most {MAX_TITLE_CHARS}"
            )
        rows = None if layout is None else [_row(row) for row in layout]
        for span in (span for row in rows or [] for cell in row for span in cell):
            self._check(span.widget)
        self._value = hub.value(f"{session}/dashboard")
        channels = {"layout": self._value.name, "members": f"event:{session}/rtwidgets.members"}
        super().__init__(
            "dashboard",
            hub,
            channels,
            {},
            {},
            f"{session!r}, title={title!r}",
            patterns=caps_of_session("editor", session),
        )
        if rows is not None or title is not None:
            self._change(lambda spec: _laid_out(spec, rows, title))

    @property
    def layout(self) -> list[Panel]:
        """The panels that the dashboard shows now, in reading order."""
        return list(read_spec(self._value.get()).panels)

    def add(self, widget: LiveWidget, *, columns: int = DEFAULT_COLUMNS, rows: int | None = None) -> Panel:
        """Add a widget to the last row, where that has room, or below it, and return its panel.

        Args:
            widget: A widget of the session.
            columns: Its width, of the 12 columns.
            rows: Its height, in rows of 40 pixels; None takes what suits such a widget.
        """
        span = Span(widget, columns=columns, rows=rows)
        self._check(widget)
        name = ""

        def added(spec: DashboardSpec) -> DashboardSpec:
            nonlocal name
            _check_room(len(spec.panels) + 1)
            name = new_id(widget.spec["kind"], {panel.id for panel in spec.panels})
            x, y = last_place(spec.panels, columns)
            panel = Panel(name, x, y, columns, span.rows or widget.rows_in(columns), _spec_of(widget))
            return _with_panels(spec, settled([*spec.panels, panel]))

        return _named(self._change(added), name)

    def remove(self, panel: LiveWidget | str) -> None:
        """Take a widget, or the panel of this id, off the dashboard.

        Raises:
            ValueError: If it is not there.
        """

        def removed(spec: DashboardSpec) -> DashboardSpec:
            gone = _found(spec, panel)
            return _with_panels(spec, settled(other for other in spec.panels if other.id != gone.id))

        self._change(removed)

    def move(
        self,
        panel: LiveWidget | str,
        *,
        x: int | None = None,
        y: int | None = None,
        columns: int | None = None,
        rows: int | None = None,
    ) -> Panel:
        """Give a widget, or the panel of this id, another place or size, and return its panel.

        Panels in its way go below it, with their row when it comes from another one. What is left out stays.

        Args:
            panel: A widget of the dashboard, or the id of its panel.
            x: Columns left of it.
            y: Rows above it.
            columns: Its width, of the 12 columns.
            rows: Its height, in rows of 40 pixels.

        Raises:
            ValueError: If it is not there, or a number can't be used.
        """
        _whole("x", x, COLUMNS - 1, least=0)
        _whole("y", y, MAX_PANELS * MAX_ROWS, least=0)
        _whole("columns", columns, COLUMNS)
        _whole("rows", rows, MAX_ROWS)
        chosen = {"x": x, "y": y, "columns": columns, "rows": rows}
        changes = {name: number for name, number in chosen.items() if number is not None}
        name = ""

        def changed(spec: DashboardSpec) -> DashboardSpec:
            nonlocal name
            before = _found(spec, panel)
            name = before.id
            return _with_panels(spec, moved(spec.panels, msgspec.structs.replace(before, **changes)))

        return _named(self._change(changed), name)

    def _change(self, change: Callable[[DashboardSpec], DashboardSpec]) -> DashboardSpec:
        for _ in range(MAX_ATTEMPTS):
            version = self._value.version
            spec = change(read_spec(self._value.get()))
            try:
                self._value.set(spec.written(), if_version=version)
            except ConflictError:
                continue
            except PermissionDeniedError as error:
                text = f"we may not change the dashboard of {self._session!r}: its editors and owners may"
                raise PermissionDeniedError(error.code, text) from None
            return spec
        raise ConflictError(
            codes.CONFLICT,
            f"others changed the dashboard of {self._session!r} each of {MAX_ATTEMPTS} times: try again",
        )

    def _check(self, widget: object) -> None:
        if not isinstance(widget, LiveWidget):
            raise TypeError(
                f"a dashboard shows widgets such as rt.LiveChart(...), not a {type(widget).__name__}"
            )
        if isinstance(widget, Dashboard):
            raise TypeError("a dashboard can't be a panel of a dashboard: give it the widgets themselves")
        if widget.spec["hub"] != self._key:
            raise ChannelError(f"{widget!r} is of another hub than the session {self._session!r}")
        for target in widget.needs:
            kind, _, name = target.partition(":")
            if name.startswith(f"{self._session}/"):
                continue
            does, way_out = (
                ("calls", "@session.command") if kind == "command" else ("shows", f"session.{kind}")
            )
            raise ChannelError(
                f"{widget!r} {does} {name if kind == 'command' else target!r}, which is not of the session "
                f"{self._session!r}, so its members may have no right to it: use {way_out}"
            )


def _row(row: Row) -> list[list[Span]]:
    """Return the cells of a row, each with what stands one below the other in it."""
    return [[item if isinstance(item, Span) else Span(item) for item in _items(cell)] for cell in _items(row)]


def _items(given: Any) -> Sequence[Any]:
    return given if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _spec_of(widget: LiveWidget) -> dict[str, Any]:
    """Return what a panel shows; its hub is the dashboard's."""
    return {name: part for name, part in widget.spec.items() if name != "hub"}


def _laid_out(
    spec: DashboardSpec, rows: Sequence[Sequence[Sequence[Span]]] | None, title: str | None
) -> DashboardSpec:
    title = spec.title if title is None else title
    if rows is None:
        return msgspec.structs.replace(spec, title=title)
    spans = [span for row in rows for cell in row for span in cell]
    _check_room(len(spans))
    names = iter(ids_for([_spec_of(span.widget) for span in spans], spec.panels))
    panels, y = [], 0
    for row in rows:
        cells = [cell for cell in row if cell]
        shares = widths(
            [max((span.columns for span in cell if span.columns), default=None) for cell in cells]
        )
        heights = [
            [span.rows or span.widget.rows_in(columns) for span in cell]
            for cell, columns in zip(cells, shares, strict=True)
        ]
        height = max(map(sum, heights), default=0)
        x = 0
        for cell, columns, own in zip(cells, shares, heights, strict=True):
            grows = [i for i, span in enumerate(cell) if span.rows is None and own[i] > FIXED_ROWS]
            if grows:
                own[grows[-1]] += height - sum(own)
            top = y
            for span, high in zip(cell, own, strict=True):
                panels.append(Panel(next(names), x, top, columns, high, _spec_of(span.widget)))
                top += high
            x += columns
        y += height
    return DashboardSpec(title=title, panels=tuple(settled(panels)), more=spec.more)


def _with_panels(spec: DashboardSpec, panels: Sequence[Panel]) -> DashboardSpec:
    return msgspec.structs.replace(spec, panels=tuple(panels))


def _found(spec: DashboardSpec, panel: LiveWidget | str) -> Panel:
    shown = _spec_of(panel) if isinstance(panel, LiveWidget) else None
    for other in spec.panels:
        if panel == other.id or shown == other.spec:
            return other
    there = ", ".join(repr(other.id) for other in spec.panels) or "none"
    raise ValueError(f"the dashboard has no panel {panel!r}; its panels are {there}")


def _named(spec: DashboardSpec, name: str) -> Panel:
    return next(panel for panel in spec.panels if panel.id == name)


def _check_room(panels: int) -> None:
    if panels > MAX_PANELS:
        raise ValueError(f"a dashboard has room for {MAX_PANELS} panels, not {panels}: make a second session")


def _whole(name: str, value: object, most: int, *, least: int = 1) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
