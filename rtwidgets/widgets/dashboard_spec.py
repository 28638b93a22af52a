"""The value that says what a dashboard shows: read from peers, written for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from .panels import MAX_PANELS, Panel, settled

MAX_ID_CHARS = 64


class DashboardSpec(Struct, frozen=True):
    """A title and panels, and what a newer version may have written beside them.

    Args:
        title: Above the panels; empty for none.
        panels: In reading order.
        unread: Panels that can't be read here; they are written back as they were.
        more: Other fields.
    """

    title: str = ""
    panels: tuple[Panel, ...] = ()
    unread: tuple[object, ...] = ()
    more: dict[str, object] = field(default_factory=dict)

    def written(self) -> dict[str, object]:
        """Return the value to set."""
        panels = [msgspec.to_builtins(panel) for panel in self.panels]
        return {**self.more, "title": self.title, "panels": [*panels, *self.unread]}


def read_spec(value: object) -> DashboardSpec:
    """Read the value, whatever a peer has put there."""
    if not isinstance(value, dict):
        return DashboardSpec()
    title, items = value.get("title"), value.get("panels")
    panels: dict[str, Panel] = {}
    unread: list[object] = []
    for item in items if isinstance(items, list) else []:
        panel = _panel(item)
        if panel is None or panel.id in panels or len(panels) == MAX_PANELS:
            unread.append(item)
        else:
            panels[panel.id] = panel
    return DashboardSpec(
        title=title if isinstance(title, str) else "",
        panels=tuple(settled(panels.values())),
        unread=tuple(unread),
        more={name: item for name, item in value.items() if name not in ("title", "panels")},
    )


def _panel(item: object) -> Panel | None:
    try:
        panel = msgspec.convert(item, Panel)
    except msgspec.ValidationError:
        return None
    return panel if 0 < len(panel.id) <= MAX_ID_CHARS else None


def ids_for(specs: Sequence[dict[str, Any]], known: Sequence[Panel]) -> list[str]:
    """Return an id for each widget: the one it has already, so that pages keep what they show of it.

    A widget is known by its spec, or else by its kind and channels: then only an option has changed.
    """
    free = {panel.id: panel.spec for panel in known}
    ids: dict[int, str] = {}
    for same in (_same_spec, _same_channels):
        for number, spec in enumerate(specs):
            found = next((name for name in free if number not in ids and same(free[name], spec)), None)
            if found is not None:
                ids[number] = found
                del free[found]
    for number, spec in enumerate(specs):
        if number not in ids:
            ids[number] = new_id(spec["kind"], ids.values())
    return [ids[number] for number in range(len(specs))]


def _same_spec(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one == other


def _same_channels(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one.get("kind"), one.get("channels")) == (other.get("kind"), other.get("channels"))


def new_id(kind: str, taken: Collection[str]) -> str:
    """Return an id that no panel has: ``"chart"``, ``"chart-2"`` and so on."""
    name, number = kind, 1
    while name in taken:
        number += 1
        name = f"{kind}-{number}"
    return name
