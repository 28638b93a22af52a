"""What a hub object does with commands: serve them and call them."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from .calls import CALL_TIMEOUT_S, Call, ask, call_request
from .commands import CommandDecorator, Commands, RegisteredCommand, make_command
from .link import Link

if TYPE_CHECKING:
    from .hub import Hub

P = ParamSpec("P")
R = TypeVar("R")


class CommandAccess(ABC):
    """The part of a hub object that is about commands."""

    _commands: Commands

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
        """Let others call a function by name; use it as a decorator, with or without arguments.

        Its type hints (int, float, str, bool, Literal, Enum, date, datetime, time, Optional, list; bounds as
        ``Annotated[int, msgspec.Meta(ge=0)]``) and defaults make its schema, its docstring title and help.

        It runs on a thread, async functions in a loop of their own, also while a cell runs.
        `rtwidgets.progress` says how far it is, and raises when the call was cancelled. The traceback of what
        the function raises is in the log and in ``command.last_error``.

        Args:
            fn: The function, sync or async.
            name: What callers name it, such as ``"halt"`` or ``"morning/halt"``; the function's name if left
                out.
            title: What people read.

        Raises:
            TypeError: If it is a generator, or takes what can't be said by keyword and in JSON.
            CommandNameError: If the name breaks the grammar.
            PermissionDeniedError: If we may not serve it.
        """
        if fn is not None and not callable(fn):
            raise TypeError(f"hub.command takes a function, not {type(fn).__name__}: use it as a decorator")

        hub = cast("Hub", self)

        def register(function: Callable[..., Any]) -> RegisteredCommand[..., Any]:
            command = make_command(hub, function, name, title)
            self._commands.add(command)
            return command

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
        """Call a command, wherever it is served, and return its result.

        Args:
            name: The command, with its scope: ``"halt"``, ``"morning/halt"``.
            timeout_s: The deadline, in seconds: how long the handler may take, an hour at most.
            key: Whatever is called again with the same key and arguments within ten minutes is not started
                again: the answer is that of the first time. Up to 128 characters.
            on_progress: Called on a worker thread with fraction (0 to 1, or None) and note whenever the
                handler says how far it is.
            args: The command's arguments.

        Raises:
            HandlerAwayError: If nobody serves it now.
            HandlerFailedError: If its function raised.
            DeadlineError: If it did not answer in time.
            CallCancelledError: If somebody cancelled it.
            OutcomeUnknownError: If it went away, or the connection ended, before the answer. With a key the
                call is asked for again by itself, unless the hub was started anew in between.
            PermissionDeniedError: If we may not call it.
        """
        if on_progress is not None:
            return self.start(name, timeout_s=timeout_s, key=key, on_progress=on_progress, **args).result()
        link = self._use()
        request = call_request(name, args, timeout_s, key or "", link)
        return link.portal.call(ask(link, request))

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
        """Call a command and do not wait: the result tells state, progress and result, and can cancel.

        It takes what `call` takes.
        """
        link = self._use()
        request = call_request(name, args, timeout_s, key or uuid.uuid4().hex, link)
        return Call(cast("Hub", self), request, on_progress)

    @abstractmethod
    def _use(self) -> Link:
        """Return this process's link."""
