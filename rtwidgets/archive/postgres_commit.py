"""Writing batches into PostgreSQL: all rows of a table in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ..core.batch import ArchiveFault, Batch
from ..core.erasing import erased, sign_of
from . import postgres_sql as sql


async def keep(connection: Any, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
    """Write batches; return the fault of each that does not fit to what is there."""
    known = {row[0]: row[1:] for row in await connection.fetch(sql.KNOWN, [b.channel for b in batches])}
    ids: dict[str, int] = {name: row[0] for name, row in known.items()}
    faults: dict[str, ArchiveFault] = {}
    new: list[Batch] = []
    for batch in batches:
        name = batch.channel
        if name in known:
            if known[name][1:] != (batch.epoch, batch.before):
                faults[name] = _other(name)
        elif batch.before:
            faults[name] = _other(name)
        else:
            new.append(batch)
    if new and max_channels:
        room = max_channels - await connection.fetchval(sql.COUNT)
        for batch in new[max(0, room) :]:
            faults[batch.channel] = ArchiveFault(
                f"the archive keeps at most {max_channels} channels: archive_channels",
                limit="archive_channels",
            )
        new = new[: max(0, room)]
    good = [batch for batch in batches if batch.channel not in faults]
    if new:
        rows = [(b.channel, b.kind, b.epoch, b.last, b.id, _size(b)) for b in new]
        ids.update(map(tuple, await connection.fetch(sql.ADD_CHANNELS, *_columns(rows))))
    moved = [(ids[b.channel], b.last, b.id, _size(b)) for b in good if b.channel in known]
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
    changes = [(ids[b.channel], key, item) for b in good for key, item in b.changes.items()]
    await _each(
        connection, sql.PUT_ITEMS, [(id, key, *item) for id, key, item in changes if item is not None]
    )
    await _each(connection, sql.REMOVE_ITEMS, [(id, key) for id, key, item in changes if item is None])
    await _each(
        connection,
        sql.PUT_PRODUCERS,
        [(ids[b.channel], key, seq, b.time_ms) for b in good for key, seq in b.producers.items()],
    )
    return [faults.get(batch.channel) for batch in batches]


async def _erase(connection: Any, channel: int, message_id: str, offset: int) -> None:
    """Take what a message said out of the publications from an offset on."""
    found = await connection.fetch(sql.TELLING, channel, offset, sign_of(message_id))
    changed = [(channel, at, without) for at, data in found if (without := erased(data, (message_id,)))]
    await _each(connection, sql.CHANGE_PUBLICATIONS, changed)
    sizes = {at: len(data) for at, data in found}
    await connection.execute(sql.SHRINK, channel, sum(sizes[at] - len(without) for _, at, without in changed))


async def _each(connection: Any, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement for all rows at once, if there are any."""
    if rows:
        await connection.execute(statement, *_columns(rows))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _size(batch: Batch) -> int:
    return sum(map(len, batch.publications))


def _other(name: str) -> ArchiveFault:
    return ArchiveFault(f"the archive has other publications of {name!r} than this hub")
