"""A table with an archive: what was not committed is taken back, what was committed is the whole table."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core.batch import Changes
from rtwidgets.core.kinds import Table

from .test_table import make_table, merged, snapshot_of, take


def random_change(random: Random) -> dict[str, Any]:
    keys: list[object] = [random.choice((1, 2, 3, "a", "b")) for _ in range(random.randrange(1, 4))]
    keys = list(dict.fromkeys(keys))
    column = random.choice(("x", "y", "z"))
    change: dict[str, Any] = {}
    if random.random() < 0.7:
        change["upsert"] = {
            "id": keys,
            column: [random.choice((None, 1, "text" * random.randrange(9)))] * len(keys),
        }
    if random.random() < 0.4:
        change["remove"] = [random.choice((1, 2, 3, "a", "b"))]
    if random.random() < 0.1:
        change["replace"] = True
    return change


def apply(table: Table, change: dict[str, Any], offset: int) -> int:
    return offset if take(table, change, offset) is None else offset + 1


@given(st.integers(0, 2**32))
def test_what_was_not_committed_leaves_no_trace(seed: int) -> None:
    random = Random(seed)
    table, twin = make_table(), make_table()
    table.journal()
    offset = 1
    for _ in range(random.randrange(1, 8)):
        changes = [random_change(random) for _ in range(random.randrange(1, 5))]
        if random.random() < 0.5:
            after = offset
            for change in changes:
                after = apply(table, change, after)
            table.undo(offset - 1)
        else:
            for change in changes:
                apply(twin, change, offset)
                offset = apply(table, change, offset)
            table.settle()
    assert table.changes() == {}
    assert msgspec.json.decode(snapshot_of(table)) == msgspec.json.decode(snapshot_of(twin))
    for after in range(offset):
        assert decoded(merged(table, after)) == decoded(merged(twin, after))
    assert (table._rows.bytes, table.recency.tombstones) == (twin._rows.bytes, twin.recency.tombstones)


@given(st.integers(0, 2**32))
def test_what_was_committed_after_all_is_as_if_it_had_never_been_taken_back(seed: int) -> None:
    random = Random(seed)
    table, twin = make_table(), make_table()
    table.journal()
    offset = 1
    for _ in range(random.randrange(1, 6)):
        before = offset - 1
        for change in [random_change(random) for _ in range(random.randrange(1, 5))]:
            apply(twin, change, offset)
            offset = apply(table, change, offset)
        changes = table.changes()
        table.undo(before)
        table.load(changes, offset - 1)
        assert decoded_rows(table) == decoded_rows(twin) and table._rows.bytes == twin._rows.bytes


def decoded_rows(table: Table) -> list[dict[str, Any]]:
    return rows_of(msgspec.json.decode(snapshot_of(table)))


@given(st.integers(0, 2**32))
def test_items_are_the_table(seed: int) -> None:
    random = Random(seed)
    table, offset = Table(), 1
    kept: Changes = {}
    table.journal()
    table.declare("id")
    for _ in range(random.randrange(1, 20)):
        offset = apply(table, random_change(random), offset)
        if random.random() < 0.5:
            kept.update(table.changes())
            table.settle()
    kept.update(table.changes())
    items = sorted(
        ((key, item) for key, item in kept.items() if item is not None), key=lambda entry: entry[1].rank
    )
    again = Table()
    for key, item in items:
        again.load({key: item}, offset - 1)
    before, after = (msgspec.json.decode(snapshot_of(each)) for each in (table, again))
    assert (before["key"], rows_of(before)) == (after["key"], rows_of(after))
    assert again._rows.bytes == table._rows.bytes
    assert merged(again, offset - 2) is None and merged(again, offset - 1) == b"{}"


def decoded(change: bytes | None) -> object:
    """Return a change; the order of what is removed says nothing."""
    if change is None:
        return None
    found = msgspec.json.decode(change)
    return {**found, "remove": sorted(map(str, found.get("remove", [])))}


def rows_of(snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    columns = snapshot["rows"]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
