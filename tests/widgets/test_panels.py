from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.widgets.panel_moves import moved
from rtwidgets.widgets.panels import COLUMNS, MAX_ROWS, Panel, last_place, settled, widths

# Read by the page's tests, too: both sides come to the same picture.
CASES = json.loads(Path(__file__).with_name("panel_cases.json").read_text())
MOVES = json.loads(Path(__file__).with_name("panel_moves.json").read_text())

numbers = st.integers(-20, 40)
panels = st.lists(
    st.builds(Panel, st.uuids().map(str), numbers, numbers, numbers, numbers),
    max_size=20,
    unique_by=lambda p: p.id,
)


def places(found: list[Panel]) -> dict[str, list[int]]:
    return {panel.id: [panel.x, panel.y, panel.columns, panel.rows] for panel in found}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_panels_settle_as_on_the_page(case: dict[str, Any]) -> None:
    given_ones = [Panel(name, *place) for name, place in case["given"].items()]
    assert list(places(settled(given_ones)).items()) == list(case["settled"].items())


@pytest.mark.parametrize("case", MOVES, ids=lambda case: case["name"])
def test_panels_are_moved_as_on_the_page(case: dict[str, Any]) -> None:
    given_ones = [Panel(name, *place) for name, place in case["given"].items()]
    found = moved(given_ones, Panel(case["id"], *case["to"]))
    assert list(places(found).items()) == list(case["moved"].items())


@given(panels)
def test_whatever_a_peer_writes_no_panel_covers_another_or_leaves_the_grid(given_ones: list[Panel]) -> None:
    found = settled(given_ones)
    assert {panel.id for panel in found} == {panel.id for panel in given_ones}
    cells: set[tuple[int, int]] = set()
    for panel in found:
        assert 0 <= panel.x <= COLUMNS - panel.columns
        assert 1 <= panel.rows <= MAX_ROWS
        own = {
            (panel.x + column, panel.y + row) for column in range(panel.columns) for row in range(panel.rows)
        }
        assert not own & cells
        cells |= own
    assert settled(found) == found


def test_panel_that_moves_down_changes_places_with_the_one_there() -> None:
    two = settled([Panel("a", 0, 0, 6, 8), Panel("b", 0, 8, 6, 4)])
    down = moved(two, Panel("a", 0, 8, 6, 8))
    assert places(down) == {"b": [0, 0, 6, 4], "a": [0, 4, 6, 8]}
    up = moved(down, Panel("a", 0, 0, 6, 8))
    assert places(up) == places(two)


def test_panel_that_grows_sends_others_down() -> None:
    two = settled([Panel("a", 0, 0, 6, 4), Panel("b", 6, 0, 6, 4)])
    assert places(moved(two, Panel("a", 0, 0, 8, 4))) == {"a": [0, 0, 8, 4], "b": [6, 4, 6, 4]}


def test_last_place_is_beside_what_is_in_the_last_row_when_there_is_room() -> None:
    there = settled([Panel("a", 0, 0, 6, 8), Panel("b", 6, 0, 6, 3)])
    assert last_place(there, 6) == (6, 3)
    assert last_place(there, 12) == (0, 8)
    assert last_place([], 4) == (0, 0)
    there = settled([*there, Panel("c", 0, 8, 6, 2)])
    assert last_place(there, 6) == (6, 8)


def test_columns_of_a_row_are_shared_out() -> None:
    assert widths([None, None]) == [6, 6]
    assert widths([None] * 5) == [3, 3, 2, 2, 2]
    assert widths([8, None]) == [8, 4]
    assert widths([3, 3]) == [3, 3]
    assert widths([]) == []
    for spans in ([8, 8], [12, None], [None] * 13):
        with pytest.raises(ValueError, match="a row has 12 columns"):
            widths(spans)


def test_panel_is_written_with_the_names_of_the_wire() -> None:
    assert msgspec.to_builtins(Panel("a", 1, 2, 3, 4)) == {
        "id": "a",
        "x": 1,
        "y": 2,
        "w": 3,
        "h": 4,
        "spec": {},
    }
