"""A broker in memory that a test steps through: it commits on condition, forgets, and loses data."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING

from msgspec import Struct

from rtwidgets.core.batch import START, ArchiveFault, Batch, Item, News, Place, Stored, Tail, Wanted
from rtwidgets.core.rules import KindName
from rtwidgets.core.sharing import Sharing

from .model_archive import carry_out

if TYPE_CHECKING:
    from rtwidgets.core import Hub

AWAY = ArchiveFault("the broker is away")
IN_DOUBT = ArchiveFault("the broker is away", in_doubt=True)
# A reply has so many batches at most.
PIECE = 3


class SharedChannel(Struct):
    kind: str
    epoch: str
    last: str = ""
    place: Place = START
    batches: list[Batch] = []
    items: dict[bytes, Item] = {}
    producers: dict[bytes, int] = {}

    @property
    def publications(self) -> list[bytes]:
        return [publication for batch in self.batches for publication in batch.publications]


class ModelBroker:
    """What hubs share. `ports` are the hubs' sides of it."""

    def __init__(self) -> None:
        self.channels: dict[str, SharedChannel] = {}
        self.ports: list[Port] = []
        self._lives = 0

    def next_ids(self) -> int:
        """Return where the ids of another hub begin."""
        self._lives += 1
        return self._lives * 10_000

    def join(self, hub: Hub) -> Port:
        port = Port(self, hub)
        self.ports.append(port)
        return port

    def commit(self, batch: Batch, *, tells: bool = True) -> News | None:
        kept = self.channels.get(batch.channel)
        if kept is None or (kept.epoch, kept.last) != (batch.epoch, batch.after):
            return self.news(batch.channel, Place(batch.before, 0))
        batch = deepcopy(batch)
        kept.last, kept.place = batch.id, batch.place
        kept.batches.append(batch)
        carry_out(batch, kept.items)
        kept.producers.update(batch.producers)
        if tells:
            self.tell(batch)
        return None

    def tell(self, batch: Batch) -> None:
        for port in self.ports:
            port.hints.append(batch)

    def news(self, name: str, place: Place) -> News:
        kept = self.channels.get(name)
        if kept is None:
            return News("")
        since = [deepcopy(batch) for batch in kept.batches if batch.place.offset >= place.offset][:PIECE]
        oldest = kept.batches[0].place if kept.batches else None
        return News(kept.epoch, kept.last, kept.place, oldest, since)

    def trim(self, keep: int) -> None:
        """Forget batches, as history is bounded."""
        for kept in self.channels.values():
            del kept.batches[:-keep]


class Port:
    """One hub's side of the broker."""

    def __init__(self, broker: ModelBroker, hub: Hub) -> None:
        assert isinstance(hub.archiving, Sharing)
        self.broker, self.hub = broker, hub
        self.sharing = hub.archiving
        self.sharing.port = self
        self.hints: deque[Batch] = deque()
        self.entering: list[tuple[str, KindName, Tail, str, str]] = []
        self.asked: list[tuple[str, str, Place]] = []
        self.under_way: list[Batch] = []
        self.woken = 0

    # the port -----------------------------------------------------------------

    def wake(self) -> None:
        self.woken += 1

    def enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        self.entering.append((channel, kind, tail, epoch, ended))

    def catch_up(self, channel: str, epoch: str, place: Place) -> None:
        self.asked.append((channel, epoch, place))

    def leave(self, channel: str) -> None:
        pass

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        raise AssertionError("a broker's channels are entered")

    def settle(self, batch: Batch) -> None:
        raise AssertionError("doubts are settled by the news")

    def read(
        self, channel: str, wanted: Wanted, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        raise AssertionError("what is not in memory is nowhere")

    def items_before(
        self, channel: str, key: bytes, limit: int, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        raise AssertionError("what is not in memory is nowhere")

    # steps of a test ------------------------------------------------------------

    def begin(self, now: float = 1.0) -> list[Batch]:
        """Take what is to be committed."""
        self.under_way += self.sharing.batches(now)
        return self.under_way

    def end(self, fault: ArchiveFault | None = None, *, keep: bool | None = None, now: float = 1.0) -> None:
        """Finish what is under way; see `ModelArchive.end`."""
        batches, self.under_way = self.under_way, []
        for batch in batches:
            news = None
            if fault is None if keep is None else keep:
                news = self.broker.commit(batch)
            self.sharing.committed(batch, fault or news, now)

    def deliver(self, count: int = 1_000, now: float = 1.0) -> None:
        """Let hints come."""
        while self.hints and count:
            self.sharing.hear(deepcopy(self.hints.popleft()), now)
            count -= 1

    def answer_entering(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        entering, self.entering = self.entering, []
        channels = self.broker.channels
        for name, kind, tail, epoch, ended in entering:
            if fault is not None:
                self.sharing.entered(name, None, None, fault, now)
                continue
            kept = channels.setdefault(name, SharedChannel(kind, epoch))
            if kept.epoch == ended:
                kept.epoch = epoch
            publications = [(b.time_ms, line) for b in kept.batches for line in b.publications]
            stored = Stored(
                kept.kind,
                kept.epoch,
                kept.place.offset,
                publications[-tail.size :] if tail.size else [],
                dict(kept.producers),
                kept.last,
                kept.place,
            )
            # Others commit while the items are read.
            for port in self.broker.ports:
                if port is not self:
                    port.end(now=now)
            items = sorted(kept.items.items(), key=lambda item: item[1].rank)
            for start in range(0, len(items), 2):
                self.sharing.items(name, dict(items[start : start + 2]), stored.top)
            news = self.broker.news(name, stored.place)
            news.batches = [deepcopy(batch) for batch in kept.batches if batch.place >= stored.place]
            self.sharing.entered(name, stored, news, None, now)

    def answer_asked(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        asked, self.asked = self.asked, []
        for name, _, place in asked:
            self.sharing.news(name, fault or self.broker.news(name, place), now)

    def sweep(self) -> None:
        """Compare what is here with what the broker has."""
        for replica in list(self.sharing.served()):
            kept = self.broker.channels.get(replica.name)
            if replica.is_behind or kept is None or replica.last != (kept.epoch, kept.last):
                replica.suspect()

    def work(self, now: float = 1.0) -> None:
        """Do all there is to do."""
        while self.begin(now) or self.entering or self.asked or self.hints:
            self.deliver(now=now)
            self.answer_entering(now=now)
            self.answer_asked(now=now)
            self.end(now=now)
