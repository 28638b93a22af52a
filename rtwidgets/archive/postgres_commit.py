"""Writing batches into PostgreSQL: all rows of a table in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ..core.batch import ArchiveFault, Batch, Changes, Stored, make_mark, read_mark
from ..core.erasing import erased, sign_of
from . import postgres_sql as sql
from .base import OtherPublications, too_many_channels


async def keep(connection: Any, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
    """Write batches; return the fault of each that does not fit to what is there."""
    known = {row[0]: row[1:] for row in await connection.fetch(sql.KNOWN, [b.channel for b in batches])}
    ids: dict[str, int] = {name: row[0] for name, row in known.items()}
    faults: dict[str, ArchiveFault | None] = {}
    new: list[Batch] = []
    past: list[Batch] = []
    for batch in batches:
        name = batch.channel
        if name not in known:
            if batch.before:
                faults[name] = OtherPublications(name)
            else:
                new.append(batch)
            continue
        _, epoch, mark, top = known[name]
        if epoch == batch.epoch and mark == batch.mark:
            faults[name] = None
        elif (epoch, top) != (batch.epoch, batch.before) or batch.after not in ("", read_mark(mark, top)[0]):
            faults[name] = OtherPublications(name)
            if epoch == batch.epoch and batch.publications:
                past.append(batch)
    if past:
        newest = [(ids[b.channel], b.last, data) for b in past for data in _forms(b)]
        there = {id for (id,) in await connection.fetch(sql.HAS, *_columns(newest))}
        faults.update({b.channel: None for b in past if ids[b.channel] in there})
    if new and max_channels:
        room = max_channels - await connection.fetchval(sql.COUNT)
        for batch in new[max(0, room) :]:
            faults[batch.channel] = too_many_channels(max_channels)
        new = new[: max(0, room)]
    good = [batch for batch in batches if batch.channel not in faults]
    if new:
        rows = [(b.channel, b.kind, b.epoch, b.last, b.mark, _size(b)) for b in new]
        ids.update(map(tuple, await connection.fetch(sql.ADD_CHANNELS, *_columns(rows))))
    moved = [(ids[b.channel], b.last, b.mark, _size(b)) for b in good if b.channel in known]
    await _each(connection, sql.MOVE_CHANNELS, moved)
    for batch in good:
        for message_id, offset in batch.erased.items():
            await _erase(connection, ids[batch.channel], message_id, offset)
    await _each(
        connection,
        sql.ADD_PUBLICATIONS,
        [
            (ids[b.channel], offset, b.time_ms, data)
            for b in good
            for offset, data in zip(count(b.before + 1), b.publications, strict=False)
        ],
    )
    for put, chats in ((sql.PUT_ITEMS, False), (sql.PUT_MESSAGES, True)):
        await _put(
            connection, put, [(ids[b.channel], b.changes) for b in good if (b.kind == "chat") == chats]
        )
    await _each(connection, sql.REMOVE_ITEMS, [(ids[b.channel], *gone) for b in good for gone in b.gone])
    await _each(
        connection,
        sql.PUT_PRODUCERS,
        [(ids[b.channel], key, seq, b.time_ms) for b in good for key, seq in b.producers.items()],
    )
    return [faults.get(batch.channel) for batch in batches]


def _forms(batch: Batch) -> list[bytes]:
    """Return what may be there of a batch's last publication: a message may have been deleted meanwhile."""
    data = batch.publications[-1]
    without = erased(data) if batch.kind == "chat" else None
    return [data] if without is None else [data, without]


async def _erase(connection: Any, channel: int, message_id: str, offset: int) -> None:
    """Take what a message said out of the publications from an offset on."""
    found = await connection.fetch(sql.TELLING, channel, offset, sign_of(message_id))
    changed = [(channel, at, without) for at, data in found if (without := erased(data, (message_id,)))]
    await _each(connection, sql.CHANGE_PUBLICATIONS, changed)
    sizes = {at: len(data) for at, data in found}
    await connection.execute(sql.SHRINK, channel, sum(sizes[at] - len(without) for _, at, without in changed))


async def adopt(connection: Any, channel: str, stored: Stored, items: Changes) -> None:
    """Write a channel as it was elsewhere, unless it is there."""
    if await connection.fetchval(sql.ID, channel) is not None:
        return
    size = sum(len(data) for _, data in stored.publications)
    row = (channel, stored.kind, stored.epoch, stored.top, make_mark(stored.last, stored.place), size)
    ((_, id),) = await connection.fetch(sql.ADD_CHANNELS, *_columns([row]))
    first = stored.top - len(stored.publications) + 1
    rows = [(id, offset, *entry) for offset, entry in enumerate(stored.publications, first)]
    await _each(connection, sql.ADD_PUBLICATIONS, rows)
    await _put(connection, sql.PUT_ITEMS, [(id, items)])
    newest_ms = stored.publications[-1][0] if stored.publications else 0
    producers = [(id, key, seq, newest_ms) for key, seq in stored.producers.items()]
    await _each(connection, sql.PUT_PRODUCERS, producers)


async def _put(connection: Any, statement: str, changes: Sequence[tuple[int, Changes]]) -> None:
    items = [(id, key, *item) for id, some in changes for key, item in some.items() if item is not None]
    await _each(connection, statement, items)


async def _each(connection: Any, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement for all rows at once, if there are any."""
    if rows:
        await connection.execute(statement, *_columns(rows))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _size(batch: Batch) -> int:
    return sum(map(len, batch.publications))
