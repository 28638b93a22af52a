"""Commands: typed functions of this process that others may call by name."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

import msgspec

from ..errors import RtWidgetsError
from ..protocol.messages import Error
from ..protocol.names import check_command, scoped
from .encoding import encode_json
from .link import Link
from .portal import Portal
from .running import ArgumentError, Handler, RunningCall
from .signatures import Signature
from .told import Call, Cancel
from .workers import call_slots

if TYPE_CHECKING:
    from .exchange import Exchange
    from .hub import Hub

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("rtwidgets")

# The hub says when the deadline has passed; this much later we know it without being told.
DEADLINE_GRACE_S = 5.0


@dataclass(eq=False)
class RegisteredCommand(Generic[P, R]):
    """A function that others may call through the hub; calling it here runs it here.

    Args:
        hub: The hub that passes calls to it.
        fn: The function.
        name: What callers name it, with its scope: ``halt``, ``morning/halt``.
        title: What people read.
        signature: What it takes.
    """

    hub: Hub
    fn: Callable[P, R]
    name: str
    title: str
    signature: Signature = field(repr=False)
    _last_error: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)

    @property
    def schema(self) -> dict[str, object]:
        """JSON schema of its arguments."""
        return self.signature.schema

    @property
    def last_error(self) -> str:
        """The traceback of the last call that raised, as text; empty when none has."""
        return self._last_error

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        return inspect.iscoroutinefunction(self.fn)

    def run(self, args: dict[str, Any]) -> Any:
        """Check a call's arguments and call the function with them.

        Raises:
            ArgumentError: If one is missing, unknown or of the wrong type.
        """
        try:
            bound = self.signature.bind(args)
        except TypeError as error:
            raise ArgumentError(str(error)) from None
        fn: Callable[..., R] = self.fn
        return fn(**bound)

    def note_error(self, trace: str) -> None:
        """Keep the traceback of what it raised."""
        self._last_error = trace

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
        # With what ends each when the hub does not.
        self._running: dict[str, tuple[RunningCall, asyncio.TimerHandle]] = {}
        self._lock = threading.Lock()
        # Commands of which the log has said that they hang.
        self._hanging: WeakSet[Handler] = WeakSet()

    def add(self, command: RegisteredCommand[..., Any]) -> None:
        """Serve a command from now on; one of the same name gives way.

        Raises:
            ReplyError: If the hub refuses.
        """
        self._link().rpc("rtwidgets.register", {"commands": [_description(command)]})
        with self._lock:
            self._served[command.name] = command

    def remove(self, name: str) -> None:
        """Stop serving a command; calls under way go on."""
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
        with self._lock:
            command = self._served.get(call.command)
        if command is None:
            self._answer(call.id, _failure("LookupError", f"this process does not serve {call.command!r}"))
        else:
            self._start(call, command)

    def on_cancel(self, cancel: Cancel) -> None:
        """Stop a call; in the portal's loop."""
        with self._lock:
            running = self._running.get(cancel.call)
        if running is not None:
            running[0].stop(cancel.reason)
            if cancel.reason == "deadline":  # nobody waits for its answer any more
                self._forget(cancel.call)

    def _start(self, call: Call, command: RegisteredCommand[..., Any]) -> None:
        running = RunningCall(call, command, self)
        if why := call_slots().take(command, running.caller, call.command):
            self._answer(call.id, _failure("Busy", why))
            return
        late_s = call.timeout_ms / 1000 + DEADLINE_GRACE_S
        timer = self.portal.loop.call_later(late_s, self.on_cancel, Cancel(call.id, "deadline"))
        with self._lock:
            self._running[call.id] = (running, timer)
        try:
            running.start()
        except RuntimeError as error:  # the system gives this process no more threads
            self.ended(running, _failure("Busy", f"{call.command!r} was not started: {error}"))

    # Owner of running calls ---------------------------------------------------------

    @property
    def portal(self) -> Portal:
        """The loop of the connection."""
        return self._link().portal

    def encode(self, command: str, result: object) -> bytes:
        """Make a result JSON that the hub takes.

        Raises:
            ChannelError: If it is none, or too large.
        """
        max_bytes = self._link().publisher.max_item_bytes
        return encode_json(result, f"the result of {command!r}", max_bytes=max_bytes)

    def send_progress(self, call_id: str, fraction: float | None, note: str) -> None:
        """Tell the hub how far a call is, if we are connected."""
        driver = self._link().driver
        if driver.session.online:
            data = {"call": call_id, "fraction": fraction, "note": note}
            driver.exchange.tell("rtwidgets.progress", msgspec.json.encode(data), _log_progress)

    def ended(self, running: RunningCall, answer: dict[str, object]) -> None:
        """Tell the hub how a call ended, unless nobody waits for it any more."""
        call_slots().give_back(running.handler, running.caller)
        if self._forget(running.id):
            try:
                self._answer(running.id, answer)
            except RtWidgetsError as error:  # we were closed meanwhile
                log.warning("the answer of command %r did not reach the hub: %s", running.command, error)

    def hangs(self, running: RunningCall) -> None:
        """Say once of each command that its function does not end."""
        if running.handler not in self._hanging:
            self._hanging.add(running.handler)
            log.error(
                "command %r goes on after the deadline of its call. Until it ends it keeps its place, as "
                "threads can't be ended from outside: let it wait with a timeout, and call rt.progress() or "
                "look at rt.cancelled() in its loops",
                running.command,
            )

    def _forget(self, call_id: str) -> bool:
        with self._lock:
            known = self._running.pop(call_id, None)
        if known is not None:
            self.portal.call_soon(known[1].cancel)
        return known is not None

    def _answer(self, call_id: str, answer: dict[str, object]) -> None:
        link = self._link()

        async def send() -> None:
            try:
                await link.rpc_async("rtwidgets.reply", {"call": call_id, **answer})
            except RtWidgetsError as error:
                log.warning("the answer of a command did not reach the hub: %s", error)

        link.portal.spawn(send())


def make_command(
    hub: Hub, fn: Callable[P, R], name: str | None, title: str | None, scope: str = ""
) -> RegisteredCommand[P, R]:
    """Describe a function as a command.

    Args:
        hub: The hub that passes calls to it.
        fn: The function.
        name: Its name; the function's own if None.
        title: What people read; from the docstring if None.
        scope: What stands before the name, such as a session's name.

    Raises:
        TypeError: If it is a generator, or its signature can't be called by keyword with JSON values.
        CommandNameError: If the name breaks the grammar.
    """
    signature = Signature(fn)
    whole = check_command(scoped(scope, name or fn.__name__))
    return RegisteredCommand(hub, fn, whole, title or signature.title, signature)


def _description(command: RegisteredCommand[..., Any]) -> dict[str, object]:
    return {"name": command.name, "title": command.title, "schema": command.schema}


def _failure(kind: str, message: str) -> dict[str, object]:
    return {"error": {"type": kind, "message": message}}


def _log_refusal(error: Error) -> None:
    log.error("the hub no longer lets this process serve its commands: %s", error.message)


def _log_progress(error: Error) -> None:
    log.warning("the progress of a command did not reach the hub: %s", error.message)
