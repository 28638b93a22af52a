"""A channel: its log, its state, its subscribers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from msgspec import Raw

from ..protocol import codec, codes
from ..protocol.json_rules import is_too_deep
from ..protocol.messages import ClientInfo, Join, Leave, Publication, Push, Reply
from .batch import Stored
from .demand import Demand, demand_line, total
from .durable import Durable
from .erasing import Sayings, erased
from .kinds import NOBODY, Author, Chat, DataError, FullError, Kind, Table, make_kind
from .kinds.recency import place_behind
from .log import ChannelLog
from .pace import Pace
from .rules import Limits, Namespace

if TYPE_CHECKING:
    from .connection import Connection
    from .cursor import Cursor
    from .nodes import Nodes


# A table that is larger than this comes in pieces of this size, about.
PIECE_BYTES = 256 * 1024
# So many of them are kept for readers that come to the same place.
MAX_PIECES = 4
# Who comes in costs a command for so many members: each of them hears of it, and when they go.
TOLD_A_COMMAND = 5


class Budget:
    """What the channels of a hub take together, in bytes.

    Args:
        bound: Of the states; 0 is none.
    """

    __slots__ = ("_bound", "kept", "used")

    def __init__(self, bound: int = 0) -> None:
        self._bound = bound or math.inf
        # Of all logs, and of the states: rows, values and messages.
        self.used = 0
        self.kept = 0

    @property
    def room(self) -> float:
        """How much more the states may take."""
        return max(0, self._bound - self.kept)


class Channel:
    """A named ordered flow.

    Args:
        name: Full name, with its namespace.
        epoch: Identifies this life of the channel.
        on_dirty: Called with the channel when it gets something its cursors have not seen.
        budget: What all channels of the hub take together.
    """

    def __init__(
        self,
        name: str,
        namespace: Namespace,
        limits: Limits,
        epoch: str,
        on_dirty: Callable[[Channel], None],
        budget: Budget,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.limits = limits
        self.log = self._new_log(epoch)
        self.kind: Kind = make_kind(namespace.kind, self.log, limits)
        # Set when the channel has an archive; changes then go through it.
        self.durable: Durable | None = None
        # Set when other hubs have readers of their own.
        self.nodes: Nodes | None = None
        self.cursors: dict[Connection, Cursor] = {}
        self.is_dirty = False
        self.has_ended = False
        # Up to here its publications stand in the hub's figures.
        self.counted = 0
        self._on_dirty = on_dirty
        self._budget = budget
        # How much of it is this channel's state.
        self._kept = 0
        # Those cursors that are visible, by the rate they want.
        self._paces: dict[float, Pace] = {}
        # Lines that `piece` made at the newest offset, with where they lead to, by where they start.
        self._pieces: dict[tuple[int, int | None], tuple[bytes, int | None, int]] = {}
        self._pieces_top = 0
        # Connections that hear of changes of the demand, and what they heard last.
        self._watchers: dict[Connection, Demand] = {}

    def publish(self, data: bytes, *, now: float, info: bytes | None = None, author: Author = NOBODY) -> int:
        """Append a publication and return the channel's newest offset.

        With an archive it is appended once that has it, and what is wrong with it goes to the hub's log.

        Args:
            data: Raw JSON.
            now: Seconds since the Unix epoch.
            info: Encoded info of the publisher.
            author: Who publishes.

        Raises:
            DataError: If the data breaks the rules of the channel's kind.
        """
        if self.durable is not None:
            self.durable.publish([data], info, author, now)
            return self.log.top
        faults = self.publish_all([data], now, info, author)
        if faults:
            raise faults[0]
        return self.log.top

    def publish_all(
        self, items: list[bytes], now: float, info: bytes | None, author: Author
    ) -> dict[int, Exception]:
        """Append publications; return what was not published, by index, with its fault.

        Args:
            items: Raw JSON of each.
            now: Seconds since the Unix epoch.
            info: Encoded info of the publisher.
            author: Who publishes.
        """
        log = self.log
        accepted, faults = self.accept(items, log.top + 1, int(now * 1000), author)
        if accepted:
            size = log.size
            log.extend(accepted, now=now, info=info if self.kind.stamps_author else None)
            self._budget.used += log.size - size
            if isinstance(self.kind, Chat):
                self.kind.sayings.follow(log, self.kind.messages)
                if self.kind.deleted:
                    self.erase(self.kind, self.kind.deleted)
                    self.kind.deleted.clear()
            self._mark_dirty()
        return faults

    def accept(
        self, items: list[bytes], offset: int, time_ms: int, author: Author
    ) -> tuple[list[bytes], dict[int, Exception]]:
        """Apply publications to the channel's state.

        Args:
            items: Raw JSON of each.
            offset: Where the first one will be.
            time_ms: Milliseconds since the Unix epoch.
            author: Who publishes.

        Returns:
            What goes into the log; and what was not accepted, by index, with its fault.
        """
        kind, depth = self.kind, self.limits.json_depth
        kind.most = kind.size + self._budget.room
        accepted: list[bytes] = []
        faults: dict[int, Exception] = {}
        for index, data in enumerate(items):
            try:
                if not data:
                    raise DataError("a publication needs data")
                # Shorter data can't be; a call for each small item would cost more than all else here.
                if depth and len(data) > 2 * depth and is_too_deep(data, depth):
                    raise FullError(
                        "json_depth", f"data may be nested {depth} levels deep at most: json_depth"
                    )
                logged = kind.accept(data, offset, time_ms, author)
            except FullError as error:
                faults[index] = FullError(error.limit, f"channel {self.name!r}: {error}")
            except DataError as error:
                faults[index] = DataError(f"channel {self.name!r}: {error}")
            except Exception as error:  # one item must not take the others down with it
                faults[index] = error
            else:
                if logged is not None:
                    accepted.append(logged)
                    offset += 1
        self.weigh()
        return accepted, faults

    def weigh(self) -> None:
        """Note what the state takes: after all that may have changed it."""
        size = self.kind.size
        self._budget.kept += size - self._kept
        self._kept = size

    def keep(self, lines: list[bytes], now: float) -> None:
        """Append publications that were accepted and encoded before: the archive has them."""
        size = self.log.size
        self.log.keep(lines, now)
        self._budget.used += self.log.size - size
        if isinstance(self.kind, Chat):
            self.kind.sayings.follow(self.log, self.kind.messages)
        self._mark_dirty()

    def erase(self, chat: Chat, messages: Collection[str]) -> None:
        """Take what deleted messages of this chat said out of the log; they are named by their ids."""
        size = self.log.size
        offsets = chat.sayings.offsets(self.log, messages)
        self.log.change(offsets, lambda publication: erased(publication, messages))
        self._budget.used += self.log.size - size

    def start_over(self) -> None:
        """Forget the state, to have it loaded."""
        self._budget.used -= self.log.size
        self.log, self.kind = self.blank(self.log.epoch)
        self.weigh()
        self.counted = 0

    def blank(self, epoch: str) -> tuple[ChannelLog, Kind]:
        """Return a log and a state for this channel with nothing in them, to load into."""
        log = self._new_log(epoch)
        kind = make_kind(self.namespace.kind, log, self.limits)
        kind.journal()
        return log, kind

    def replace(self, log: ChannelLog, kind: Kind) -> None:
        """Go on with another log and state. Readers of another epoch's log are told that theirs has ended."""
        self._budget.used += log.size - self.log.size
        ended = log.epoch != self.log.epoch
        self.log, self.kind = log, kind
        self._recall()
        self.weigh()
        self.counted = log.top
        for cursor in list(self.cursors.values()) if ended else ():
            cursor.connection.drop(cursor, codes.UNSUBSCRIBE_INSUFFICIENT, "insufficient state")
        self._mark_dirty()

    def go_on(self, stored: Stored) -> None:
        """Go on where the archive stands."""
        self.log.start(stored.epoch, stored.top, [(time / 1000, data) for time, data in stored.publications])
        self._budget.used += self.log.size
        self._recall()
        self.weigh()
        self.counted = stored.top

    def _recall(self) -> None:
        """Find out when the rows of a table that was loaded changed last, or where a chat's messages are."""
        if isinstance(self.kind, Chat):
            self.kind.sayings = Sayings(message.id for message in self.kind.messages)
            self.kind.sayings.follow(self.log, self.kind.messages)
        if not isinstance(self.kind, Table):
            return
        publications = self.log.publications(self.log.first, self.log.top + 1)
        self.kind.recall(list(map(codec.publication_data, publications)), self.log.reach)
        # Places in the pieces of the one before mean nothing in this one.
        self._pieces.clear()
        for cursor in self.cursors.values():
            if cursor.place is not None:
                cursor.place = place_behind(cursor.offset)

    def serve(self, now: float) -> float:
        """Tell the connections whose cursors are behind, at their pace, that there is something to take.

        Returns:
            When to call again for those whose turn has not come; infinity when there are none.
        """
        self.is_dirty = False
        top, next_due = self.log.top, math.inf
        for pace in self._paces.values():
            if pace.served == top:
                continue
            if now >= pace.due or (not self.kind.merges and self.log.is_leaving(pace.served)):
                pace.serve(top, now)
            else:
                next_due = min(next_due, pace.due)
        if self._watchers:
            self._tell_watchers()
        if self.nodes is not None and self.nodes.is_watched(self.name):
            self.nodes.tell_demand(self.name, self._own_demand())
        return next_due

    def piece(self, offset: int, place: int | None, now: float) -> tuple[bytes, int | None, int]:
        """Return the next push line of a reader of a table, and the place and offset where it stands then.

        Readers at the same place share the bytes.
        """
        top, known = self.log.top, self._pieces
        if self._pieces_top != top:
            self._pieces_top = top
            known.clear()
        found = known.get((offset, place))
        if found is None:
            assert isinstance(self.kind, Table)
            start = place_behind(offset) if place is None else place
            data, end, done = self.kind.piece(start, PIECE_BYTES, is_part=place is not None)
            reached = top if done is None else done
            if reached > offset:
                line = self.log.line(data, reached, now=now)
            else:  # a part of the rows of one publication: the reader still stands where it stood
                line = codec.encode(
                    Reply(push=Push(channel=self.name, pub=Publication(Raw(data), time=int(now * 1000))))
                )
            if len(known) >= MAX_PIECES:
                del known[next(iter(known))]
            found = known[offset, place] = line, None if done is None else end, reached
        return found

    def pass_on(self, data: Raw, sender: Connection) -> None:
        """Show something to who looks at the channel now, and keep it nowhere."""
        line = codec.encode(Reply(push=Push(channel=self.name, pub=Publication(data, sender.info))))
        self.hint(line, sender)
        if self.nodes is not None:
            self.nodes.hint(self.name, line)

    def hint(self, line: bytes, sender: Connection | None = None) -> None:
        """Send an encoded push to who looks at the channel here."""
        for connection, cursor in self.cursors.items():
            if cursor.visible and connection is not sender:
                connection.hint(line)

    def enter(self, cursor: Cursor) -> None:
        """Add a subscriber and tell the members."""
        self.cursors[cursor.connection] = cursor
        cursor.look_up_rights()
        self._pace(cursor)
        self._announce(cursor)

    def show_as(self, cursor: Cursor, info: ClientInfo) -> None:
        """Let the members see other info of a subscriber: to them one leaves and another joins."""
        if info != cursor.info:
            self.tell_member(cursor.info, joined=False)
            cursor.info = info
            self._announce(cursor)

    def _announce(self, cursor: Cursor) -> None:
        if self.nodes is not None and self._has_members:
            self.nodes.entered(self, cursor.info)
        self.tell_member(cursor.info, joined=True)
        if self.namespace.join_leave and self.tells_members:
            cursor.connection.inbox.charge(len(self.cursors) // TOLD_A_COMMAND)

    def exit(self, cursor: Cursor) -> None:
        """Remove a subscriber and tell the members that stay."""
        if cursor.expiry is not None:
            cursor.expiry.cancel()
        if self.cursors.pop(cursor.connection, None) is None:
            return
        self._unpace(cursor)
        cursor.visible = False
        if self.nodes is not None and self._has_members:
            self.nodes.left(self, cursor.info)
        self.tell_member(cursor.info, joined=False)

    def tell_member(self, info: ClientInfo, *, joined: bool) -> None:
        """Tell those here who may ask for the members of one that came or went, here or elsewhere."""
        if self.namespace.join_leave and self.tells_members:
            name = self.name
            push = Push(channel=name, join=Join(info)) if joined else Push(channel=name, leave=Leave(info))
            self._tell(push)

    def members(self) -> Iterator[ClientInfo]:
        """Return the members, those at other hubs included."""
        yield from (cursor.info for cursor in self.cursors.values())
        if self.nodes is not None:
            yield from self.nodes.members(self.name)

    @property
    def _has_members(self) -> bool:
        return self.namespace.presence or self.namespace.join_leave

    @property
    def tells_members(self) -> bool:
        """Whether the members are few enough to tell of each; telling is work for each of them."""
        bound = self.limits.members
        others = 0 if self.nodes is None else self.nodes.count_members(self.name)
        return not bound or len(self.cursors) + others <= bound

    def adjust(self, cursor: Cursor, max_hz: float, visible: bool) -> None:
        """Serve a subscriber at another rate from now on, or not at all while nobody sees what comes."""
        self._unpace(cursor)
        cursor.max_hz, cursor.visible = max_hz, visible
        self._pace(cursor)
        cursor.catch_up()

    def demand(self) -> Demand:
        """Return who reads this channel now, at other hubs too."""
        own = self._own_demand()
        return own if self.nodes is None else total(own, self.nodes.demands(self.name))

    def _own_demand(self) -> Demand:
        visible = sum(len(pace.readers) for pace in self._paces.values())
        return Demand(len(self.cursors), visible, max(self._paces, default=0.0))

    def demand_counts(self) -> None:
        """Tell who wants to know of the demand, soon."""
        self._mark_dirty()

    @property
    def _is_watched(self) -> bool:
        return bool(self._watchers) or (self.nodes is not None and self.nodes.is_watched(self.name))

    def watch(self, connection: Connection) -> Demand:
        """Return the demand and tell this connection, until it ends, when it changes."""
        demand = self._watchers[connection] = self.demand()
        if self.nodes is not None:
            self.nodes.watch(self.name, bool(self._watchers))
        return demand

    def unwatch(self, connection: Connection) -> None:
        """Tell this connection no more of the demand."""
        self._watchers.pop(connection, None)
        if self.nodes is not None:
            self.nodes.watch(self.name, bool(self._watchers))

    @property
    def is_unused(self) -> bool:
        """Whether nobody uses this channel and nothing was ever published in it."""
        if self.cursors or self._watchers or self.log.top or self.kind.keeps_state:
            return False
        return self.durable is None or self.durable.is_at_rest

    def is_over(self, now: float) -> bool:
        """Say whether nothing would be lost without this channel."""
        if self.cursors or self._watchers:
            return False
        if self.durable is not None:
            return self.durable.is_idle(now)
        return self.log.visible_from(now) > self.log.top and not self.kind.keeps_state

    def end(self) -> None:
        """Give back what it takes: the hub forgets it."""
        self.has_ended = True
        if self.durable is not None:
            self.durable.end()
        self._budget.used -= self.log.size
        self._budget.kept -= self._kept

    def _new_log(self, epoch: str) -> ChannelLog:
        return ChannelLog(
            self.name,
            epoch,
            history_size=self.namespace.history_size,
            history_ttl_s=self.namespace.history_ttl_s,
            window=self.limits.delivery_window or sys.maxsize // 2,
            max_bytes=self.limits.history_bytes,
        )

    def _mark_dirty(self) -> None:
        if not self.is_dirty:
            self.is_dirty = True
            self._on_dirty(self)

    def _pace(self, cursor: Cursor) -> None:
        if cursor.visible:
            pace = self._paces.get(cursor.max_hz)
            if pace is None:
                pace = self._paces[cursor.max_hz] = Pace(cursor.max_hz, self.log.top)
            pace.readers[cursor.connection] = cursor
        if self._is_watched:
            self._mark_dirty()

    def _unpace(self, cursor: Cursor) -> None:
        pace = self._paces.get(cursor.max_hz)
        if pace is not None and pace.readers.pop(cursor.connection, None) is not None and not pace.readers:
            del self._paces[cursor.max_hz]
        if self._is_watched:
            self._mark_dirty()

    def _tell_watchers(self) -> None:
        demand = self.demand()
        line = b""
        for connection, told in self._watchers.items():
            if told != demand:
                line = line or demand_line(self.name, demand)
                self._watchers[connection] = demand
                connection.notify(line)

    def _tell(self, push: Push) -> None:
        line = codec.encode(Reply(push=push))
        for connection, cursor in list(self.cursors.items()):
            if cursor.hears_members:
                connection.notify(line)
