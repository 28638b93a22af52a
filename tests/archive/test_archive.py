"""One suite over both archives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from rtwidgets.archive import Archive, Kept, open_archive
from rtwidgets.archive.base import PIECE
from rtwidgets.core.batch import Batch, Changes, Item, Place, Stored, Tail, Wanted
from rtwidgets.core.rules import KindName
from rtwidgets.errors import ConfigError

from .conftest import Open

ALL = Tail(size=1_000_000, since_ms=0, max_bytes=0, items=0)
NEVER = 2**62
_ids = count(1)


def batch(
    channel: str,
    before: int,
    *data: bytes,
    kind: KindName = "event",
    epoch: str = "ep",
    time_ms: int = 1_000,
    changes: Changes | None = None,
    producers: dict[bytes, int] | None = None,
    erased: dict[str, int] | None = None,
) -> Batch:
    return Batch(
        id=f"b{next(_ids)}",
        channel=channel,
        kind=kind,
        epoch=epoch,
        before=before,
        time_ms=time_ms,
        publications=list(data),
        changes=changes or {},
        producers=producers or {},
        erased=erased or {},
    )


async def commit(archive: Archive, *batches: Batch, most: int = 0) -> list[str | None]:
    return [None if fault is None else fault.message for fault in await archive.commit(batches, most)]


async def collected(pieces: AsyncIterator[Changes]) -> list[tuple[bytes, Item | None]]:
    return [entry async for piece in pieces for entry in piece.items()]


def wanted(**options: Any) -> Wanted:
    everything = {"after": 0, "before": NEVER, "from_ms": 0, "to_ms": NEVER, "limit": 1_000, "max_bytes": 0}
    return Wanted(**{**everything, **options})


async def test_what_was_committed_is_there_after_a_restart(opened: Open) -> None:
    archive = await opened()
    assert await archive.load("event:a", ALL) is None
    first = batch("event:a", 0, b'{"data":1}', b'{"data":"\xc3\xa9"}', producers={b"\0p": 7})
    assert await commit(archive, first, batch("event:b", 0, b"{}")) == [None, None]
    second = batch("event:a", 2, b'{"data":3}', time_ms=2_000, producers={b"\0p": 9, b"q": 1})
    assert await commit(archive, second) == [None]
    archive = await opened()
    assert await archive.load("event:a", ALL) == Stored(
        kind="event",
        epoch="ep",
        top=3,
        publications=[(1_000, b'{"data":1}'), (1_000, b'{"data":"\xc3\xa9"}'), (2_000, b'{"data":3}')],
        producers={b"\0p": 9, b"q": 1},
        last=second.id,
        place=Place(3, 0),
    )
    assert await archive.was_committed(second) and not await archive.was_committed(first)
    assert not await archive.was_committed(batch("event:none", 0))


@pytest.mark.parametrize(
    "name",
    [
        "event:a'; DROP TABLE channel; --",
        'event:"',
        "event:%",
        "event:\\",
        "event:a\x7f",
        "event:" + "x" * 249,
    ],
)
async def test_names_and_data_are_data(opened: Open, name: str) -> None:
    archive = await opened()
    texts = [b'"\\u0000"', b"'); DELETE FROM item; --", bytes(range(256))]
    changes: Changes = {text: Item(rank, text) for rank, text in enumerate(texts)}
    assert await commit(archive, batch(name, 0, *texts, changes=changes)) == [None]
    assert await commit(archive, batch("event:other", 0, b"1")) == [None]
    stored = await archive.load(name, ALL)
    assert stored is not None and [data for _, data in stored.publications] == texts
    assert await collected(archive.items(name, 0)) == list(changes.items())
    assert await archive.load(name.replace("event", "stream"), ALL) is None


async def test_batch_that_does_not_follow_is_refused_and_others_are_kept(opened: Open) -> None:
    archive = await opened()
    await commit(archive, batch("event:a", 0, b"1"))
    other = "the archive has other publications of 'event:a' than this hub"
    assert await commit(archive, batch("event:a", 0, b"2"), batch("event:b", 0, b"1")) == [other, None]
    assert await commit(archive, batch("event:a", 2, b"2")) == [other]
    assert await commit(archive, batch("event:a", 1, b"2", epoch="another")) == [other]
    assert await commit(archive, batch("event:c", 5, b"2")) == [other.replace("event:a", "event:c")]
    stored = await archive.load("event:a", ALL)
    assert stored is not None and stored.top == 1 and await archive.load("event:c", ALL) is None


async def test_number_of_channels_is_bounded(opened: Open) -> None:
    archive = await opened()
    batches = [batch(f"event:{n}", 0, b"1") for n in range(4)]
    faults = await archive.commit(batches, 3)
    assert [fault and fault.limit for fault in faults] == [None, None, None, "archive_channels"]
    assert await commit(archive, batch("event:0", 1, b"2"), most=3) == [None]


async def test_state_is_that_of_the_last_commit(opened: Open) -> None:
    archive = await opened()
    await commit(archive, batch("table:t", 0, b"1", changes={b"1": Item(1, b"a"), b'"k"': Item(2, b"b")}))
    await commit(
        archive, batch("table:t", 1, changes={b"1": None, b'"k"': Item(2, b"c"), b"": Item(0, b"h")})
    )
    archive = await opened()
    assert await collected(archive.items("table:t", 0)) == [(b"", Item(0, b"h")), (b'"k"', Item(2, b"c"))]
    assert await collected(archive.items("table:none", 0)) == []


async def test_large_state_comes_in_pieces_in_order(opened: Open) -> None:
    archive = await opened()
    # Ranks may be equal, as those of rows that one publication brought never are, but who knows.
    changes: Changes = {b"%05d" % n: Item(n // 3, b"x%d" % n) for n in range(2 * PIECE + 500)}
    await commit(archive, batch("table:t", 0, b"1", changes=changes))
    pieces = [piece async for piece in archive.items("table:t", 0)]
    assert [len(piece) for piece in pieces] == [PIECE, PIECE, 500]
    assert [entry for piece in pieces for entry in piece.items()] == list(changes.items())


async def test_only_the_newest_items_are_loaded_and_older_ones_are_read_back(opened: Open) -> None:
    archive = await opened()
    changes: Changes = {b"m%d" % n: Item(n, b"text %d" % n) for n in range(1, 31)}
    await commit(archive, batch("chat:c", 0, *([b"{}"] * 30), kind="chat", changes=changes))
    newest = await collected(archive.items("chat:c", 10))
    assert [key for key, _ in newest] == [b"m%d" % n for n in range(21, 31)]
    assert await archive.items_before("chat:c", b"m21", 3) == [b"text 20", b"text 19", b"text 18"]
    assert await archive.items_before("chat:c", b"m1", 3) == []
    assert await archive.items_before("chat:c", b"unknown", 3) == []
    assert await archive.items_before("chat:none", b"m1", 3) == []


@pytest.mark.parametrize(
    ("tail", "offsets"),
    [
        (ALL, [1, 2, 3, 4, 5, 6]),
        (Tail(size=2, since_ms=0, max_bytes=0, items=0), [5, 6]),
        (Tail(size=0, since_ms=0, max_bytes=0, items=0), []),
        (Tail(size=9, since_ms=2_000, max_bytes=0, items=0), [3, 4, 5, 6]),
        (Tail(size=9, since_ms=9_000, max_bytes=0, items=0), []),
        (Tail(size=9, since_ms=0, max_bytes=250, items=0), [5, 6]),
        (Tail(size=9, since_ms=0, max_bytes=10, items=0), [6]),
    ],
)
async def test_so_much_is_loaded_as_is_wanted(opened: Open, tail: Tail, offsets: list[int]) -> None:
    archive = await opened()
    for n in range(3):
        data = [b"%d" % offset + b" " * 100 for offset in (2 * n + 1, 2 * n + 2)]
        await commit(archive, batch("event:a", 2 * n, *data, time_ms=1_000 * n + 1_000))
    stored = await archive.load("event:a", tail)
    assert stored is not None and stored.top == 6
    assert [int(data) for _, data in stored.publications] == offsets


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"reverse": True}, [6, 5, 4, 3, 2, 1]),
        ({"after": 2, "before": 5}, [3, 4]),
        ({"after": 2, "limit": 2}, [3, 4]),
        ({"before": 5, "limit": 2, "reverse": True}, [4, 3]),
        ({"from_ms": 1_001}, [3, 4, 5, 6]),
        ({"to_ms": 2_000}, [1, 2]),
        ({"from_ms": 2_000, "to_ms": 2_001, "after": 3}, [4]),
        ({"from_ms": 9_000}, []),
        ({"max_bytes": 25}, [1, 2]),
        ({"max_bytes": 1, "reverse": True}, [6]),
    ],
)
async def test_publications_by_position_and_time(
    opened: Open, options: dict[str, Any], found: list[int]
) -> None:
    archive = await opened()
    for n in range(3):
        data = [b"%10d" % offset for offset in (2 * n + 1, 2 * n + 2)]
        await commit(archive, batch("event:a", 2 * n, *data, time_ms=1_000 * n + 1_000))
    await commit(archive, batch("event:b", 0, b"99"))
    assert [int(data) for data in await archive.read("event:a", wanted(**options))] == found
    assert await archive.read("event:none", wanted(**options)) == []


async def test_oldest_are_removed_in_pieces(opened: Open) -> None:
    archive = await opened()
    many = [b"12345"] * (PIECE + 10)
    changes: Changes = {b"old": Item(3, b"x"), b"young": Item(PIECE + 6, b"x")}
    await commit(archive, batch("chat:c", 0, *many, kind="chat", changes=changes))
    await commit(archive, batch("event:b", 0, b"1"))
    (kept, other) = await archive.survey(0)
    assert kept == Kept(kept.id, "chat:c", PIECE + 10, 1, 1_000, 5 * (PIECE + 10), True)
    assert await archive.trim(kept.id, PIECE + 6, items=True)
    assert not await archive.trim(kept.id, PIECE + 6, items=True)
    (kept, same) = await archive.survey(0)
    assert (kept.first, kept.bytes, kept.top, same) == (PIECE + 6, 25, PIECE + 10, other)
    assert [key for key, _ in await collected(archive.items("chat:c", 0))] == [b"young"]
    assert await archive.survey(kept.id) == [other]
    assert not await archive.trim(kept.id, PIECE + 11, items=False)
    (kept, _) = await archive.survey(0)
    assert (kept.first, kept.oldest_ms, kept.bytes, kept.has_items) == (None, None, 0, True)
    # What comes next follows behind what there was.
    assert await commit(archive, batch("chat:c", PIECE + 10, b"1", kind="chat")) == [None]
    stored = await archive.load("chat:c", ALL)
    assert stored is not None and (stored.top, len(stored.publications)) == (PIECE + 11, 1)


async def test_forgotten_channel_leaves_nothing(opened: Open) -> None:
    archive = await opened()
    await commit(archive, batch("event:a", 0, b"1", producers={b"p": 1}))
    (kept,) = await archive.survey(0)
    await archive.trim(kept.id, 2, items=False)
    await archive.forget(kept.id)
    assert await archive.survey(0) == [] and await archive.load("event:a", ALL) is None
    assert await commit(archive, batch("event:a", 0, b"1", epoch="new")) == [None]
    stored = await archive.load("event:a", ALL)
    assert stored is not None and (stored.epoch, stored.producers) == ("new", {})
    assert (await archive.survey(0))[0].id > kept.id


async def test_producers_that_are_gone_are_forgotten(opened: Open) -> None:
    archive = await opened()
    await commit(archive, batch("event:a", 0, b"1", producers={b"old": 1, b"both": 1}))
    await commit(archive, batch("event:a", 1, b"1", producers={b"both": 2}, time_ms=5_000))
    await archive.tidy(4_000)
    stored = await archive.load("event:a", ALL)
    assert stored is not None and stored.producers == {b"both": 2}


async def test_offset_of_a_time(opened: Open) -> None:
    archive = await opened()
    await commit(archive, batch("event:a", 0, b"1", b"2"))
    await commit(archive, batch("event:a", 2, b"3", time_ms=3_000))
    (kept,) = await archive.survey(0)
    found = [await archive.offset_at(kept.id, time_ms) for time_ms in (0, 1_000, 1_001, 3_000, 3_001)]
    assert found == [1, 1, 3, 3, None]


async def test_second_hub_is_kept_out(opened: Open, address: str) -> None:
    archive = await opened()
    second = open_archive(address)
    try:
        with pytest.raises(Exception, match="another hub"):
            await second.open()
    finally:
        await second.close()
    assert await commit(archive, batch("event:a", 0, b"1")) == [None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("attic", "begins with 'attic'"),
        ("sqlite://hub.db", "'sqlite:///path.db'"),
        ("sqlite:///", "'sqlite:///path.db'"),
        ("redis://:secret@host", "begins with 'redis'"),
    ],
)
def test_bad_address_is_explained_and_not_repeated(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        open_archive(text)
    assert "secret" not in str(error.value)


SAID = (
    b'{"data":{"type":"message","id":"a","text":"stays"},"offset":1}',
    b'{"data":{"type":"message","id":"b","text":"a secret"},"info":{"user":"ann"},"offset":2}',
    b'{"data":{"type":"edit","id":"b","text":"another secret"},"offset":3}',
)
GONE = b'{"data":{"type":"delete","id":"b"},"offset":4}'


async def test_a_deleted_message_is_erased_in_the_commit_that_deletes_it(opened: Open) -> None:
    archive = await opened()
    items: Changes = {b"a": Item(1, b"stays"), b"b": Item(2, b"a secret")}
    await commit(
        archive, batch("chat:a", 0, *SAID, kind="chat", changes=items), batch("chat:b", 0, *SAID, kind="chat")
    )
    gone = batch("chat:a", 3, GONE, kind="chat", changes={b"b": None}, erased={"b": 2})
    assert await commit(archive, gone) == [None]
    left = [
        SAID[0],
        b'{"data":{"type":"delete","id":"b"},"info":{"user":"ann"},"offset":2}',
        b'{"data":{"type":"delete","id":"b"},"offset":3}',
        GONE,
    ]
    assert await archive.read("chat:a", wanted()) == left
    assert await archive.read("chat:b", wanted()) == list(SAID)
    sizes = {kept.name: kept.bytes for kept in await archive.survey(0)}
    assert sizes == {"chat:a": sum(map(len, left)), "chat:b": sum(map(len, SAID))}


async def test_a_message_of_an_id_that_was_used_is_another_one_and_leaves_the_first_as_it_is(
    opened: Open,
) -> None:
    archive = await opened()
    first = batch(
        "chat:a", 0, b"1", kind="chat", changes={b"a": Item(1, b"of ann"), b"b": Item(2, b"of bob")}
    )
    again = batch("chat:a", 1, b"2", kind="chat", changes={b"a": Item(2, b"of mallory")})
    gone = batch("chat:a", 2, b"3", kind="chat", changes={b"a": None, b"b": None}, erased={"a": 2, "b": 2})
    assert await commit(archive, first) == [None]
    for later in (again, gone):
        assert await commit(archive, later) == [None]
        assert (b"a", Item(1, b"of ann")) in await collected(archive.items("chat:a", 10))
    assert await collected(archive.items("chat:a", 10)) == [(b"a", Item(1, b"of ann"))]
    edit = batch("chat:a", 3, b"4", kind="chat", changes={b"a": Item(1, b"of ann, better")})
    assert await commit(archive, edit) == [None]
    assert await collected(archive.items("chat:a", 10)) == [(b"a", Item(1, b"of ann, better"))]
