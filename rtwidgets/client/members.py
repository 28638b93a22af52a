"""Who is in a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ..protocol.messages import ClientInfo, Command, PresenceRequest
from .channel import Channel
from .colors import colors_of
from .listeners import Handle, Listeners
from .notices import Subscribed

if TYPE_CHECKING:
    from .hub import Hub

_RANK = {"owner": 0, "editor": 1, "viewer": 2}


class _ConnInfo(msgspec.Struct):
    name: str = ""
    guest: bool = False


class _ChanInfo(msgspec.Struct):
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is in a session, from however many places.

    Args:
        user: Who, as the hub knows them.
        name: What others read.
        role: ``"viewer"``, ``"editor"`` or ``"owner"``; the highest, where they came with several.
        guest: Whether they came by a link.
        connections: From how many pages and kernels.
        color: The colour that pages give them while the same members are there.
    """

    user: str
    name: str
    role: str
    guest: bool
    connections: int
    color: str


class Members(Channel):
    """The channel whose subscribers are a session's members; who follows it is one."""

    kind = "event"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._changed = Listeners(f"on_members of {name!r}", latest_only=True)

    def present(self) -> list[Member]:
        """Return who is there now, owners first.

        Raises:
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        reply = self._request(Command(presence=PresenceRequest(channel=self.name)))
        clients = reply.presence.presence.values() if reply.presence is not None else ()
        return members_of(clients)

    def on_change(self, fn: Callable[[list[Member]], Any]) -> Handle:
        """Call a function with all members when somebody came or went."""
        told: list[list[Member]] = []

        def tell() -> Any:
            members = self.present()
            if told != [members]:
                told[:] = [members]
                return fn(members)
            return None

        self._follow()
        return self._changed.add(tell)

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        """Hear that somebody came or went."""
        self._changed.fire()

    def _apply_snapshot(self, notice: Subscribed) -> None:
        # Who came and went while we were away was not told.
        self._changed.fire()

    def _clear(self) -> None:
        self._changed.clear()


def members_of(clients: Any) -> list[Member]:
    """Return the users behind connections, owners first, then by name."""
    members: dict[str, Member] = {}
    clients = list(clients)
    colors = colors_of(client.user for client in clients)
    for client in clients:
        who = _decoded(bytes(client.conn_info), _ConnInfo)
        role = _decoded(bytes(client.chan_info), _ChanInfo).role
        known = members.get(client.user)
        if known is not None:
            role = min(role, known.role, key=lambda name: _RANK.get(name, 3))
        members[client.user] = Member(
            user=client.user,
            name=who.name or client.user,
            role=role,
            guest=who.guest,
            connections=1 if known is None else known.connections + 1,
            color=colors[client.user],
        )
    return sorted(members.values(), key=lambda member: (_RANK.get(member.role, 3), member.name, member.user))


def _decoded(info: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(info, type=kind) if info else kind()
    except msgspec.DecodeError:
        return kind()
