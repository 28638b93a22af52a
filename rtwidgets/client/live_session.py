"""A shared live session: a scope of channels and commands that people are in together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, overload

import msgspec

from ..errors import ChannelNameError, ClosedError, ConfigError
from ..protocol.messages import Error
from ..protocol.names import check_session
from .calls import CALL_TIMEOUT_S, Call
from .chats import Chat
from .commands import CommandDecorator, RegisteredCommand
from .durations import Duration, parse_duration
from .events import Events
from .feeds import Feed, Outlet
from .listeners import Handle
from .members import Member, Members
from .share import Share, link_of
from .streams import Stream
from .tables import Table
from .values import Value

if TYPE_CHECKING:
    from ..widgets.dashboard import Dashboard, Row
    from .channel import Channel
    from .exchange import Exchange
    from .hub import Hub

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("rtwidgets")

ROLES = ("viewer", "editor", "owner")
_UNSET: Any = object()


class Session:
    """A session of a hub. Made by ``hub.session("morning")``; its members see the same and act together.

    What it names belongs to it: ``session.stream("prices")`` is the channel ``stream:morning/prices``, and
    ``session.command`` serves ``morning/<name>``.

    Args:
        hub: The hub it is on.
        name: Its name.
        title: What people read.

    Raises:
        ChannelNameError: If the name is not allowed.
        PermissionDeniedError: If we may neither see nor make it.
    """

    def __init__(self, hub: Hub, name: str, title: str | None = None) -> None:
        self.hub = hub
        self.name = check_session(name) if isinstance(name, str) else _no_text(name)
        self._closed = False
        self._commands: list[RegisteredCommand[..., Any]] = []
        self._title: str | None = None
        self._known: dict[str, Any] = {}
        self._open(title)
        # Whoever has a session is in it.
        whole = f"event:{name}/rtwidgets.members"
        self._members = hub._channel(Members, whole, lambda found: Members(hub, found))
        self._members._follow()

    # what it is -------------------------------------------------------------------

    @property
    def title(self) -> str:
        """What people read."""
        return str(self._known["title"])

    @property
    def owner(self) -> str:
        """The user who made it."""
        return str(self._known["owner"])

    @property
    def role(self) -> str:
        """What we may do in it: ``"viewer"``, ``"editor"`` or ``"owner"``."""
        return str(self._known["role"])

    # channels -----------------------------------------------------------------------

    def stream(self, name: str) -> Stream:
        """Return a stream of this session."""
        return self.hub.stream(self._scoped(name, "stream"))

    def table(self, name: str, *, key: str | None = None) -> Table:
        """Return a keyed table of this session."""
        return self.hub.table(self._scoped(name, "table"), key=key)

    def value(self, name: str, *, default: object = _UNSET) -> Value:
        """Return a shared value of this session."""
        if default is _UNSET:
            return self.hub.value(self._scoped(name, "value"))
        return self.hub.value(self._scoped(name, "value"), default=default)

    def event(self, name: str) -> Events:
        """Return a channel of events of this session."""
        return self.hub.event(self._scoped(name, "event"))

    def chat(self, name: str) -> Chat:
        """Return a chat of this session."""
        return self.hub.chat(self._scoped(name, "chat"))

    # commands and feeds -----------------------------------------------------------------

    @overload
    def command(self, fn: Callable[P, R], /) -> RegisteredCommand[P, R]: ...
    @overload
    def command(
        self, fn: None = None, /, *, name: str | None = None, title: str | None = None
    ) -> CommandDecorator: ...
    def command(
        self,
        fn: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
    ) -> Any:
        """Let the session's editors and owners call a function; see `Hub.command`."""

        def register(function: Callable[..., Any]) -> RegisteredCommand[..., Any]:
            whole = self._scoped(name or function.__name__)
            command = self.hub.command(name=whole, title=title)(function)
            self._commands.append(command)
            return command

        if fn is not None and not callable(fn):
            raise TypeError(
                f"session.command takes a function, not {type(fn).__name__}: use it as a decorator"
            )
        return register if fn is None else register(fn)

    def call(
        self,
        name: str,
        /,
        *,
        timeout_s: float = CALL_TIMEOUT_S,
        key: str | None = None,
        on_progress: Callable[[float | None, str], Any] | None = None,
        **args: object,
    ) -> Any:
        """Call a command of this session; see `Hub.call`."""
        whole = self._scoped(name)
        return self.hub.call(whole, timeout_s=timeout_s, key=key, on_progress=on_progress, **args)

    def start(
        self,
        name: str,
        /,
        *,
        timeout_s: float = CALL_TIMEOUT_S,
        key: str | None = None,
        on_progress: Callable[[float | None, str], Any] | None = None,
        **args: object,
    ) -> Call:
        """Call a command of this session and do not wait; see `Hub.start`."""
        whole = self._scoped(name)
        return self.hub.start(whole, timeout_s=timeout_s, key=key, on_progress=on_progress, **args)

    def run(self, source: Any, *, into: Channel | Outlet | None = None, idle: bool = False) -> Feed:
        """Publish what a source yields into channels of this session; see `Hub.run`.

        A source that names its channels, such as ``rtwidgets.sources.system_metrics``, fills this session's
        of these names.
        """
        self._check_open()
        return self.hub._feed(source, into, idle, self)

    # what its members see ---------------------------------------------------------------

    def dashboard(self, layout: Sequence[Row] | None = None, *, title: str | None = None) -> Dashboard:
        """Show widgets of this session to all its members: ``session.dashboard([[chart, table], [metric]])``.

        It is one widget, and the session's page shows the same. Editors arrange it there with mouse and
        keyboard; the last change counts. Running the cell again lays the same dashboard out anew.

        Args:
            layout: Rows from top to bottom: each a list of widgets from left to right, or one widget. They
                share 12 columns evenly; ``rtwidgets.Span(widget, columns=8)`` chooses another size. None
                shows the dashboard that there is.
            title: Above it; None takes the session's where the layout is new, and else leaves what is there.

        Raises:
            ChannelError: If a widget shows a channel or calls a command that is not of this session.
            PermissionDeniedError: If we may not change the session's dashboard.
        """
        self._check_open()
        from ..widgets.dashboard import Dashboard

        if title is None and layout is not None:
            title = self.title
        return Dashboard(self.hub, self.name, layout, title=title)

    # people ---------------------------------------------------------------------------

    def members(self) -> list[Member]:
        """Return who is in the session now, ourselves included; who vanished is gone within 20 seconds."""
        self._check_open()
        return self._members.present()

    def on_members(self, fn: Callable[[list[Member]], Any]) -> Handle:
        """Call a function with all members when somebody came or went; returns a handle that removes it."""
        self._check_open()
        return self._members.on_change(fn)

    def share(self, role: str = "viewer", *, expires: Duration = "8h") -> Share:
        """Make a link that lets whoever has it into the session, in a browser or with `rtwidgets.connect`.

        Args:
            role: What guests may do: ``"viewer"`` looks, ``"editor"`` also changes things and calls commands,
                ``"owner"`` may do what you may.
            expires: How long it is good, and what it opens: ``"8h"``, ``"30m"``, seconds or a timedelta. It
                ends with the token it was made with at the latest.

        Raises:
            ConfigError: If there is no such role.
            PermissionDeniedError: If we are no owner of the session, or came from another guest's link.
        """
        self._check_open()
        if role not in ROLES:
            raise ConfigError(f"role {role!r} does not exist: use 'viewer', 'editor' or 'owner'")
        asked = {"session": self.name, "role": role, "ttl_s": parse_duration(expires, "expires")}
        reply = self.hub._use().rpc("rtwidgets.share", asked)
        url, expires_at = link_of(self.hub._endpoint().address, f"s/{self.name}", reply)
        return Share(self.hub, url, role, expires_at)

    # life -----------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the session: its commands that we serve end, and we are no member any more.

        For the others it goes on. Channels that were taken from it are closed by themselves, or with the hub.
        """
        if self._closed:
            return
        self._closed = True
        self.hub._sessions.pop(self.name, None)
        for command in self._commands:
            command.close()
        self._members.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self.hub.state
        return f"<Session {self.name!r} on {self.hub.url}, {self.role}, {state}>"

    # inside ---------------------------------------------------------------------------

    def _open(self, title: str | None) -> None:
        """Make the session or find it, and give it a title if there is one to give."""
        self._title = title or self._title
        reply = self.hub._use().rpc("rtwidgets.session", self._declaration())
        self._known = msgspec.json.decode(reply)

    def _open_again(self, exchange: Exchange) -> None:
        """Tell a hub that may have forgotten it; in the portal's loop."""
        if self.role == "owner":
            exchange.tell("rtwidgets.session", msgspec.json.encode(self._declaration()), self._on_lost)

    def _on_lost(self, error: Error) -> None:
        log.error("the hub did not take session %r again: %s", self.name, error.message)

    def _declaration(self) -> dict[str, object]:
        return {"session": self.name, "title": self._title}

    def _scoped(self, name: str, kind: str = "") -> str:
        self._check_open()
        if not isinstance(name, str):
            raise TypeError(f"a name in a session is a text, not {type(name).__name__}")
        name = name.removeprefix(f"{kind}:") if kind else name
        if not name or ":" in name or name.startswith("/"):
            raise ChannelNameError(
                f"{name!r} is no name in the session {self.name!r}: write it without kind and session, such "
                "as session.stream('prices'); other channels are the hub's, such as hub.stream('prices')"
            )
        return f"{self.name}/{name}"

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError(f"session {self.name!r} was closed: get it again with hub.session()")


def _no_text(name: object) -> str:
    raise TypeError(f"a session's name is a text, not {type(name).__name__}")
