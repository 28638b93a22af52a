"""What is addressed to one user: a channel of their own, which they may always read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol.names import is_channel, users_of
from .refusal import Refusal

if TYPE_CHECKING:
    from .hub import Hub

NOTICES = "event:rtwidgets.notices#"


def channel_of(user: str) -> str | None:
    """Return the name of a user's channel; None for a user that no channel can be for alone."""
    name = NOTICES + user
    return name if is_channel(name) and users_of(name) == frozenset((user,)) and user else None


def tell(hub: Hub, user: str, data: bytes, now: float) -> bool:
    """Publish to a user's channel; say whether there is one, and room for it.

    Args:
        data: Raw JSON.
        now: Seconds since the Unix epoch.
    """
    name = channel_of(user)
    if name is None:
        return False
    try:
        hub.channel(name).publish(data, now=now)
    except Refusal:
        return False
    return True
