"""What hubs that share a broker know of each other: their members, handlers, calls, and who reads what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import msgspec

from ..protocol import codec
from ..protocol.messages import ClientInfo
from .demand import Demand
from .node_messages import (
    Anew,
    Answered,
    CancelAt,
    Carry,
    Hint,
    Message,
    Progressed,
    Shared,
    Told,
    ToOne,
    encode,
)
from .revocation import Revocation

if TYPE_CHECKING:
    from .channel import Channel
    from .hub import Hub

# No name has it in it.
SEPARATOR = "\n"
# What was revoked is known to all in milliseconds. Who revokes is told when it is not in this time.
TOLD_WITHIN_S = 1.0
LOOK_INTERVAL_S = 0.05
NOT_TOLD = "revoked in this process; the others hear of it as soon as the broker is back"


class NodesPort(Protocol):
    """Who carries what hubs tell each other, in order.

    `is_away` says that it can't just now.
    """

    is_away: bool

    @property
    def is_behind(self) -> bool:
        """Whether something that was shared is not known to be with the others."""

    def tell(self, facts: dict[str, bytes | None]) -> None:
        """Tell all hubs facts about this one."""

    def share(self, facts: dict[str, bytes | None]) -> None:
        """Tell all hubs what holds for all of them; it is kept for hubs to come."""

    def pass_on(self, message: bytes) -> None:
        """Send all hubs a message that is kept nowhere."""

    def send(self, node: str, message: bytes) -> None:
        """Send one hub a message."""

    def read(self, node: str) -> None:
        """Read a hub's facts anew; `Nodes.know` answers."""


class Facts(Protocol):
    """Who wants to hear of facts of one sort."""

    def __call__(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None: ...


class Nodes:
    """The facts of all hubs that share a broker.

    A fact has a sort (`member`, `handler`, …), a place and a key, and belongs to the hub that tells it: when
    that one has gone, so has the fact. What hubs share (`session`, `revoked`) belongs to none.

    Args:
        node: The id of this hub.
    """

    def __init__(self, hub: Hub, node: str, port: NodesPort) -> None:
        self.node = node
        self.port = port
        self.own: dict[str, bytes] = {}
        self.shared: dict[str, bytes] = {}
        self._hub = hub
        self._facts: dict[str, dict[str, bytes]] = {}
        self._seqs: dict[str, int] = {}
        self._sorts: dict[str, Facts] = {
            "member": self._on_member,
            "watch": self._on_watch,
            "demand": self._on_demand,
            "origin": self._on_origin,
        }
        self._shares: dict[str, Callable[[str, bytes | None, float], None]] = {"revoked": self._on_revoked}
        # Of other hubs: members by channel and client; who watches a channel, and who reads it, by hub.
        self._members: dict[str, dict[str, ClientInfo]] = defaultdict(dict)
        self._watchers: dict[str, set[str]] = defaultdict(set)
        self._demands: dict[str, dict[str, Demand]] = defaultdict(dict)

    def on(self, sort: str, act: Facts) -> None:
        """Let somebody hear of facts of a sort of other hubs, and of each as it is when its hub goes."""
        self._sorts[sort] = act

    def on_shared(self, sort: str, act: Callable[[str, bytes | None, float], None]) -> None:
        """Let somebody hear of what hubs share of a sort."""
        self._shares[sort] = act

    # what this hub tells --------------------------------------------------------

    def tell(self, sort: str, where: str, key: str, value: bytes | None) -> None:
        """Tell all hubs a fact about this one, or with None that it is so no more."""
        name = SEPARATOR.join((sort, where, key))
        if value is None:
            if self.own.pop(name, None) is None:
                return
        elif self.own.get(name) == value:
            return
        else:
            self.own[name] = value
        self.port.tell({name: value})

    def share(self, sort: str, key: str, value: bytes | None) -> None:
        """Tell all hubs something that holds for all of them."""
        name = f"{sort}{SEPARATOR}{key}"
        if value is None:
            self.shared.pop(name, None)
        else:
            self.shared[name] = value
        self.port.share({name: value})

    def when_shared(self, done: Callable[[bool], None], now: float) -> None:
        """Say soon whether the others have all that was shared."""
        end = now + TOLD_WITHIN_S

        def look(at: float) -> None:
            if self.port.is_behind and at < end:
                self._hub.timers.at(at + LOOK_INTERVAL_S, look)
            else:
                done(not self.port.is_behind)

        look(now)

    def send(self, node: str, message: ToOne) -> None:
        """Send one hub a message."""
        self.port.send(node, encode(message))

    def entered(self, channel: Channel, info: ClientInfo) -> None:
        """Tell of a member."""
        self.tell("member", channel.name, info.client, codec.encode_info(info))

    def left(self, channel: Channel, info: ClientInfo) -> None:
        """Tell that a member has gone."""
        self.tell("member", channel.name, info.client, None)

    def hint(self, channel: str, line: bytes) -> None:
        """Show something to who looks at a channel at other hubs."""
        self.port.pass_on(encode(Hint(self.node, channel, line)))

    # what others tell -----------------------------------------------------------

    def members(self, channel: str) -> Iterable[ClientInfo]:
        """Return the members of a channel that are at other hubs."""
        found = self._members.get(channel)
        return found.values() if found else ()

    def count_members(self, channel: str) -> int:
        """Return how many there are."""
        found = self._members.get(channel)
        return len(found) if found else 0

    def watch(self, channel: str, is_watched: bool) -> None:
        """Tell whether somebody here wants to know who reads a channel."""
        self.tell("watch", channel, "", b"1" if is_watched else None)

    def tell_demand(self, channel: str, demand: Demand) -> None:
        """Tell who reads a channel here."""
        self.tell("demand", channel, "", msgspec.msgpack.encode(demand) if demand.subscribers else None)

    def demands(self, channel: str) -> Iterable[Demand]:
        """Return who reads a channel at each of the other hubs."""
        found = self._demands.get(channel)
        return found.values() if found else ()

    def is_watched(self, channel: str) -> bool:
        """Say whether somebody at another hub wants to know who reads a channel."""
        return channel in self._watchers

    def hear(self, message: Message, now: float) -> None:
        """Take what another hub says."""
        match message:
            case Told():
                self._hear_told(message, now)
            case Anew():
                if message.node != self.node:
                    self.port.read(message.node)
            case Shared():
                for name, value in message.facts.items():
                    self._take_shared(name, value, now)
            case Hint():
                if message.node != self.node:
                    self._show(message)
            case Carry() | Progressed() | Answered() | CancelAt():
                self._hub.commands.hear(message, now)

    def know(self, node: str, seq: int, facts: dict[str, bytes], now: float) -> None:
        """Take over all facts of another hub as they are kept."""
        if node == self.node:
            return
        known = self._facts.setdefault(node, {})
        for name in [name for name in known if name not in facts]:
            self._set(node, name, None, now)
        for name, value in facts.items():
            self._set(node, name, value, now)
        self._seqs[node] = seq

    def know_shared(self, facts: dict[str, bytes], now: float) -> dict[str, bytes | None]:
        """Take over what hubs share as it is kept; return what this hub knows and is not kept."""
        lacking: dict[str, bytes | None] = {}
        for name, known in list(self.shared.items()):
            # Where nothing is kept, it was lost; and what was revoked stays so.
            if name not in facts and (not facts or name.startswith(f"revoked{SEPARATOR}")):
                lacking[name] = known
            elif name not in facts:
                self._take_shared(name, None, now)
        for name, value in facts.items():
            self._take_shared(name, value, now)
        return lacking

    def keep(self, alive: Iterable[str], now: float) -> None:
        """Forget hubs that are not among those alive."""
        for node in set(self._facts) - set(alive):
            for name in list(self._facts[node]):
                self._set(node, name, None, now)
            del self._facts[node]
            self._seqs.pop(node, None)
            self._hub.commands.node_gone(node, now)

    # inside ---------------------------------------------------------------------

    def _hear_told(self, message: Told, now: float) -> None:
        node = message.node
        if node == self.node:
            return
        known = self._seqs.get(node, 0)
        if message.seq <= known:
            return
        if message.seq > known + 1:
            self.port.read(node)
            return
        self._seqs[node] = message.seq
        self._facts.setdefault(node, {})
        for name, value in message.facts.items():
            self._set(node, name, value, now)

    def _set(self, node: str, name: str, value: bytes | None, now: float) -> None:
        facts = self._facts[node]
        if facts.get(name) == value:
            return
        if value is None:
            del facts[name]
        else:
            facts[name] = value
        sort, where, key = name.split(SEPARATOR, 2)
        act = self._sorts.get(sort)
        if act is not None:
            act(node, where, key, value, now)

    def _take_shared(self, name: str, value: bytes | None, now: float) -> None:
        if value is None:
            self.shared.pop(name, None)
        else:
            self.shared[name] = value
        sort, _, key = name.partition(SEPARATOR)
        act = self._shares.get(sort)
        if act is not None:
            act(key, value, now)

    def _on_member(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        members = self._members[where]
        channel = self._hub.channels.get(where)
        # One of other info takes the place of who was there: that one leaves.
        old = members.pop(key, None)
        if channel is not None and old is not None:
            channel.tell_member(old, joined=False)
        if value is not None:
            info = members[key] = msgspec.json.decode(value, type=ClientInfo)
            if channel is not None:
                channel.tell_member(info, joined=True)
        elif not members:
            del self._members[where]

    def _on_watch(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        if value is None:
            self._watchers[where].discard(node)
            if not self._watchers[where]:
                del self._watchers[where]
        else:
            self._watchers[where].add(node)
        channel = self._hub.channels.get(where)
        if channel is not None:
            channel.demand_counts()

    def _on_demand(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        if value is None:
            self._demands[where].pop(node, None)
            if not self._demands[where]:
                del self._demands[where]
        else:
            self._demands[where][node] = msgspec.msgpack.decode(value, type=Demand)
        channel = self._hub.channels.get(where)
        if channel is not None:
            channel.demand_counts()

    def _on_origin(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        if value is not None:
            self._hub.origins.allow(where, key)
        else:
            self._hub.origins.withdraw(where, key)

    def _on_revoked(self, key: str, value: bytes | None, now: float) -> None:
        if value is not None:
            self._hub.revoke(msgspec.json.decode(value, type=Revocation))

    def _show(self, hint: Hint) -> None:
        channel = self._hub.channels.get(hint.channel)
        if channel is not None:
            channel.hint(hint.line)
