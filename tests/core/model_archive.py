"""An archive in memory that a test steps through: it commits, fails, crashes and is found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from rtwidgets.core.batch import ArchiveFault, Batch, Item, Stored, Tail, Wanted
from rtwidgets.core.erasing import erased
from rtwidgets.core.rules import KindName

if TYPE_CHECKING:
    from rtwidgets.core import Hub


class KeptChannel(Struct):
    kind: str
    epoch: str
    top: int = 0
    batch: str = ""
    publications: list[tuple[int, bytes]] = []
    items: dict[bytes, Item] = {}
    producers: dict[bytes, int] = {}


AWAY = ArchiveFault("the archive is away")
IN_DOUBT = ArchiveFault("the archive is away", in_doubt=True)


def carry_out(batch: Batch, items: dict[bytes, Item]) -> None:
    """Let a batch change the items that are kept of its channel."""
    for key, item in batch.changes.items():
        known = items.get(key)
        if item is not None and (batch.kind != "chat" or known is None or known.rank == item.rank):
            items[key] = item
    for key, rank in batch.gone:
        if key in items and rank in (None, items[key].rank):
            del items[key]


class ModelArchive:
    """What outlives a hub. `join` makes it the archive of a hub, and of the next one after a restart."""

    def __init__(self) -> None:
        self.channels: dict[str, KeptChannel] = {}
        self.loads: list[tuple[str, Tail]] = []
        self.settles: list[Batch] = []
        self.reads: list[tuple[str, Wanted, Callable[[list[bytes] | ArchiveFault, float], None]]] = []
        self.lookups: list[tuple[str, bytes, int, Callable[[list[bytes] | ArchiveFault, float], None]]] = []
        self.under_way: list[Batch] = []
        self.woken = 0
        self._lives = 0

    def next_ids(self) -> int:
        """Return where the ids of another hub begin."""
        self._lives += 1
        return self._lives * 1_000

    def join(self, hub: Hub) -> None:
        self.hub = hub
        self.loads.clear()
        self.settles.clear()
        self.reads.clear()
        self.lookups.clear()
        self.under_way = []
        hub.archiving.port = self

    # the port -----------------------------------------------------------------

    def wake(self) -> None:
        self.woken += 1

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        self.loads.append((channel, tail))

    def settle(self, batch: Batch) -> None:
        self.settles.append(batch)

    def read(
        self, channel: str, wanted: Wanted, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        self.reads.append((channel, wanted, done))

    def items_before(
        self, channel: str, key: bytes, limit: int, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        self.lookups.append((channel, key, limit, done))

    # steps of a test ------------------------------------------------------------

    def begin(self, now: float = 1.0) -> list[Batch]:
        """Take what is to be committed."""
        self.under_way += self.hub.archiving.batches(now)
        return self.under_way

    def end(self, fault: ArchiveFault | None = None, *, keep: bool | None = None, now: float = 1.0) -> None:
        """Finish what is under way.

        Args:
            fault: What the hub is told.
            keep: Whether it was committed; by default when there is no fault.
        """
        batches, self.under_way = self.under_way, []
        for batch in batches:
            if fault is None if keep is None else keep:
                self.keep(batch)
            self.hub.archiving.archived(batch, fault, now)

    def keep(self, batch: Batch) -> None:
        kept = self.channels.setdefault(batch.channel, KeptChannel(batch.kind, batch.epoch))
        assert (kept.epoch, kept.top) == (batch.epoch, batch.before), "the hub and its archive disagree"
        kept.top, kept.batch = batch.last, batch.id
        if batch.erased:
            kept.publications = [
                (time_ms, erased(data, batch.erased) or data) for time_ms, data in kept.publications
            ]
        kept.publications += [(batch.time_ms, data) for data in batch.publications]
        carry_out(batch, kept.items)
        kept.producers.update(batch.producers)

    def answer_loads(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        loads, self.loads = self.loads, []
        for name, tail in loads:
            kept = self.channels.get(name)
            if fault is not None or kept is None:
                self.hub.archiving.loaded(name, None, fault, now)
                continue
            items = sorted(kept.items.items(), key=lambda item: item[1].rank)
            items = items[-tail.items :] if tail.items else items
            for start in range(0, len(items), 2):
                self.hub.archiving.items(name, dict(items[start : start + 2]), kept.top)
            young = [entry for entry in kept.publications if entry[0] >= tail.since_ms]
            stored = Stored(
                kept.kind,
                kept.epoch,
                kept.top,
                young[-tail.size :] if tail.size else [],
                dict(kept.producers),
            )
            self.hub.archiving.loaded(name, stored, None, now)

    def answer_settles(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        settles, self.settles = self.settles, []
        for batch in settles:
            kept = self.channels.get(batch.channel)
            found = fault is None and kept is not None and kept.batch == batch.id
            self.hub.archiving.settled(batch, found, fault, now)

    def answer_reads(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        reads, self.reads = self.reads, []
        for name, wanted, done in reads:
            done(self._read(name, wanted) if fault is None else fault, now)

    def answer_lookups(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        lookups, self.lookups = self.lookups, []
        for name, key, limit, done in lookups:
            done(self._items_before(name, key, limit) if fault is None else fault, now)

    def work(self, now: float = 1.0) -> None:
        """Do all there is to do."""
        while self.begin(now) or self.loads or self.settles or self.reads or self.lookups:
            self.answer_loads(now=now)
            self.answer_settles(now=now)
            self.answer_reads(now=now)
            self.answer_lookups(now=now)
            self.end(now=now)

    def _items_before(self, name: str, key: bytes, limit: int) -> list[bytes]:
        items = self.channels[name].items
        if key not in items:
            return []
        before = sorted(item for item in items.values() if item.rank < items[key].rank)
        return [item.data for item in before[::-1][:limit]]

    def _read(self, name: str, wanted: Wanted) -> list[bytes]:
        kept = self.channels.get(name)
        if kept is None:
            return []
        first = kept.top - len(kept.publications) + 1
        found = [
            data
            for offset, (time_ms, data) in enumerate(kept.publications, first)
            if wanted.after < offset < wanted.before and wanted.from_ms <= time_ms < wanted.to_ms
        ]
        return found[::-1][: wanted.limit] if wanted.reverse else found[: wanted.limit]
