"""An archived channel: what is asked of it waits while the archive works for it, and is done in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import codes
from .batch import ArchiveFault, Batch, Changes, Stored
from .erasing import erase_all
from .kinds import Author, Chat, Table
from .refusal import Refusal
from .rules import MAX_TABLE_ROWS
from .staging import OVERHEAD_BYTES, Faults, Read, Staging, Wait, Write

if TYPE_CHECKING:
    from .archiving import Archiving
    from .channel import Channel

# A batch takes no more requests once its publications have this size, or are so many: readers get them from
# the log, which must not let go of them before.
MAX_BATCH_BYTES = 1024 * 1024
MAX_BATCH = 500
# Producers whose last number a channel remembers, and those whose next number it waits for.
MAX_PRODUCERS = 1_000
# Numbers that are waited for of one producer; more of them are never under way at a time.
MAX_OWED = 1_000
# A channel that nobody uses is forgotten after this; the archive has it.
IDLE_AFTER_S = 60.0


class Durable:
    """The archive's side of one channel.

    `reaches_back` says whether more can be read of the channel than what is in memory.

    While the archive loads the channel or commits for it, requests wait; what is waiting then becomes the
    next batch. In memory the channel's log is what was committed, and so is its kind while nothing is under
    way, so whoever reads in turn sees nothing that may be gone after a restart.
    """

    reaches_back = True

    def __init__(self, channel: Channel, archiving: Archiving) -> None:
        self._channel = channel
        self._archiving = archiving
        self._waiting: deque[Read | Write] = deque()
        self._is_loaded = False
        self._is_busy = False
        self._reads_now = False
        self._staging: Staging | None = None
        self._batch: Batch | None = None
        # A batch whose publishers were told to try again, and that may have been committed after all.
        self._doubt: Batch | None = None
        self._time_ms = 0
        self._seqs: dict[bytes, int] = {}
        # Numbers that producers have to send again, each before what comes after it.
        self._owed: dict[bytes, set[int]] = {}
        self.used_at = archiving.started_at

    # requests ---------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether the channel's state may be read now, with no request before it."""
        return self._is_loaded and not self._is_busy and (self._reads_now or not self._waiting)

    @property
    def is_loaded(self) -> bool:
        """Whether the channel stands where the archive does."""
        return self._is_loaded

    def await_turn(self) -> None:
        """Raise `Wait` unless the channel's state may be read now."""
        if not self.is_ready:
            raise Wait(self)

    def await_position(self, epoch: str, offset: int) -> None:
        """Raise `Wait` unless it may be said now whether there is such a position."""
        self.await_turn()

    def read(self, act: Callable[[Refusal | None, float], None], now: float) -> None:
        """Wait for the channel to be ready."""
        self._waiting.append(Read(act))
        self._go_on(now)

    def write(self, write: Write, now: float) -> None:
        """Change the channel when it is its turn."""
        refusal = self._archiving.take(write.size)
        if refusal is not None:
            self._refuse(write, refusal, now)
            return
        self._waiting.append(write)
        self._go_on(now)

    def publish(
        self,
        items: list[bytes],
        info: bytes | None,
        author: Author,
        now: float,
        done: Callable[[Faults, Refusal | None, float], None] | None = None,
        producer: tuple[bytes, int] | None = None,
    ) -> None:
        """Publish when it is the channel's turn; see `Write` for `done` and `producer`."""
        size = OVERHEAD_BYTES + sum(map(len, items))

        def act(staging: Staging) -> Faults:
            return staging.publish(items, info, author)

        self.write(Write(size, act, done or self._report, producer), now)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way or owed."""
        return not (self._waiting or self._is_busy or self._doubt or self._owed)

    def is_idle(self, now: float) -> bool:
        """Say whether nothing is under way and nobody has used the channel for a while."""
        return (
            not self._waiting
            and not self._is_busy
            and self._doubt is None
            and now - self.used_at > IDLE_AFTER_S
        )

    def _go_on(self, now: float) -> None:
        if self._is_busy:
            return
        if self._is_loaded:
            self._archiving.due(self)
            return
        self._is_busy = True
        self._load(now)

    def _load(self, now: float) -> None:
        self._channel.start_over()
        self._archiving.load(self._channel, now)

    # what the archive says -----------------------------------------------------

    def items(self, changes: Changes, top: int) -> None:
        """Take a piece of the channel's state from the archive.

        Raises:
            ValueError: If it is not this kind's.
        """
        self._channel.kind.load(changes, top)
        self._channel.weigh()

    def loaded(self, stored: Stored | None, fault: ArchiveFault | None, now: float) -> None:
        """Go on with what the archive has, which may be nothing; or refuse what waits."""
        self._is_busy = False
        if fault is not None:
            self._refuse_all(self._archiving.refusal_of(fault), now)
            return
        self._is_loaded = True
        if stored is not None:
            self._channel.go_on(stored)
            self._know(stored)
        if self._waiting:
            self._go_on(now)

    def _know(self, stored: Stored) -> None:
        self._seqs = dict(stored.producers)
        if stored.publications:
            self._time_ms = stored.publications[-1][0]

    def end(self) -> None:
        """The channel is forgotten here."""

    def advance(self, now: float) -> Batch | None:
        """Do what waits, as far as it goes; return what has to be committed before the rest."""
        self.used_at = now
        while self._waiting and not self._is_busy:
            if isinstance(self._waiting[0], Read):
                self._read(now)
                continue
            if self._doubt is not None:
                self._is_busy = True
                self._archiving.settle(self._doubt)
                return None
            batch = self._stage(now)
            if batch is not None:
                return batch
        return None

    def archived(self, fault: ArchiveFault | None, now: float) -> None:
        """Keep what was committed and tell who waited for it, or take it back."""
        staging, batch = self._staging, self._batch
        assert staging is not None and batch is not None
        self._staging = self._batch = None
        self._is_busy = False
        if fault is None:
            self._keep(batch, staging.lines, now)
            self._channel.kind.settle()
        else:
            self._channel.kind.undo(self._channel.log.top)
            self._doubt = batch if fault.in_doubt else None
        self._channel.weigh()
        self._finish(staging, fault, now)
        if self._waiting:
            self._go_on(now)

    def settled(self, was_committed: bool, fault: ArchiveFault | None, now: float) -> None:
        """Hear what became of a batch that was in doubt."""
        batch = self._doubt
        assert batch is not None
        self._is_busy = False
        if fault is not None:
            self._refuse_writes(self._archiving.refusal_of(fault), now)
        else:
            self._doubt = None
            if was_committed:
                self._channel.kind.load(batch.changes, batch.last)
                self._channel.weigh()
                self._keep(batch, self._channel.log.lines_of(batch.publications), now)
        if self._waiting:
            self._go_on(now)

    # inside ---------------------------------------------------------------------

    def _read(self, now: float) -> None:
        read = self._waiting.popleft()
        assert isinstance(read, Read)
        self._reads_now = True
        try:
            read.act(None, now)
        finally:
            self._reads_now = False
        self._archiving.let_go(self._channel)

    def _stage(self, now: float) -> Batch | None:
        """Make a batch of the writes at the head of the line; None when nothing came of them."""
        channel = self._channel
        staging = Staging(channel, max(int(self._archiving.time(now) * 1000), self._time_ms))
        while self._waiting and not _is_full(staging):
            write = self._waiting[0]
            if isinstance(write, Read):
                break
            self._waiting.popleft()
            self._stage_one(write, staging, now)
        changes = channel.kind.changes()
        deleted = dict(channel.kind.deleted) if isinstance(channel.kind, Chat) else {}
        publications = channel.log.stored(staging.lines)
        if deleted and erase_all(publications, deleted):
            staging.lines = channel.log.lines_of(publications)
        if not staging.lines and not changes:
            self._answer(staging, now)
            return None
        self._is_busy = True
        self._staging = staging
        self._batch = Batch(
            id=self._archiving.make_id(),
            channel=channel.name,
            kind=channel.namespace.kind,
            epoch=channel.log.epoch,
            before=channel.log.top,
            time_ms=staging.time_ms,
            publications=publications,
            changes=changes,
            producers=staging.producers,
            erased={key: offset for key, offset in deleted.items() if offset <= channel.log.top},
        )
        return self._batch

    def _stage_one(self, write: Write, staging: Staging, now: float) -> None:
        if write.producer is not None:
            key, seq = write.producer
            owed = self._owed.get(key)
            if owed and seq > min(owed):
                self._archiving.give(write.size)
                self._refuse(write, Refusal(codes.ARCHIVE_AWAY, "an earlier batch has to come first"), now)
                return
            if owed:
                owed.discard(seq)
            if seq <= staging.producers.get(key, self._seqs.get(key, 0)):
                staging.done.append((write, {}))
                return
            staging.producers[key] = seq
        try:
            faults = write.act(staging)
        except Exception as error:  # one request must not take the others down with it
            faults = {0: error}
        staging.done.append((write, faults))

    def _keep(self, batch: Batch, lines: list[bytes], now: float) -> None:
        self._time_ms = batch.time_ms
        for key, seq in batch.producers.items():
            self._seqs.pop(key, None)
            self._seqs[key] = seq
        while len(self._seqs) > MAX_PRODUCERS:
            del self._seqs[next(iter(self._seqs))]
        if batch.erased and isinstance(self._channel.kind, Chat):
            self._channel.erase(self._channel.kind, batch.erased)
        if lines:
            self._channel.keep(lines, now)

    def _answer(self, staging: Staging, now: float) -> None:
        """Answer requests of which nothing came."""
        self._finish(staging, None, now)

    def _finish(self, staging: Staging, fault: ArchiveFault | None, now: float) -> None:
        """Answer the requests of a batch."""
        refusal = None if fault is None else self._archiving.refusal_of(fault)
        for write, faults in staging.done:
            self._archiving.give(write.size)
            if refusal is None:
                self._archiving.tell(lambda: write.done(faults, None, now))  # noqa: B023
            else:
                self._refuse(write, refusal, now)

    def _report(self, faults: Faults, refusal: Refusal | None, now: float) -> None:
        for fault in (*faults.values(), *(() if refusal is None else (refusal,))):
            self._archiving.on_fault(fault)

    def _refuse_all(self, refusal: Refusal, now: float) -> None:
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if isinstance(request, Read):
                request.act(refusal, now)
            else:
                self._archiving.give(request.size)
                self._refuse(request, refusal, now)
        self._archiving.let_go(self._channel)

    def _refuse_writes(self, refusal: Refusal, now: float) -> None:
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if isinstance(request, Read):
                self._waiting.append(request)
            else:
                self._archiving.give(request.size)
                self._refuse(request, refusal, now)

    def _refuse(self, write: Write, refusal: Refusal, now: float) -> None:
        """Answer with a refusal; what a producer has to send again comes before what it sends next."""
        if write.producer is not None and refusal.error.temporary:
            key, seq = write.producer
            owed = self._owed[key] = self._owed.pop(key, set())
            if len(owed) < MAX_OWED:
                owed.add(seq)
            if len(self._owed) > MAX_PRODUCERS:
                del self._owed[next(iter(self._owed))]
        self._archiving.tell(lambda: write.done({}, refusal, now))


def _is_full(staging: Staging) -> bool:
    """Say whether a batch takes no more requests."""
    kind = staging.channel.kind
    # The hub does nothing else while it makes a batch; a table's rows are more work than their bytes.
    has_many_rows = isinstance(kind, Table) and kind.uncommitted >= MAX_TABLE_ROWS
    return has_many_rows or staging.size >= MAX_BATCH_BYTES or len(staging.lines) >= MAX_BATCH
