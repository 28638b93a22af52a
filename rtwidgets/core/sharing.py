"""What the hub and a broker that it shares with other hubs have to do with each other."""

from __future__ import annotations

from collections.abc import Iterator

from .archiving import Archiving, tail_of
from .batch import ArchiveFault, Batch, BrokerPort, Changes, News, Place, Stored
from .channel import Channel
from .replica import Replica


class Sharing(Archiving):
    """The channels that a broker keeps, of which this hub has replicas.

    The driver sets `port`, calls `batches`, and answers by the methods here.
    """

    port: BrokerPort

    def join(self, channel: Channel) -> None:
        """Let the broker keep a channel from its start on."""
        channel.durable = Replica(channel, self)

    def is_archived(self, channel: Channel) -> bool:
        """Say whether an archive keeps a channel besides the broker."""
        return self._hub.rules.archive and channel.namespace.wants_archive

    # for the driver ---------------------------------------------------------------

    def committed(self, batch: Batch, outcome: News | ArchiveFault | None, now: float) -> None:
        """Hear that a batch was committed, or why not: a fault, or what came before it."""
        replica = self._replica(batch.channel)
        if isinstance(outcome, News):
            replica.overtaken(outcome, now)
        else:
            replica.archived(outcome, now)

    def entered(
        self, channel: str, stored: Stored | None, news: News | None, fault: ArchiveFault | None, now: float
    ) -> None:
        """Hear what the broker has of a channel, after all of its items.

        Args:
            stored: The channel at some place; None with a fault.
            news: What came behind that place until the last item was read.
        """
        if stored is None or news is None:
            assert fault is not None
            self._replica(channel).not_loaded(fault, now)
        else:
            self._replica(channel).entered(stored, news, now)

    def has_more(self, channel: str, stored: Stored, news: News) -> bool:
        """Say whether more of a channel was shown here than what is to be loaded."""
        place = news.batches[-1].place if news.batches else stored.place
        return self._replica(channel).is_ahead_of(stored.epoch, place)

    def news(self, channel: str, news: News | ArchiveFault, now: float) -> None:
        """Hear what came since the place that was asked for."""
        if isinstance(news, ArchiveFault):
            self._replica(channel).not_loaded(news, now)
        else:
            self._replica(channel).learn(news, now)

    def hear(self, batch: Batch, now: float) -> None:
        """Hear in passing of a batch that some hub has committed."""
        channel = self._hub.channels.get(batch.channel)
        if channel is not None and isinstance(channel.durable, Replica):
            channel.durable.hear(batch, now)

    def served(self) -> Iterator[Replica]:
        """Return the replicas that are loaded and that nothing is under way for."""
        for channel in self._hub.channels.values():
            if isinstance(channel.durable, Replica) and channel.durable.rests:
                yield channel.durable

    # for replicas -----------------------------------------------------------------

    def enter(self, channel: Channel, ended: str, now: float) -> str:
        """Have a channel loaded; return the epoch that it gets where it has none.

        Args:
            ended: The epoch that must not go on.
        """
        epoch = self.make_id()[:8]
        tail = tail_of(channel, self.time(now))
        self.port.enter(channel.name, channel.namespace.kind, tail, epoch, ended)
        return epoch

    def catch_up(self, channel: Channel, place: Place) -> None:
        """Have it found out what came since a place."""
        self.port.catch_up(channel.name, channel.log.epoch, place)

    def leave(self, channel: Channel) -> None:
        """Hear of a channel no more."""
        self.port.leave(channel.name)

    def items(self, channel: str, changes: Changes, top: int) -> None:
        """Take a piece of the state of a channel that is being loaded.

        Raises:
            ValueError: If it can't be read.
        """
        self._replica(channel).items(changes, top)

    def _replica(self, name: str) -> Replica:
        replica = self._durable(name)
        assert isinstance(replica, Replica)
        return replica
