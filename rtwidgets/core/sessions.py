"""Shared live sessions: scopes of channels and commands that people are in together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from ..protocol.messages import ClientInfo
from .kinds import Table
from .roles import ROLES, role_in_session
from .rules import Namespace

if TYPE_CHECKING:
    from .capabilities import Credentials
    from .channel import Channel
    from .connection import Connection
    from .hub import Hub
    from .nodes import Nodes

LIST = "table:rtwidgets.sessions"
MEMBERS = "/rtwidgets.members"
# A session that nobody holds or is in is forgotten after this.
KEPT_S = 86_400.0
# So many of a session's members are named in a list of sessions.
NAMED_MEMBERS = 8

# What is said of sessions does not depend on how the operator sets up the namespaces.
_MEMBERS_RULES = Namespace("event", presence=True, join_leave=True)
_SESSION_RULES = Namespace("value", history_size=1, recover=True)
_LIST_RULES = Namespace("table", history_size=100, recover=True)

_encode = msgspec.json.Encoder().encode


def rules_of_own(name: str) -> Namespace | None:
    """Return the rules of a channel that tells of sessions; None for all others."""
    if name == LIST:
        return _LIST_RULES
    if name.startswith("event:") and name.endswith(MEMBERS):
        return _MEMBERS_RULES
    if name.startswith("value:") and name.endswith("/rtwidgets.session"):
        return _SESSION_RULES
    return None


def about(session: str) -> str:
    """Return the channel that says what a session is."""
    return f"value:{session}/rtwidgets.session"


def members_of(session: str) -> str:
    """Return the channel whose subscribers are a session's members."""
    return f"event:{session}{MEMBERS}"


class Session(Struct):
    """One session.

    Args:
        owner: Who made it.
        created_ms: Milliseconds since the Unix epoch.
    """

    name: str
    title: str
    owner: str
    owner_name: str
    created_ms: int


class Member(Struct):
    """Somebody who is in a session, from however many places."""

    user: str
    name: str
    role: str
    guest: bool
    connections: int


class _ConnInfo(Struct):
    name: object = None
    guest: object = None


class _ChanInfo(Struct):
    role: Literal["viewer", "editor", "owner"] = "viewer"


S = TypeVar("S", _ConnInfo, _ChanInfo)


class Sessions:
    """The sessions of a hub.

    A session is held by the connections that opened it; their owner's rights are checked before.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sessions: dict[str, Session] = {}
        self._holders: dict[str, set[Connection]] = {}
        # Since when nobody was there.
        self._empty_since: dict[str, float] = {}
        # With other hubs: which of them have somebody who holds a session.
        self._nodes: Nodes | None = None
        self._held_at: dict[str, set[str]] = {}

    def join(self, nodes: Nodes) -> None:
        """Share the sessions with other hubs."""
        self._nodes = nodes
        nodes.on_shared("session", self._on_shared)
        nodes.on("holder", self._on_holder)

    def get(self, name: str) -> Session | None:
        """Return a session, or None when there is none of that name."""
        return self._sessions.get(name)

    def open(self, connection: Connection, name: str, title: str | None, now: float) -> Session:
        """Return a session that this connection holds from now on; it is made when there is none.

        Args:
            title: What people read; None leaves it as it is.

        Raises:
            Refusal: If there are too many.
        """
        session = self._sessions.get(name)
        if session is None:
            self._hub.check("sessions", len(self._sessions), "sessions")
            who = connection.author
            made = sum(session.owner == who.user for session in self._sessions.values())
            self._hub.check("sessions_per_user", made, "sessions of a user")
            session = self._sessions[name] = Session(name, name, who.user, who.name, int(now * 1000))
            session.title = title or name
            self._tell(session, now)
        elif title and title != session.title:
            session.title = title
            self._tell(session, now)
        self._holders.setdefault(name, set()).add(connection)
        if self._nodes is not None:
            self._nodes.tell("holder", name, "", b"1")
        return session

    def gone(self, connection: Connection) -> None:
        """Forget a connection."""
        for name, holders in self._holders.items():
            if connection in holders:
                holders.discard(connection)
                if not holders and self._nodes is not None:
                    self._nodes.tell("holder", name, "", None)

    def seen_by(self, connection: Connection) -> list[Session]:
        """Return the sessions that a connection may see."""
        may = self._hub.may
        return [
            session for name, session in self._sessions.items() if may(connection, "subscribe", about(name))
        ]

    def members(self, session: str, named: int) -> tuple[list[Member], int]:
        """Return some of those who are in a session, in the order they came, and how many there are."""
        by_user: dict[str, list[ClientInfo]] = {}
        for info in self._all_members(session):
            by_user.setdefault(info.user, []).append(info)
        return [_member(user, infos) for user, infos in islice(by_user.items(), named)], len(by_user)

    @property
    def work(self) -> int:
        """About how much it takes to list them, in commands."""
        members = sum(1 for name in self._sessions for _ in self._all_members(name))
        return (len(self._sessions) + members) // 50

    def sweep(self, now: float) -> None:
        """Forget sessions that nobody holds or was in for long."""
        for name in list(self._sessions):
            is_used = self._holders.get(name) or self._held_at.get(name) or any(self._all_members(name))
            if is_used:
                self._empty_since.pop(name, None)
            elif now - self._empty_since.setdefault(name, now) > KEPT_S:
                self._forget(name, now)
                if self._nodes is not None:
                    self._nodes.share("session", name, None)

    def _forget(self, name: str, now: float) -> None:
        del self._sessions[name]
        self._empty_since.pop(name, None)
        self._holders.pop(name, None)
        self._list().publish(_encode({"remove": [name]}), now=now)
        self._hub.channel(about(name)).publish(b"null", now=now)

    def _all_members(self, session: str) -> Iterator[ClientInfo]:
        name = members_of(session)
        channel = self._hub.channels.get(name)
        if channel is not None:
            yield from channel.members()
        elif self._nodes is not None:
            yield from self._nodes.members(name)

    def _on_shared(self, name: str, value: bytes | None, now: float) -> None:
        if value is None:
            if name in self._sessions:
                self._forget(name, now)
            return
        session = msgspec.json.decode(value, type=Session)
        if session != self._sessions.get(name):
            self._sessions[name] = session
            self._show(session, now)

    def _on_holder(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        held_at = self._held_at.setdefault(where, set())
        if value is not None:
            held_at.add(node)
        else:
            held_at.discard(node)
            if not held_at:
                del self._held_at[where]

    def _tell(self, session: Session, now: float) -> None:
        if self._nodes is not None:
            self._nodes.share("session", session.name, _encode(session))
        self._show(session, now)

    def _show(self, session: Session, now: float) -> None:
        says = msgspec.structs.asdict(session)
        row = {column: [cell] for column, cell in says.items()}
        self._list().publish(_encode({"upsert": row}), now=now)
        self._hub.channel(about(session.name)).publish(_encode(says), now=now)

    def _list(self) -> Channel:
        channel = self._hub.channel(LIST)
        assert isinstance(channel.kind, Table)
        channel.kind.declare("name")
        return channel


def with_role(info: ClientInfo, credentials: Credentials, channel: str) -> ClientInfo:
    """Return a subscriber's info; on a members channel with the role, which others can rely on."""
    if not channel.startswith("event:") or not channel.endswith(MEMBERS):
        return info
    session = channel.removeprefix("event:").removesuffix(MEMBERS)
    role = _role_of(credentials, session)
    return msgspec.structs.replace(info, chan_info=Raw(_encode({"role": role})))


def _member(user: str, infos: list[ClientInfo]) -> Member:
    says = _decoded(infos[0].conn_info, _ConnInfo)
    name = says.name if isinstance(says.name, str) and says.name else user
    roles = [_decoded(info.chan_info, _ChanInfo).role for info in infos]
    return Member(user, name, max(roles, key=ROLES.index), says.guest is True, len(infos))


def _role_of(credentials: Credentials, session: str) -> str:
    # Who has fewer rights than a viewer and is there all the same sees something of it.
    return role_in_session(credentials.rights, session) or "viewer"


def _decoded(info: Raw, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(info, type=kind) if bytes(info) else kind()
    except msgspec.DecodeError:
        return kind()
