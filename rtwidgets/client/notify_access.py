"""Telling people something, on their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Raw

from ..core.notices import LEVELS, MAX_TEXT
from ..protocol.blank import is_blank
from ..protocol.messages import Command, PublishRequest
from .channel import Channel
from .encoding import encode_json
from .events import Events
from .live_session import Session

if TYPE_CHECKING:
    from .hub import Hub

_USER = "user:"


class NotifyAccess:
    """What a hub object does about notices."""

    def notify(self, text: str, *, level: str = "info", to: str | Events | Session | None = None) -> int:
        """Show a notice on people's pages: ``hub.notify("the run is done", level="success")``.

        Args:
            text: What to say, up to 1,000 characters.
            level: ``"info"``, ``"success"``, ``"warning"`` or ``"error"``; an error stays until somebody
                dismisses it.
            to: Whom to tell. None: yourself, on every page where widgets of yours are open. ``"user:ann"``:
                Ann, on all of her pages; for owners of the hub and who was given the right. A session or its
                name: everybody on its page. A channel of events, or its name with ``event:``: who shows it.

        Returns:
            How many connections have it now: 0 where nobody is there, also for a name that nobody ever had.
            What is kept is shown in the bell to who comes within the hour, and makes no toast then.

        Raises:
            ValueError: If the text or level can't be used.
            PermissionDeniedError: If you may not tell them.
            ReplyError: If the hub refuses, as after too many of them.
            ReplyTimeoutError: If it does not answer in time.
        """
        hub = cast("Hub", self)
        if not isinstance(text, str) or is_blank(text) or len(text) > MAX_TEXT:
            raise ValueError(
                f"a notice is a text that can be seen, of 1 to {MAX_TEXT:,} characters; "
                "shorten it or send an event"
            )
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(map(repr, LEVELS))}, not {level!r}")
        if to is None or (isinstance(to, str) and to.startswith(_USER)):
            user = to.removeprefix(_USER) if to is not None else ""
            if to is not None and not user:
                raise ValueError("'user:' names nobody: use to='user:ann'")
            reply = hub._use().rpc("rtwidgets.notify", {"text": text, "level": level, "to": user})
            return int(msgspec.json.decode(reply)["subscribers"])
        channel = _channel(hub, to)
        data = Raw(encode_json({"level": level, "text": text}, repr(channel.name)))
        channel._request(Command(publish=PublishRequest(channel=channel.name, data=data)))
        return channel.demand().subscribers


def _channel(hub: Hub, to: Any) -> Channel:
    """Return the channel that tells everybody who is meant."""
    if isinstance(to, Events):
        return to
    if isinstance(to, Session):
        return hub.event(f"event:{to.name}/notices")
    if not isinstance(to, str):
        raise TypeError(f"to takes a session, a channel of events or a text such as 'user:ann', not {to!r}")
    return hub.event(to if ":" in to else f"event:{to}/notices")
