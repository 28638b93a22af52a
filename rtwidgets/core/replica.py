"""A hub's copy of a channel that a broker keeps for several hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .batch import START, ArchiveFault, Batch, Changes, News, Place, Stored
from .durable import Durable
from .kinds import Kind
from .log import ChannelLog
from .staging import Staging, Wait

if TYPE_CHECKING:
    from .channel import Channel
    from .sharing import Sharing

# So many batches are kept that come while something else is under way; others are asked for later.
MAX_HEARD = 64


class Replica(Durable):
    """The broker's side of one channel.

    Batches stand in the broker one behind the other, each naming the one before it, and what is in memory is
    always what a row of them from the first one on has made. A batch is committed on condition that nothing
    was before it; when something was, that is taken over and the batch is made again of the same requests.

    Batches of other hubs come in passing. One that does not follow on what is here says that some are
    missing, and then the broker is asked. Where it can't say (it has forgotten them, or has another log) the
    channel is loaded anew, and readers that this leaves without something are told.

    What is here may be behind, so nobody is told that something is not so before the broker was asked: a
    change that is refused for what the channel is, a position that is not there.
    """

    _archiving: Sharing

    def __init__(self, channel: Channel, sharing: Sharing) -> None:
        super().__init__(channel, sharing)
        self.reaches_back = sharing.is_archived(channel)
        self._place = START
        self._last = ""
        # Whether the broker may have more than is here, and whether what it has does not lead on from here.
        self._is_behind = False
        self._is_cut_off = False
        # Whether somebody waits for an answer that the broker was asked for later, and how many requests at
        # the head of the line have waited for one that has come.
        self._must_ask = False
        self._asked = 0
        # The epoch that must not go on, as it went on differently elsewhere.
        self._ended = ""
        self._heard: list[Batch] = []
        # What is being loaded into.
        self._blank: tuple[ChannelLog, Kind] | None = None

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._channel.name

    @property
    def last(self) -> tuple[str, str]:
        """The channel's epoch and the id of the newest batch that is here."""
        return self._channel.log.epoch, self._last

    @property
    def is_behind(self) -> bool:
        """Whether the broker may have more than is here."""
        return self._is_behind or self._is_cut_off

    @property
    def is_at_rest(self) -> bool:
        return super().is_at_rest and not self.is_behind

    @property
    def rests(self) -> bool:
        """Whether it is loaded and nothing is under way."""
        return self._is_loaded and not self._is_busy

    def await_position(self, epoch: str, offset: int) -> None:
        log = self._channel.log
        if not self._reads_now and (epoch not in ("", log.epoch) or offset > log.top):
            self._must_ask = True
            raise Wait(self)
        self.await_turn()

    def is_ahead_of(self, epoch: str, place: Place) -> bool:
        """Whether more of a log was shown here than up to a place."""
        return self._is_loaded and epoch == self._channel.log.epoch and place < self._place

    # what the broker says -------------------------------------------------------

    def hear(self, batch: Batch, now: float) -> None:
        """Take a batch over that some hub has committed, at once where that can be done."""
        if self._is_busy or self._is_behind:
            if len(self._heard) < MAX_HEARD:
                self._heard.append(batch)
            else:
                self._is_behind = True
            return
        if self._is_loaded and not self._takes(batch, now):
            self.suspect()

    def suspect(self) -> None:
        """Ask the broker for what may be missing here."""
        self._is_behind = True
        if not self._is_busy:
            self._archiving.due(self)

    def learn(self, news: News, now: float) -> None:
        """Hear what came since the place that was asked for."""
        self._is_busy = False
        self._take_news(news, now)
        self._go_further(now)

    def overtaken(self, news: News, now: float) -> None:
        """Hear that a batch was not committed, as others came before it: make it again behind those."""
        staging = self._staging
        assert staging is not None
        self._staging = self._batch = None
        self._is_busy = False
        self._channel.kind.undo(self._channel.log.top)
        self._channel.weigh()
        self._waiting.extendleft(write for write, _ in reversed(staging.done))
        self._take_news(news, now)
        self._go_further(now)

    def archived(self, fault: ArchiveFault | None, now: float) -> None:
        batch = self._batch
        assert batch is not None
        if fault is None:
            self._place, self._last = batch.place, batch.id
        super().archived(fault, now)
        # What became of a batch in doubt is seen when others are taken over.
        self._doubt = None
        if fault is not None:
            self._is_behind = True
        self._go_further(now)

    def items(self, changes: Changes, top: int) -> None:
        assert self._blank is not None
        self._blank[1].load(changes, top)

    def entered(self, stored: Stored, news: News, now: float) -> None:
        """Go on where the broker stands; items may be younger than that, but no younger than the news."""
        assert self._blank is not None
        (log, kind), self._blank = self._blank, None
        self._is_busy = self._is_cut_off = False
        self._ended = ""
        log.start(stored.epoch, stored.top, [(self._time(time), data) for time, data in stored.publications])
        self._channel.replace(log, kind)
        self._place, self._last = stored.place, stored.last
        self._know(stored)
        self._take_news(news, now)
        self._is_loaded = self._is_loaded or not self._is_cut_off
        self._go_further(now)

    def not_loaded(self, fault: ArchiveFault, now: float) -> None:
        """Refuse what can't be done now. What is in memory can still be read."""
        self._blank = None
        self._is_busy = False
        self._asked = 0
        refusal = self._archiving.refusal_of(fault)
        if not self._is_loaded:
            self._refuse_all(refusal, now)
            return
        self._refuse_writes(refusal, now)
        for _ in range(len(self._waiting)):
            self._read(now)

    # inside ---------------------------------------------------------------------

    def advance(self, now: float) -> Batch | None:
        if self._is_busy:
            return None
        if self._is_cut_off or not self._is_loaded:
            self._is_busy = True
            self._load(now)
            return None
        if self._is_behind or self._must_ask:
            self._ask()
            return None
        batch = super().advance(now)
        if batch is not None:
            self._asked = 0
            batch.after = self._last
            batch.part = 0 if batch.publications else self._place.part + 1
        return batch

    def end(self) -> None:
        self._archiving.leave(self._channel)

    def _ask(self) -> None:
        self._is_busy = True
        self._must_ask = False
        self._archiving.catch_up(self._channel, self._place)

    def _answer(self, staging: Staging, now: float) -> None:
        asked, self._asked = self._asked, 0
        unsure = staging.done[asked:]
        if any(faults for _, faults in unsure):
            del staging.done[asked:]
            self._waiting.extendleft(write for write, _ in reversed(unsure))
            self._asked = len(unsure)
            self._ask()
        super()._answer(staging, now)

    def _load(self, now: float) -> None:
        self._is_behind = self._must_ask = False
        self._heard.clear()
        epoch = self._archiving.enter(self._channel, self._ended, now)
        self._blank = self._channel.blank(epoch)

    def _go_further(self, now: float) -> None:
        heard, self._heard = self._heard, []
        if not (self._is_behind or self._is_cut_off):
            for batch in heard:
                if not self._takes(batch, now):
                    self._is_behind = True
                    break
        if self._is_behind or self._is_cut_off or self._waiting:
            self._archiving.due(self)

    def _takes(self, batch: Batch, now: float) -> bool:
        """Take a batch over that follows on what is here; say whether that was so, or it was here already."""
        if batch.epoch != self._channel.log.epoch:
            return False
        if batch.place <= self._place:
            return True
        if batch.after != self._last:
            return False
        self._follow(batch, now)
        return True

    def _take_news(self, news: News, now: float) -> None:
        """Take over what came, or note that the channel has to be loaded anew."""
        self._is_behind = False
        if news.epoch != self._channel.log.epoch:
            # Should it be there again by the time the channel is loaded, then from before what was read here.
            self._ended = self._channel.log.epoch
            self._is_cut_off = True
            return
        batches = [batch for batch in news.batches if batch.place >= self._place]
        if batches and batches[0].id == self._last:
            del batches[0]
        for batch in batches:
            if batch.after != self._last:
                break
            self._follow(batch, now)
        else:
            if news.last == self._last or batches:
                self._is_behind = news.last != self._last
                return
        self._is_cut_off = True
        is_forgotten = news.place > self._place and (news.oldest is None or news.oldest > self._place)
        if not is_forgotten:
            # The broker has lost what was read here, and has maybe something else in its place.
            self._ended = news.epoch

    def _time(self, time_ms: int) -> float:
        """Return a time of the broker's by the hub's clock."""
        return time_ms / 1000 - self._archiving.ahead_s

    def _follow(self, batch: Batch, now: float) -> None:
        channel = self._channel
        channel.kind.follow(batch.changes, batch.last)
        channel.weigh()
        self._keep(batch, channel.log.lines_of(batch.publications), min(now, self._time(batch.time_ms)))
        self._place, self._last = batch.place, batch.id
