"""What the session tells its driver: each notice is one thing that happened on the wire."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Raw

from ..protocol.messages import ClientInfo, ConnectResult, Error, Publication, Reply


@dataclass(frozen=True, slots=True)
class Online:
    """The hub accepted the connection."""

    result: ConnectResult


@dataclass(frozen=True, slots=True)
class Refused:
    """The hub did not accept the connection."""

    error: Error


@dataclass(frozen=True, slots=True)
class Answered:
    """A request has its reply."""

    id: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The connection ended before this request's reply came."""

    id: int


class _Past(msgspec.Struct):
    until: int = 0


_past = msgspec.json.Decoder(_Past)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription is live. Without ``recovered`` the snapshot replaces what was known.

    Of an event or stream channel what is kept comes behind it as publications.

    Args:
        channel: Its name.
        snapshot: ``data`` of the subscribe reply, raw JSON; empty when there is none.
        recovered: Whether everything missed follows as publications.
        again: Whether it had been live before, on this or an earlier connection.
        seen: Our last position; None when the log is another one, as after a restart of the hub, or there was
            no position.
        epoch: The log it stands in; empty where the channel has no positions.
        offset: Where it stands: the next publication is the one behind it.
    """

    channel: str
    snapshot: Raw
    recovered: bool
    again: bool
    seen: int | None
    epoch: str = ""
    offset: int = 0

    @property
    def old_until(self) -> int:
        """Offset up to which what follows is no news.

        What was there before the first subscription is none. After a gap there may be what was missed.
        """
        if self.again:
            return self.seen or 0
        return _past.decode(bytes(self.snapshot) or b"{}").until


@dataclass(frozen=True, slots=True)
class Published:
    """A publication of a live subscription."""

    channel: str
    publication: Publication


@dataclass(frozen=True, slots=True)
class SubscribeRefused:
    """A subscription ended for good."""

    channel: str
    error: Error


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody joined or left a channel."""

    channel: str
    info: ClientInfo
    joined: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A message push: data for this connection alone."""

    data: Raw


@dataclass(frozen=True, slots=True)
class Silent:
    """The hub sent nothing, not even a ping, for too long: give the connection up."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame was not of the protocol: give the connection up."""

    problem: str


Notice = (
    Online
    | Refused
    | Answered
    | Unanswered
    | Subscribed
    | Published
    | SubscribeRefused
    | Membership
    | Told
    | Silent
    | Garbled
)
