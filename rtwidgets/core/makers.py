"""Who made the channels that there are: of one user's, and of one session's, there are only so many."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .channel import Channel
    from .connection import Connection
    from .hub import Hub


class Makers:
    """Count channels for who is the first to publish to each; it counts for nobody before.

    A channel in a session counts for that, too: its guests come and go, each of them another user. Who owns
    the hub makes as many as there may be, and so does the hub itself.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # By whether it is a user or a session, and its name.
        self._made: Counter[tuple[str, str]] = Counter()
        self._of: dict[Channel, list[tuple[str, str]]] = {}

    def note(self, channel: Channel, connection: Connection) -> None:
        """Count a channel for who is about to publish to it, unless something was published there before.

        Raises:
            Refusal: If the user has made, or the session has, as many as there may be.
        """
        credentials = connection.credentials
        assert credentials is not None
        if channel.log.top or credentials.owner or channel in self._of:
            return
        makers = [("user", credentials.user)]
        session = channel.name.partition(":")[2].partition("/")[0]
        if self._hub.sessions.get(session) is not None:
            makers.append(("session", session))
        for maker in makers:
            self._hub.check("channels_per_user", self._made[maker], f"channels of a {maker[0]}")
        self._made.update(makers)
        self._of[channel] = makers

    def gone(self, channel: Channel) -> None:
        """Count a channel no more: it has ended."""
        for maker in self._of.pop(channel, ()):
            self._made[maker] -= 1
            if not self._made[maker]:
                del self._made[maker]
