"""Notices: what is said to one user, on all of their pages.

Every user has a channel of them that only the hub publishes to and that this user may always read. A notice
is an event like any other: who caused it stands in the publication's info, by the hub's word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from msgspec import Struct

from ..protocol import codes
from ..protocol.blank import is_blank
from ..protocol.names import is_channel, users_of
from .rates import Bucket
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection
    from .hub import Hub

PREFIX = "event:rtwidgets.notices#"
# What the name of the channel ends with that every page of a session shows.
TO_SESSION = "/notices"
MAX_TEXT = 1_000
# For so many senders it is remembered what they sent of late.
MAX_SENDERS = 10_000

Level: TypeAlias = Literal["info", "success", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "success", "warning", "error")

_encode = msgspec.json.Encoder().encode


class Notice(Struct, omit_defaults=True):
    """What a page shows.

    Args:
        text: What is said; plain text.
        type: What it is about: ``"notice"`` for what somebody says by `rtwidgets.notify`.
        level: How much it matters.
        channel: The channel it is about, if it is about one.
    """

    text: str
    type: str = "notice"
    level: Level = "info"
    channel: str = ""


def notices_of(user: str) -> str | None:
    """Return the channel of a user's notices; None for a name that can stand in no channel name."""
    name = PREFIX + user
    return name if user and is_channel(name) and users_of(name) == frozenset((user,)) else None


def session_of(channel: str) -> str:
    """Return the session whose notices a channel has; empty for any other channel."""
    scoped = channel.removeprefix("event:")
    return scoped.removesuffix(TO_SESSION) if scoped != channel and scoped.endswith(TO_SESSION) else ""


class Notices:
    """Tell users of something, each sender only so often."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # By the user who sends; those that sent last are at the end.
        self._buckets: dict[str, Bucket] = {}

    def send(
        self, sender: Connection, user: str, notice: Notice, now: float, *, is_paid: bool = False
    ) -> int:
        """Show a notice on a user's pages; whether the sender may is the caller's affair.

        Args:
            is_paid: Whether `take` was called for it.

        Returns:
            How many connections have it now; others of the user's get it when they come.

        Raises:
            Refusal: If the sender sends too many, the text is empty or too long, or no such user can be.
        """
        name = notices_of(user)
        if name is None:
            raise Refusal(codes.BAD_REQUEST, f"a user named {user[:80]!r} can have no notices")
        if is_blank(notice.text) or len(notice.text) > MAX_TEXT:
            has = "nothing that can be seen" if is_blank(notice.text) else f"{len(notice.text)} characters"
            raise Refusal(codes.BAD_REQUEST, f"a notice has 1 to {MAX_TEXT} characters; this one has {has}")
        if not is_paid:
            self.take(sender.info.user, now)
        channel = self._hub.channel(name)
        channel.publish(_encode(notice), now=now, info=sender.encoded_info, author=sender.author)
        return sum(1 for _ in channel.members())

    def take(self, sender: str, now: float) -> None:
        """Count a notice of a user.

        Raises:
            Refusal: If they send too many.
        """
        rate = self._hub.rules.limits.notices_per_s
        if not rate:
            return
        bucket = self._buckets.pop(sender, None) or Bucket(rate, now)
        self._buckets[sender] = bucket
        if len(self._buckets) > MAX_SENDERS:
            del self._buckets[next(iter(self._buckets))]
        if bucket.wait_s(now):
            self._hub.refused["notices_per_s"] += 1
            raise Refusal(codes.LIMIT_EXCEEDED, f"at most {rate:g} notices a second: notices_per_s")
        bucket.take(1)


class Notify(Struct):
    """Data of the rpc `rtwidgets.notify`.

    Args:
        to: The user who is told; empty for the sender.
    """

    text: str
    level: Level = "info"
    to: str = ""


def notify(connection: Connection, wanted: Notify, now: float) -> int:
    """Carry out an rpc that tells a user something; return how many connections have it now.

    Oneself is always allowed. Others: owners, and whose capabilities name publishing to that user's channel.

    Raises:
        Refusal: If the right is missing, or as `Notices.send` says.
    """
    credentials, user = connection.credentials, wanted.to or connection.info.user
    assert credentials is not None
    allowed = user == credentials.user or credentials.owner or credentials.may("publish", PREFIX + user)
    if not credentials.user or not allowed:
        raise Refusal(codes.PERMISSION_DENIED, f"no right to notify {user[:80]!r}")
    return connection.hub.notices.send(connection, user, Notice(wanted.text, level=wanted.level), now)
