"""Commands: typed functions of this process that others may call by name."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

import msgspec
from msgspec import Raw

from ..errors import ChannelError, RtWidgetsError
from ..protocol.messages import Error
from .encoding import encode_json
from .link import Link
from .signatures import bind_arguments, schema_of, title_of
from .told import Call
from .workers import run_user, submit

if TYPE_CHECKING:
    from .exchange import Exchange
    from .hub import Hub

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("rtwidgets")


@dataclass(eq=False)
class RegisteredCommand(Generic[P, R]):
    """A function that others may call through the hub; calling it here runs it here.

    Args:
        hub: The hub that passes calls to it.
        fn: The function.
        name: What callers name it.
        title: What people read.
        schema: JSON schema of its arguments.
    """

    hub: Hub
    fn: Callable[P, R]
    name: str
    title: str
    schema: dict[str, object]

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)

    def close(self) -> None:
        """Stop serving the command."""
        self.hub._commands.remove(self.name)

    def __repr__(self) -> str:
        return f"<command {self.name!r}{inspect.signature(self.fn)} on {self.hub.url}>"


class CommandDecorator(Protocol):
    """What ``hub.command(name=...)`` returns: put it on a function."""

    def __call__(self, fn: Callable[P, R], /) -> RegisteredCommand[P, R]: ...


class Commands:
    """The commands that this process serves.

    Args:
        link: Returns the link to use.
    """

    def __init__(self, link: Callable[[], Link]) -> None:
        self._link = link
        self._served: dict[str, RegisteredCommand[..., Any]] = {}
        self._lock = threading.Lock()

    def add(self, command: RegisteredCommand[..., Any]) -> None:
        """Serve a command from now on; one of the same name gives way.

        Raises:
            ReplyError: If the hub refuses.
        """
        self._link().rpc("rtwidgets.register", {"commands": [_description(command)]})
        with self._lock:
            self._served[command.name] = command

    def remove(self, name: str) -> None:
        """Stop serving a command."""
        with self._lock:
            known = self._served.pop(name, None)
        if known is not None:
            self._link().rpc("rtwidgets.unregister", {"names": [name]})

    def register_again(self, exchange: Exchange) -> None:
        """Tell a new connection what we serve; in the portal's loop."""
        with self._lock:
            served = list(self._served.values())
        if served:
            data = msgspec.json.encode({"commands": [_description(command) for command in served]})
            exchange.tell("rtwidgets.register", data, _log_refusal)

    def on_call(self, call: Call) -> None:
        """Start a call; in the portal's loop."""
        submit(lambda: self._run(call))

    def _run(self, call: Call) -> None:
        answer: dict[str, object] = {"call": call.id}
        try:
            with self._lock:
                command = self._served.get(call.command)
            if command is None:
                raise LookupError(f"this process does not serve {call.command!r}")
            arguments = bind_arguments(command.fn, call.args)
            result = run_user(command.fn, **arguments)
            answer["result"] = Raw(encode_json(result, f"the result of {call.command!r}"))
        except Exception as error:
            if not isinstance(error, TypeError | LookupError | ChannelError):
                log.exception("command %r failed", call.command)
            answer["error"] = {"type": type(error).__name__, "message": str(error)}
        left_s = max(1.0, call.deadline_ms / 1000 - time.time())
        try:
            self._link().rpc("rtwidgets.reply", answer, timeout_s=left_s)
        except RtWidgetsError as error:
            log.warning("the answer of command %r did not reach the hub: %s", call.command, error)


def make_command(
    hub: Hub, fn: Callable[P, R], name: str | None, title: str | None
) -> RegisteredCommand[P, R]:
    """Describe a function as a command.

    Raises:
        TypeError: If its signature can't be called by keyword with JSON values.
    """
    return RegisteredCommand(hub, fn, name or fn.__name__, title or title_of(fn), schema_of(fn))


def _description(command: RegisteredCommand[..., Any]) -> dict[str, object]:
    return {"name": command.name, "title": command.title, "schema": command.schema}


def _log_refusal(error: Error) -> None:
    log.error("the hub no longer lets this process serve its commands: %s", error.message)
