"""Who made the channels that there are: a user makes so many, and so do all guests of a link together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .invites import GUEST

if TYPE_CHECKING:
    from .capabilities import Credentials
    from .channel import Channel
    from .connection import Connection
    from .hub import Hub


# All guests whom a user has asked in make so many times as many.
_GUESTS = 4


class Makers:
    """Count channels for who is the first to publish to each; it counts for nobody before.

    Guests count for the link that they came by, as each who takes it is another user, and for who gave it
    out, but not with what that user makes: they take no room from whom the session belongs to. Who owns the
    hub makes as many as there may be, and so does the hub itself.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # By what it is, and the user's name or the link's `jti`.
        self._made: Counter[tuple[str, str]] = Counter()
        self._of: dict[Channel, list[tuple[str, str]]] = {}

    def note(self, channel: Channel, connection: Connection) -> None:
        """Count a channel for who is about to publish to it, unless something was published there before.

        Raises:
            Refusal: If the user has made as many as there may be, or guests have.
        """
        credentials = connection.credentials
        assert credentials is not None
        if channel.log.top or credentials.owner or channel in self._of:
            return
        makers = _makers_of(credentials)
        for maker in makers:
            times = _GUESTS if maker[0] == "user's guests" else 1
            self._hub.check("channels_per_user", self._made[maker] // times, f"channels of a {maker[0]}")
        self._made.update(makers)
        self._of[channel] = makers

    def gone(self, channel: Channel) -> None:
        """Count a channel no more: it has ended."""
        for maker in self._of.pop(channel, ()):
            self._made[maker] -= 1
            if not self._made[maker]:
                del self._made[maker]


def _makers_of(credentials: Credentials) -> list[tuple[str, str]]:
    """Return whom a channel counts for: the user; of a guest the first link behind them, and who made that.

    A link that guests have made themselves is no new one.
    """
    user, link, maker = credentials.user, "", credentials.maker
    while maker is not None and user.startswith(GUEST):
        if maker.sub != user:  # otherwise they made it for themselves
            user, link = maker.sub, maker.jti
        maker = maker.maker
    return [("link's guests", link), ("user's guests", user)] if link else [("user", user)]
