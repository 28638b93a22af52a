"""The hub: channels, connections and commands under one set of rules."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from ..errors import ChannelNameError
from ..protocol import codes
from ..protocol.names import catalogue_of, check_channel, commands_shown_in, namespace_of, scoped, users_of
from .about_hub import PROBE, is_about_hub, rules_about_hub
from .archiving import Archiving
from .channel import Budget, Channel
from .chat_notices import tell_addressed
from .commands import Commands
from .connection import Connection
from .figures import Figures
from .kinds import Author, Chat, DataError, FullError, Moderator, Table
from .makers import Makers
from .nodes import Nodes, NodesPort
from .notices import TO_SESSION, Notices, notices_of, session_of
from .origins import Origins
from .producers import Producers
from .refusal import Refusal
from .revocation import Revocation
from .rules import HubRules, Namespace, Verb
from .sessions import LIST, Sessions, about, rules_of_own
from .sharing import Sharing
from .staging import Faults
from .timers import Timers
from .tokens import Tokens

SWEEP_INTERVAL_S = 30.0
# For so many channels at a time it is remembered that a connection may publish to them.
MAX_PUBLISHABLE = 4096


def is_reserved(name: str) -> bool:
    """Say whether only the hub may publish to a channel: its last segment starts with ``rtwidgets.``.

    So it is in the scope in which the hub tells of itself.
    """
    if is_about_hub(name):
        return True
    head = name.partition("#")[0]
    return head[max(head.rfind("/"), head.rfind(":")) + 1 :].startswith("rtwidgets.")


def is_of_this_process(name: str, namespace: Namespace) -> bool:
    """Say whether a channel tells what the hub process is doing, so that no archive should keep it."""
    return is_about_hub(name) or (is_reserved(name) and namespace.kind in ("table", "value"))


class Hub:
    """Everything a hub process knows.

    Args:
        rules: Namespaces and limits.
        tokens: Signs and verifies tokens.
        hub_id: Identifies this hub to its clients.
        version: Version of the program.
        make_id: Returns a new unguessable id at each call.
        now: Seconds since the Unix epoch.
    """

    def __init__(
        self,
        rules: HubRules,
        tokens: Tokens,
        *,
        hub_id: str,
        version: str,
        make_id: Callable[[], str],
        now: float,
    ) -> None:
        self.rules = rules
        self.tokens = tokens
        self.version = version
        self.make_id = make_id
        self.started_at = now
        self.timers = Timers()
        self.channels: dict[str, Channel] = {}
        # Those that were made for the request that is carried out now.
        self.made: list[Channel] = []
        self.makers = Makers(self)
        # Makes the epochs of channels; another one once a channel that had something in it has ended.
        self._life = make_id()
        self.budget = Budget(rules.limits.state_total_bytes)
        self.connections: dict[str, Connection] = {}
        self.producers = Producers()
        self.commands = Commands(self)
        self.archiving = Sharing(self, now) if rules.shared else Archiving(self, now)
        self.sessions = Sessions(self)
        self.notices = Notices(self)
        # Set when other hubs share the broker; see `join_nodes`.
        self.nodes: Nodes | None = None
        self.origins = Origins()
        # Connections by user, and what limits have refused, by the name of the limit.
        self.users: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.figures = Figures()
        self.on_dirty: Callable[[], None] = lambda: None
        # Seconds that the hub has worked; the driver's clock for that.
        self.clock: Callable[[], float] = lambda: 0.0
        # A fault of ours while a request was handled; its client gets error 100.
        self.on_fault: Callable[[Exception], None] = lambda error: None
        # The driver keeps what was revoked here and tells other hubs; a Refusal says that it can't.
        self.on_revoke: Callable[[Revocation], None] = lambda entry: None
        self.greeting = b""
        # Tells this process from the others that are the same hub.
        self.process_id = hub_id
        self.rename(hub_id)
        self._dirty: list[Channel] = []
        # Channels with readers whose turn has not come, and when the first of them is due.
        self._late: set[Channel] = set()
        self._next_due = math.inf
        self.timers.at(now + SWEEP_INTERVAL_S, self._sweep)

    def join_nodes(self, port: NodesPort) -> Nodes:
        """Let this hub be one of several that share a broker; before anything else is done with it."""
        nodes = self.nodes = Nodes(self, self.process_id, port)
        self.sessions.join(nodes)
        self.commands.join(nodes)
        return nodes

    def rename(self, hub_id: str) -> None:
        """Take another id, which connections from now on are told: that of all hubs that share a broker."""
        self.hub_id = hub_id
        about: dict[str, object] = {
            "hub": hub_id,
            "version": self.version,
            "max_message_bytes": self.rules.limits.max_message_bytes,
        }
        if self.process_id != hub_id:
            about["process"] = self.process_id
        self.greeting = msgspec.json.encode({"rtwidgets": about})

    def open(self, wake: Callable[[], None], now: float) -> Connection:
        """Start a connection. `wake` is called whenever it has something to take."""
        connection = Connection(self, self.make_id(), wake, now)
        self.connections[connection.client] = connection
        return connection

    def forget(self, connection: Connection, now: float) -> None:
        """Remove what an ended connection left behind."""
        self.connections.pop(connection.client, None)
        self.withdraw_origins(connection)
        self.commands.gone(connection, now)
        self.sessions.gone(connection)
        if connection.has_started:
            user = connection.info.user
            self.users[user] -= 1
            if not self.users[user]:
                del self.users[user]

    def withdraw_origins(self, connection: Connection) -> None:
        """Let in no more what a connection has allowed that is over, or no owner's any more."""
        for origin in self.origins.allowed_by(connection.client):
            self.origins.withdraw(origin, connection.client)
            if self.nodes is not None:
                self.nodes.tell("origin", origin, connection.client, None)

    def flush(self, now: float) -> float:
        """Put every reader of what was published since the last flush in line, if its turn has come.

        Returns:
            When to flush again for readers whose turn has not come; infinity when there are none.
        """
        dirty, self._dirty = self._dirty, []
        if now >= self._next_due:
            dirty.extend(channel for channel in self._late if not channel.is_dirty)
            self._late.clear()
            self._next_due = math.inf
        for channel in dirty:
            if channel.log.cuts:
                self.refused["history_bytes"] += channel.log.cuts
                channel.log.cuts = 0
            top = channel.log.top
            self.figures.published[channel.namespace.kind] += top - channel.counted
            channel.counted = top
            due = channel.serve(now)
            if due < math.inf:
                self._late.add(channel)
                self._next_due = min(self._next_due, due)
        bound = self.rules.limits.history_total_bytes
        if bound and self.budget.used > bound:
            self._shrink(bound)
        return self._next_due

    def _shrink(self, bound: int) -> None:
        """Take from the largest logs until all of them have the room that they may have.

        Who fills the hub pays for it; readers that are behind there are told, as always.
        """
        self.refused["history_total_bytes"] += 1
        largest = sorted(self.channels.values(), key=lambda channel: channel.log.size, reverse=True)
        for channel in largest:
            # A quarter below the bound, so that this is not done at every flush.
            while self.budget.used > bound - bound // 4:
                before = channel.log.size
                if not channel.log.halve():
                    break
                self.budget.used -= before - channel.log.size
        # Many channels with one large publication each. A value's last one is the value.
        for channel in largest:
            if self.budget.used <= bound:
                break
            if not channel.kind.last_counts:
                self.budget.used -= channel.log.size
                channel.log.clear()

    def check(self, limit: str, count: int, what: str) -> None:
        """Refuse one more of something of which there are so many, if a limit says so.

        Args:
            limit: The name of the limit.
            what: Of what, in words.

        Raises:
            Refusal: If there are as many as there may be.
        """
        bound = getattr(self.rules.limits, limit)
        if bound and count >= bound:
            self.refused[limit] += 1
            raise Refusal(codes.LIMIT_EXCEEDED, f"at most {bound} {what}: {limit}")

    def revoke_and_keep(self, entry: Revocation) -> int:
        """Revoke for good, here and in the hubs that hear of it; see `revoke`.

        Raises:
            Refusal: If it is done here, but neither kept nor known to others.
        """
        closed = self.revoke(entry)
        # Where it is kept it may take the place of one that says more.
        self.on_revoke(self.tokens.revocations.whole(entry))
        return closed

    def revoke(self, *entries: Revocation) -> int:
        """Accept some tokens no more, and end what they opened; return how many connections that closes."""
        revocations = self.tokens.revocations
        for entry in entries:
            revocations.add(entry)
        closed = 0
        for connection in list(self.connections.values()):
            if connection.end_revoked(revocations):
                connection.close(codes.REVOKED)
                closed += 1
        return closed

    def tick(self, now: float) -> None:
        """Do what is due."""
        self.timers.run(now)

    def namespace(self, name: str) -> Namespace | None:
        """Return the rules of a channel, or None when its namespace does not exist."""
        own = rules_about_hub(name) or rules_of_own(name)
        return own or self.rules.namespaces.get(namespace_of(name))

    def channel(self, name: str) -> Channel:
        """Return a channel; it starts when it is first asked for.

        Raises:
            Refusal: If its namespace does not exist.
        """
        channel = self.channels.get(name)
        if channel is None:
            namespace = self.namespace(name)
            if namespace is None:
                raise Refusal(codes.UNKNOWN_CHANNEL)
            limits = self.rules.limits
            if limits.channel_name_chars and len(name) > limits.channel_name_chars:
                self.refused["channel_name_chars"] += 1
                bound = f"at most {limits.channel_name_chars} characters: channel_name_chars"
                raise Refusal(codes.BAD_REQUEST, f"a channel's name has {bound}")
            if name != PROBE:  # a hub that is full is good for all that are in it
                self.check("channels", len(self.channels), "channels")
            channel = Channel(name, namespace, limits, self._epoch_of(name), self._on_dirty, self.budget)
            scope = commands_shown_in(name)
            if scope is not None and isinstance(channel.kind, Table):
                channel.kind.adopt("name" if name == catalogue_of(scope) else "id")
            kept = self.rules.shared or (self.rules.archive and namespace.wants_archive)
            if kept and not is_of_this_process(name, namespace):
                self.archiving.join(channel)
            channel.nodes = self.nodes
            self.channels[name] = channel
            self.made.append(channel)
        return channel

    def channel_for(self, connection: Connection, name: str, verb: Verb | None) -> Channel:
        """Return a channel that exists for this connection's user and that it has a right on.

        Args:
            connection: Who asks.
            name: The channel.
            verb: The right to check; None when another token has given it.

        Raises:
            Refusal: If the name breaks the grammar, the channel is for other users, the right is missing, or
                there are too many channels.
        """
        try:
            check_channel(name)
        except ChannelNameError as error:
            raise Refusal(codes.BAD_REQUEST, str(error)) from None
        namespace = self.rules.namespaces.get(namespace_of(name))
        if namespace is None:
            raise Refusal(codes.UNKNOWN_CHANNEL)
        users = users_of(name)
        user = connection.info.user
        if users is not None and (not user or user not in users):
            raise Refusal(codes.PERMISSION_DENIED)
        if verb is not None and not self.may(connection, verb, name):
            raise Refusal(codes.PERMISSION_DENIED)
        if verb == "publish" and is_reserved(name):
            raise Refusal(codes.PERMISSION_DENIED, f"only the hub publishes to {name!r}")
        channel = self.channel(name)
        if verb == "publish":
            try:
                self.makers.note(channel, connection)
            except Refusal:
                self.let_go(channel)
                raise
        return channel

    def may(self, connection: Connection, verb: Verb, name: str) -> bool:
        """Say whether the namespace or a capability gives a right on a channel whose namespace exists."""
        credentials = connection.credentials
        assert credentials is not None
        if is_about_hub(name):
            return credentials.may(verb, name) or (credentials.owner and verb != "publish")
        if name == LIST:  # of all sessions: for who may see all
            return credentials.may(verb, about("*"))
        if verb in self.rules.namespaces[namespace_of(name)].allow or credentials.may(verb, name):
            return True
        if verb not in ("subscribe", "history"):
            return False
        if name == notices_of(credentials.user):
            return True
        scope = commands_shown_in(name) if verb == "subscribe" else None
        return scope is not None and credentials.may_some("command", f"command:{scoped(scope, '')}")

    def publishable(self, connection: Connection, name: str, now: float) -> Channel:
        """Return a channel that a connection may publish one item to; its right is looked up once.

        Raises:
            Refusal: As `channel_for` does, or if it is a session's notices and the user sends too many.
        """
        channel = self.publishes_to(connection, name)
        if name.endswith(TO_SESSION) and self.sessions.get(session_of(name)) is not None:
            self.notices.take(connection.info.user, now)
        return channel

    def publishes_to(self, connection: Connection, name: str) -> Channel:
        """Return a channel that a connection has the right to publish to.

        Raises:
            Refusal: As `channel_for` does.
        """
        channel = connection.publishes_to.get(name)
        if channel is not None and not channel.has_ended:
            return channel
        try:
            channel = self.channel_for(connection, name, "publish")
        except Refusal:
            raise
        except Exception as error:
            raise self.refusal_of(error) from None
        if len(connection.publishes_to) >= MAX_PUBLISHABLE:
            connection.publishes_to.clear()
        connection.publishes_to[name] = channel
        return channel

    def publish_for(
        self, connection: Connection, channel: Channel, items: list[bytes], now: float
    ) -> dict[int, Refusal]:
        """Publish for a client, with its info, to a channel that has no archive.

        Args:
            items: Raw JSON of each publication.

        Returns:
            What was not published, by index, and why.
        """
        faults = channel.publish_all(
            items, now, connection.encoded_info, self._author_in(channel, connection)
        )
        if isinstance(channel.kind, Chat):
            tell_addressed(connection, channel, channel.kind, items, faults, now)
        return {index: self.refusal_of(fault) for index, fault in faults.items()} if faults else {}

    def keep_for(
        self,
        connection: Connection,
        channel: Channel,
        items: list[bytes],
        now: float,
        done: Callable[[dict[int, Refusal], float], None],
        producer: tuple[bytes, int] | None = None,
    ) -> None:
        """Publish for a client, with its info, to a channel that has an archive.

        Args:
            items: Raw JSON of each publication.
            done: Called once they are committed, or not, with what was not published, by index, and why.
            producer: Key and number, where the client sends again what fails for now.
        """
        durable = channel.durable
        assert durable is not None
        size = sum(map(len, items))
        connection.inbox.pending += size

        def settled(faults: Faults, refusal: Refusal | None, now: float) -> None:
            connection.inbox.pending -= size
            if refusal is not None:
                done(dict.fromkeys(range(len(items)), refusal), now)
            else:
                if isinstance(channel.kind, Chat):
                    tell_addressed(connection, channel, channel.kind, items, faults, now)
                done({index: self.refusal_of(fault) for index, fault in faults.items()}, now)

        author = self._author_in(channel, connection)
        durable.publish(items, connection.encoded_info, author, now, settled, producer)

    def _author_in(self, channel: Channel, connection: Connection) -> Author:
        """Return who publishes; in a chat, who has every right there may delete what others said."""
        if channel.namespace.kind == "chat" and self.may(connection, "command", channel.name):
            return Moderator(*connection.author)
        return connection.author

    def publish_own(self, name: str, data: bytes, now: float) -> None:
        """Publish to a channel of the hub's own; where there is no room for it, it is counted and left out.

        Args:
            data: Raw JSON.
        """
        try:
            self.channel(name).publish(data, now=now)
        except Refusal:
            pass  # counted by who refused
        except DataError as fault:
            self.refusal_of(fault)

    def refusal_of(self, fault: Exception) -> Refusal:
        """Return what a client is told of a publication that failed."""
        if isinstance(fault, Refusal):
            return fault
        if isinstance(fault, FullError):
            self.refused[fault.limit] += 1
            return Refusal(codes.LIMIT_EXCEEDED, str(fault))
        if isinstance(fault, DataError):
            return Refusal(codes.BAD_REQUEST, str(fault))
        self.on_fault(fault)
        return Refusal(codes.INTERNAL)

    def _on_dirty(self, channel: Channel) -> None:
        self._dirty.append(channel)
        if len(self._dirty) == 1:
            self.on_dirty()

    def let_go(self, channel: Channel) -> None:
        """Forget a channel at once that nobody uses and in which nothing was ever published.

        When it is made again it is the same, with its position. So asking for names that nobody publishes to
        takes no room from others.
        """
        if channel.is_unused and self.channels.get(channel.name) is channel:
            self.end_channel(channel)

    def _epoch_of(self, name: str) -> str:
        return blake2b(f"{self._life} {name}".encode(), digest_size=6).hexdigest()

    def end_channel(self, channel: Channel) -> None:
        """Forget a channel. One of this name has another epoch then, unless nothing was published in it."""
        del self.channels[channel.name]
        self.makers.gone(channel)
        channel.end()
        if channel.log.top:
            self._life = self.make_id()

    def _sweep(self, now: float) -> None:
        self.sessions.sweep(now)
        for name in [name for name, channel in self.channels.items() if channel.is_over(now)]:
            self.end_channel(self.channels[name])
        self.timers.at(now + SWEEP_INTERVAL_S, self._sweep)
