from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rtwidgets.widgets import pictures
from rtwidgets.widgets.pictures import MAX_FEED_BYTES, ROWS_PER_LINE, reduced, sort_order, take_pictures
from rtwidgets.widgets.thinning import averaged, in_window, thinned


class Channels:
    """Stands in for a hub: the state of channels by name, and which were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **states: Any) -> None:
        self.states = {name.replace("__", ":").replace("_of_", "/"): state for name, state in states.items()}
        self.asked: list[str] = []

        def read(_hub: Any, channels: Any) -> dict[str, Any]:
            names = list(channels)
            self.asked += names
            return {name: self.states[name] for name in names if name in self.states}

        monkeypatch.setattr(pictures, "read_snapshots", read)

    def picture(self, kind: str, channels: dict[str, Any], **options: Any) -> dict[str, Any]:
        hub: Any = None
        return take_pictures(hub, [{"kind": kind, "channels": channels, "options": options}])[0]


def test_chart_keeps_its_window_thinned_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 10_000
    batch: dict[str, list[Any]] = {
        "time": list(range(0, rows * 10, 10)),
        "who": ["a" if n % 2 else "b" for n in range(rows)],
        "n": [n % 97 for n in range(rows)],
    }
    batch["n"][8_001] = 1_000
    channels = Channels(monkeypatch, stream__x={"batches": [batch]})
    found = channels.picture("chart", {"data": "stream:x"}, x="time", y=["n"], by="who", window_ms=50_000)
    kept = found["data"]["batches"][0]
    assert min(kept["time"]) >= 49_990
    assert kept["time"] == sorted(kept["time"])
    assert ROWS_PER_LINE < len(kept["n"]) <= 2 * ROWS_PER_LINE
    assert 1_000 in kept["n"], "an outlier is what a chart is looked at for"


def test_chart_without_columns_finds_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [{"time": [n], "who": [f"w{n % 3}"], "n": [n]} for n in range(3_000)]
    channels = Channels(monkeypatch, stream__x={"batches": batches})
    kept = channels.picture("chart", {"data": "stream:x"}, x="time")["data"]["batches"][0]
    for who in ("w0", "w1", "w2"):
        assert 400 < kept["who"].count(who) <= ROWS_PER_LINE


def test_metric_keeps_its_number_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    batch: dict[str, list[Any]] = {"time": list(range(5_000)), "n": [*range(4_999), None]}
    channels = Channels(monkeypatch, stream__x={"batches": [batch]})
    found = channels.picture("metric", {"data": "stream:x"}, column="n", reduce="count")["data"]
    assert found["value"] == 4_999
    assert len(found["batches"][0]["n"]) <= ROWS_PER_LINE
    windowed = channels.picture("metric", {"data": "stream:x"}, column="n", reduce="min", window_ms=100)
    assert windowed["data"]["value"] == 4_899


@pytest.mark.parametrize(
    ("reduction", "value"), [("last", 2), ("mean", 2), ("min", 1), ("max", 3), ("sum", 6), ("count", 3)]
)
def test_reductions(reduction: str, value: float) -> None:
    assert reduced([1, None, 3, "text", 2], reduction) == value
    assert reduced([None], reduction) == (0 if reduction == "count" else None)


def test_table_keeps_its_first_rows_as_it_is_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"id": list(range(900)), "n": list(range(900)), "unseen": ["x"] * 900}
    channels = Channels(monkeypatch, table__x={"key": "id", "rows": rows})
    found = channels.picture("table", {"data": "table:x"}, sort="-n", columns=["n"])["data"]
    assert found["key"] == "id"
    assert found["of"] == 900
    assert found["rows"] == {"id": list(range(899, 399, -1)), "n": list(range(899, 399, -1))}


def test_rows_are_in_the_page_s_order() -> None:
    cells = ["b", None, 10, "A", 2, True]
    assert [cells[at] for at in sort_order({"c": cells}, "c")] == [True, 2, 10, "A", "b", None]
    assert [cells[at] for at in sort_order({"c": cells}, "-c")] == ["b", "A", 10, 2, True, None]
    assert sort_order({"c": cells}, "other") == [0, 1, 2, 3, 4, 5]


def test_chat_events_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = Channels(
        monkeypatch,
        chat__x={"messages": [{"id": str(n)} for n in range(300)], "more": True},
        event__x={"publications": [{"data": n} for n in range(300)]},
        value__x={"value": 7, "by": {"user": "ann"}},
        value__y={},
    )
    assert channels.picture("chat", {"chat": "chat:x"})["chat"]["messages"][-1] == {"id": "299"}
    assert len(channels.picture("log", {"events": "event:x"})["events"]["publications"]) == 200
    assert channels.picture("slider", {"value": "value:x"}) == {"value": {"value": 7}}
    assert channels.picture("slider", {"value": "value:y"}) == {"value": {}}
    assert channels.picture("slider", {"value": "value:nowhere"}) == {}


def test_feed_that_is_too_large_is_cut_further_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [{"id": str(n), "text": "x" * 10_000} for n in range(200)]
    channels = Channels(monkeypatch, chat__x={"messages": messages}, value__x={"value": "x" * 600_000})
    found = channels.picture("chat", {"chat": "chat:x"})
    assert len(found["chat"]["messages"]) == 40
    assert len(msgspec.json.encode(found)) < MAX_FEED_BYTES + 100
    assert channels.picture("slider", {"value": "value:x"}) == {}


def panel(id: str, spec: object) -> dict[str, Any]:
    return {"id": id, "x": 0, "y": 0, "w": 6, "h": 4, "spec": spec}


def test_dashboard_keeps_its_layout_and_its_session_s_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {"kind": "slider", "channels": {"value": "value:desk/limit"}, "options": {}}
    panels = [
        panel("mine", mine),
        panel("theirs", {**mine, "channels": {"value": "value:other/secret"}}),
        panel("root", {**mine, "channels": {"value": "value:desk"}}),
        panel("bad", {"kind": 7, "channels": "x"}),
    ]
    layout = {"value": {"title": "Desk", "panels": panels}}
    channels = Channels(
        monkeypatch,
        value__desk_of_dashboard=layout,
        value__desk_of_limit={"value": 5},
        value__other_of_secret={"value": "secret"},
    )
    found = channels.picture(
        "dashboard", {"layout": "value:desk/dashboard", "members": "event:desk/rtwidgets.members"}
    )
    assert found["layout"] == layout
    assert found["panels"]["mine"] == {"value": {"value": 5}}
    assert "theirs" not in found["panels"] and "root" not in found["panels"]
    assert sorted(channels.asked) == ["value:desk/dashboard", "value:desk/limit"], "nothing else is asked for"


@pytest.mark.parametrize(
    "options",
    [
        {"x": ["time"], "y": 7},
        {"y": [{}], "by": ["a"]},
        {"window_ms": "soon"},
        {"column": {}, "reduce": 7},
        {"y": ["nowhere"], "by": "nowhere"},
    ],
)
def test_options_that_a_peer_made_up_end_no_export(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    channels = Channels(monkeypatch, stream__x={"batches": [{"time": [1, 2], "n": [1, 2]}]})
    channels.picture("chart", {"data": "stream:x"}, **options)


def test_few_rows_stay_as_they_are() -> None:
    columns: dict[str, list[Any]] = {"time": [1, 2, 3], "n": [3, None, 1]}
    assert thinned(columns, "n", None, 4) == columns
    assert in_window(columns, "time", None) == columns
    assert in_window({"time": [], "n": []}, "time", 5) == {"time": [], "n": []}


def test_means_keep_to_the_middle() -> None:
    columns: dict[str, list[Any]] = {
        "time": list(range(1_000)),
        "n": [n % 2 * 10 for n in range(999)] + [None],
    }
    kept = averaged(columns, "n", 10)
    assert kept["time"] == [99, 199, 299, 399, 499, 599, 699, 799, 899, 999]
    assert kept["n"][:9] == [5.0] * 9
    assert averaged(columns, "nowhere", 10) == columns


def test_rows_without_a_number_thin_too() -> None:
    columns: dict[str, list[Any]] = {"time": list(range(100)), "n": [None] * 100}
    kept = thinned(columns, "n", None, 10)["time"]
    assert kept[0] == 0 and kept[-1] == 99 and len(kept) <= 10
