"""What all widgets have in common: one trait that says everything, and a relay to the hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import anywidget
import traitlets

from ..core.capabilities import Caps
from ..errors import ChannelError, ClosedError
from .front_end import front_end
from .relay import Relay

if TYPE_CHECKING:
    from ..client.channel import Channel
    from ..client.hub import Hub
    from ..client.share import Share

# What shows each kind of channel, for the message to who took the wrong one.
_SHOWN_BY = {
    "stream": "rt.LiveChart or rt.LiveMetric",
    "table": "rt.LiveTable",
    "value": "rt.Slider or another control",
    "event": "rt.LiveLog or rt.Notifications",
    "chat": "rt.LiveChat",
}


class LiveWidget(anywidget.AnyWidget):
    """A widget that a page fills from a hub, not from the kernel.

    Its trait ``spec`` is plain JSON: kind, hub, channels, options. Data never travels through traits. The
    code that shows it comes with the relay. A page keeps a small picture in ``snapshot``, for whoever opens
    the saved notebook later; it never comes to the kernel.

    Args:
        kind: The kind of widget, as its front end knows it.
        hub: The hub whose channels it shows.
        channels: Channel names by their role in the widget.
        needs: The rights that a page needs to show it: verbs by channel, or by ``command:`` and a name.
            The names come from users, so a star in one is refused.
        options: Options by name; what is None is left to the front end.
        summary: What ``repr`` shows between the parentheses.
        patterns: Rights by pattern; for a widget that makes the patterns itself.

    Raises:
        ClosedError: If the hub was closed.
        ChannelError: If a name has a star: it would give a page the right to more than that channel.
    """

    _esm = front_end("stub.js")
    spec = traitlets.Dict().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    # Its height in a dashboard, in rows of 40 pixels. One of two rows or fewer gains nothing from more.
    panel_rows: ClassVar[int] = 8

    def __init__(
        self,
        kind: str,
        hub: Hub,
        channels: Mapping[str, str],
        needs: Caps,
        options: Mapping[str, object],
        summary: str,
        *,
        patterns: Caps | None = None,
    ) -> None:
        if hub.is_closed:
            raise ClosedError(f"the hub of {type(self).__name__} was closed: connect again with rt.connect()")
        for target in needs:
            if "*" in target:
                raise ChannelError(
                    f"{type(self).__name__} can't show {target!r}: a name with a star is for patterns"
                )
        self._hub = hub
        self.needs = dict(needs)
        rights = {**needs, **(patterns or {})}
        # First, so that a page knows the way to the hub, and has the right to it, before it sees the widget.
        scope = Relay.of(hub).scope
        scope.add(rights)
        self._leave_scope: Callable[[], object] | None = partial(scope.remove, rights)
        self._summary = summary
        given = {name: value for name, value in options.items() if value is not None}
        super().__init__(spec={"kind": kind, "hub": hub.key, "channels": dict(channels), "options": given})

    def rows_in(self, columns: int) -> int:
        """Return its height in a dashboard where none is chosen, in rows of 40 pixels.

        Args:
            columns: How many of the 12 columns it is wide.
        """
        return self.panel_rows

    def close(self) -> None:
        """End the widget in all pages; their tokens no longer give what only it needed."""
        leave, self._leave_scope = getattr(self, "_leave_scope", None), None
        if leave is not None:
            leave()
        super().close()

    def save_html(
        self, path: str | os.PathLike[str], *, title: str | None = None, invite: Share | str | None = None
    ) -> Path:
        """Save the widget as one HTML file that shows what it shows now, with its age, without a server.

        See `rtwidgets.save_html`, which also saves several widgets in one file.

        Args:
            path: Where it goes, such as ``"desk.html"``; a file of that name is replaced.
            title: Above it; None takes the widget's own.
            invite: What ``session.share()`` made, for a file that leads to the session. Whoever has the file
                then has its link.
        """
        from .export import save_html

        return save_html(path, self, title=title, invite=invite)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._summary})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def take_channel(widget: str, channel: Channel, kind: str) -> Channel:
    """Return the channel when it is of the kind that the widget shows.

    Raises:
        ChannelError: If it is of another kind, or no channel at all.
    """
    found = getattr(channel, "kind", None)
    if found == kind:
        return channel
    if found is None:
        raise ChannelError(
            f"{widget} shows {_a(kind)}, such as hub.{kind}('name'); {_short(channel)} is no channel"
        )
    other = f": use {_SHOWN_BY[found]}" if found in _SHOWN_BY else ""
    raise ChannelError(f"{widget} shows {_a(kind)}; {channel.name!r} is {_a(found)}{other}")


def _a(kind: str) -> str:
    return f"{'an' if kind.startswith('e') else 'a'} {kind}"


def summary_of(channel: str, **options: Any) -> str:
    """Return a channel and the options that are set, as they were written."""
    return ", ".join(
        [channel, *(f"{name}={value!r}" for name, value in options.items() if value is not None)]
    )


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"a {type(value).__name__}"
