from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtwidgets.core.kinds import Author, DataError, Table, recency
from rtwidgets.core.kinds.recency import place_behind
from rtwidgets.core.kinds.table_pieces import MAX_PIECE_ROWS
from rtwidgets.core.rules import MAX_TABLE_ROWS

from .peers import Peer, make_hub

encode = msgspec.json.encode


ANN = Author("ann", "Ann")


def take(table: Table, change: object, offset: int) -> bytes | None:
    return table.accept(encode(change), offset, 0, ANN)


BIG = 1 << 30


def snapshot_of(table: Table) -> bytes:
    return table.snapshot(0.0, BIG).data


def merged(table: Table, after: int) -> bytes | None:
    """What a reader gets that has everything up to an offset; None when that is not known."""
    if table.recency.forgotten > after:
        return None
    piece = table.piece(place_behind(after), BIG, is_part=False)
    assert piece.done is None
    return piece.data


def make_table() -> Table:
    table = Table()
    table.declare("id")
    return table


Rows = dict[Any, dict[str, Any]]


def apply(rows: Rows, change: dict[str, Any], key: str = "id") -> None:
    """What every subscriber does with a change."""
    upsert = change.get("upsert", {})
    for index, name in enumerate(upsert.get(key, [])):
        rows.setdefault(name, {}).update({column: cells[index] for column, cells in upsert.items()})
    for gone in change.get("remove", []):
        rows.pop(gone, None)


def rows_of(snapshot: bytes) -> Rows:
    found = msgspec.json.decode(snapshot)
    rows: Rows = {}
    apply(rows, {"upsert": found["rows"]}, found["key"])
    return rows


def full(rows: Rows) -> Rows:
    """Rows with their nulls left out: a missing cell and a null one are the same."""
    return {key: {n: v for n, v in row.items() if v is not None} for key, row in rows.items()}


def test_rows_that_come_merged_keep_their_order() -> None:
    table = make_table()
    take(table, {"upsert": {"id": ["a", "b", "c", "d"], "x": [1, 2, 3, 4]}}, 1)
    take(table, {"upsert": {"id": ["b", "a"], "x": [5, 6]}}, 2)
    take(table, {"remove": ["c"], "upsert": {"id": ["e"], "x": [7]}}, 3)
    take(table, {"upsert": {"id": ["c"], "x": [8]}}, 4)
    change = msgspec.json.decode(merged(table, 0) or b"")
    assert change["upsert"]["id"] == ["a", "b", "d", "e", "c"] == list(rows_of(snapshot_of(table)))


keys = st.integers(0, 5) | st.sampled_from(["a", "b"])
cell_columns = st.sampled_from([("id",), ("id", "x"), ("id", "y"), ("id", "x", "y")])


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if draw(st.booleans()):
        names = draw(cell_columns)
        ids = draw(st.lists(keys, max_size=4, unique=True))
        change["upsert"] = {n: ids if n == "id" else [draw(st.integers(0, 3)) for _ in ids] for n in names}
    if draw(st.booleans()):
        change["remove"] = draw(st.lists(keys, max_size=3))
    if draw(st.integers(0, 4)) == 0 and "upsert" in change:
        change.pop("remove", None)
        change["replace"] = True
    return change


@settings(max_examples=300)
@given(st.lists(changes(), max_size=12), st.data())
def test_every_reader_ends_with_the_table(steps: list[dict[str, Any]], data: st.DataObject) -> None:
    """A reader of each change, a late joiner and a late reader by one merged change see the same rows."""
    table = make_table()
    live: Rows = {}
    states: list[Rows] = [{}]
    offset = 0
    for step in steps:
        logged = take(table, step, offset + 1)
        if logged is None:
            continue
        offset += 1
        apply(live, msgspec.json.decode(logged))
        states.append({key: dict(row) for key, row in live.items()})
    snapshot = rows_of(snapshot_of(table))
    assert full(snapshot) == full(live)
    late = data.draw(st.integers(0, offset))
    rows = states[late]
    change = merged(table, late)
    assert change is not None
    apply(rows, msgspec.json.decode(change))
    assert full(rows) == full(live)


def test_replace_logs_the_difference_only() -> None:
    table = make_table()
    take(table, {"upsert": {"id": [1, 2, 3], "x": [1, 2, 3]}}, 1)
    logged = take(table, {"replace": True, "upsert": {"id": [2, 3], "x": [2, 9]}}, 2)
    assert logged is not None
    assert msgspec.json.decode(logged) == {"upsert": {"id": [3], "x": [9]}, "remove": [1]}


def test_replace_with_the_same_rows_changes_nothing() -> None:
    table = make_table()
    same = {"upsert": {"id": [1], "x": [1]}}
    take(table, same, 1)
    assert take(table, {"replace": True, **same}, 2) is None


def test_replace_tells_whole_numbers_fractions_and_booleans_apart() -> None:
    table = make_table()
    take(table, {"upsert": {"id": [1, 2, 3], "ok": [1, 0, 2]}}, 1)
    logged = table.accept(b'{"replace":true,"upsert":{"id":[1,2,3],"ok":[true,false,2.0]}}', 2, 0, ANN)
    assert logged is not None
    assert b"[true,false,2.0]" in logged
    same = b'{"replace":true,"upsert":{"id":[1,2,3],"ok":[true,false,2]}}'
    assert table.accept(same, 3, 0, ANN) == b'{"upsert":{"id":[3],"ok":[2]}}'


def test_columns_are_bounded() -> None:
    table = make_table()
    with pytest.raises(DataError, match="at most 256 columns"):
        take(table, {"upsert": {"id": [1], **{f"c{n}": [1] for n in range(256)}}}, 1)


def test_rows_of_a_publication_are_bounded_and_what_replaces_the_table_goes_in_one() -> None:
    table = make_table()
    most, more = list(range(MAX_TABLE_ROWS)), list(range(MAX_TABLE_ROWS + 1))
    assert take(table, {"upsert": {"id": most, "x": most}}, 1) and take(table, {"remove": most}, 2)
    for change in ({"upsert": {"id": more}}, {"upsert": {"id": [1], "x": more}}, {"remove": more}):
        with pytest.raises(DataError, match=r"at most 2000 rows.*has 2001: send them in several"):
            take(table, change, 3)
    assert rows_of(snapshot_of(table)) == {}
    assert take(table, {"replace": True, "upsert": {"id": more}}, 3)
    assert len(rows_of(snapshot_of(table))) == len(more)


def test_a_piece_has_so_many_rows_however_small_they_are() -> None:
    table, count = make_table(), 0
    while count <= MAX_PIECE_ROWS:
        take(
            table, {"upsert": {"id": list(range(count, count + MAX_TABLE_ROWS))}}, count // MAX_TABLE_ROWS + 1
        )
        count += MAX_TABLE_ROWS
    first = table.piece(place_behind(0), BIG, is_part=False)
    change = msgspec.json.decode(first.data)
    assert len(change["upsert"]["id"]) == MAX_PIECE_ROWS and change["more"] and first.done == 2
    rest = table.piece(first.place, BIG, is_part=True)
    assert msgspec.json.decode(rest.data)["upsert"]["id"] == list(range(MAX_PIECE_ROWS, count))
    assert rest.done is None


def test_of_two_rows_with_one_key_the_last_counts_and_is_weighed() -> None:
    table, twin = make_table(), make_table()
    take(table, {"upsert": {"id": [1, 2, 1], "x": ["a", "b", "größer"]}}, 1)
    take(twin, {"upsert": {"id": [2, 1], "x": ["b", "größer"]}}, 1)
    assert rows_of(snapshot_of(table)) == {1: {"id": 1, "x": "größer"}, 2: {"id": 2, "x": "b"}}
    assert table.size == twin.size


def test_weight_of_a_table_is_that_of_its_rows_in_whatever_company_they_came() -> None:
    texts = ["plain", "größer", "日本語", "🙂 big", [1, {"a": "ü"}], None, True, 1.5]
    together, single, mixed, gone = make_table(), make_table(), make_table(), make_table()
    change = {"upsert": {"id": list(range(len(texts))), "x": texts}}
    take(together, change, 1)
    for number, text in enumerate(texts):
        take(single, {"upsert": {"id": [number], "x": ["something else"]}}, 2 * number + 1)
        take(single, {"upsert": {"id": [number], "x": [text]}}, 2 * number + 2)
    take(mixed, {"upsert": {"id": [1, 3], "x": [3, 4]}}, 1)
    take(mixed, change, 2)
    assert together.size == single.size == mixed.size
    take(gone, change, 1)
    take(gone, {**change, "remove": list(range(len(texts)))}, 2)
    assert gone._rows.bytes == 0


def test_forgotten_removals_send_a_late_reader_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recency, "MAX_TOMBSTONES", 4)
    table = make_table()
    take(table, {"upsert": {"id": list(range(10))}}, 1)
    for number in range(6):
        take(table, {"remove": [number]}, 2 + number)
    assert merged(table, 1) is None
    change = merged(table, 5)
    assert change is not None
    assert msgspec.json.decode(change) == {"remove": [4, 5]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"upsert": {"x": [1]}}, "no key column 'id'; columns are 'x'"),
        ({"upsert": {"id": [1, 2], "x": [1]}}, "column 'x' has 1 cells, 'id' has 2"),
        ({"upsert": {"id": [None]}}, "a key must be"),
        ({"upsert": {"id": [[1]]}}, "a key must be"),
        ({"upsert": {"id": [True]}}, "a key must be"),
        ({"remove": [{}]}, "a key must be"),
        ({"rows": []}, "a table takes"),
        ([1], "a table takes"),
    ],
)
def test_bad_change_is_refused_and_leaves_the_table(change: object, words: str) -> None:
    table = make_table()
    take(table, {"upsert": {"id": [1], "x": [5]}}, 1)
    before = snapshot_of(table)
    with pytest.raises(DataError, match=words.replace("[", r"\[")):
        take(table, change, 2)
    assert snapshot_of(table) == before


def test_undeclared_table_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"rtwidgets\.declare"):
        take(Table(), {}, 1)


def test_second_key_is_refused() -> None:
    with pytest.raises(DataError, match="'id', not 'name'"):
        make_table().declare("name")


def test_changes_that_come_together_have_offsets_of_their_own() -> None:
    hub = make_hub()
    publisher = Peer(hub).connect()
    publisher.rpc("rtwidgets.declare", channel="table:t", key="id")
    frames = [
        b'{"id":%d,"publish":{"channel":"table:t","data":{"upsert":{"id":[%d]}}}}' % (60 + n, n)
        for n in (1, 2, 3)
    ]
    publisher.connection.receive(frames, 1.0)
    table = hub.channel("table:t").kind
    assert isinstance(table, Table)
    change = merged(table, 1)
    assert change is not None and msgspec.json.decode(change) == {"upsert": {"id": [2, 3]}}
