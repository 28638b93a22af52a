"""Calls that this process serves: a handler at work, its progress and its end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import logging
import math
import threading
import traceback
from collections.abc import Coroutine
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Raw

from ..errors import CallCancelledError
from .error_text import text_of
from .portal import Portal, replace_portal, shared_portal
from .told import Call
from .workers import USER_LOOP, awaited, call_workers

log = logging.getLogger("rtwidgets")

PROGRESS_INTERVAL_S = 0.1
MAX_NOTE_CHARS = 200
MAX_MESSAGE_CHARS = 2_000
MAX_TRACEBACK_CHARS = 20_000
# How long after its deadline a function may go on until it is taken for one that hangs, and how long the loop
# of async functions may not answer until it is taken for blocked.
BLOCKED_AFTER_S = 2.0

StopReason: TypeAlias = Literal["cancelled", "deadline"]


class Handler(Protocol):
    """What serves a command."""

    @property
    def is_async(self) -> bool:
        """Whether it gives a coroutine, so that it needs no thread."""

    def run(self, args: dict[str, Any]) -> Any:
        """Check the arguments and call the function; return its result, or something to await."""

    def note_error(self, trace: str) -> None:
        """Keep the traceback of what it raised."""


class Owner(Protocol):
    """Who speaks with the hub about the calls that run here."""

    @property
    def portal(self) -> Portal:
        """The loop of the connection."""

    def encode(self, command: str, result: object) -> bytes:
        """Make a result JSON that the hub takes."""

    def send_progress(self, call_id: str, fraction: float | None, note: str) -> None:
        """Pass on how far a call is; in that loop."""

    def ended(self, running: RunningCall, answer: dict[str, object]) -> None:
        """Pass on how a call ended, and free its place; from any thread, once."""

    def hangs(self, running: RunningCall) -> None:
        """Hear that a function goes on past its deadline; in that loop."""


class RunningCall:
    """A handler at work on one call.

    Args:
        call: What the hub asks for.
        handler: What is to do it.
        owner: Who speaks with the hub.
    """

    def __init__(self, call: Call, handler: Handler, owner: Owner) -> None:
        self.id = call.id
        self.command = call.command
        self.caller = call.caller.user or call.caller.client
        self.handler = handler
        self.stopped: StopReason | None = None
        self._args = call.args
        self._owner = owner
        self._lock = threading.Lock()
        self._task: asyncio.Task[Any] | None = None
        self._user_portal = shared_portal(USER_LOOP)
        self._has_ended = False
        self._latest: tuple[float | None, str] = (None, "")
        self._is_due = False
        self._next_at = 0.0

    def start(self) -> None:
        """Start the handler: a coroutine in the loop of async functions, another on a thread."""
        if self.handler.is_async:
            self._user_portal.spawn(self._in_loop())
        else:
            call_workers().submit(lambda: contextvars.copy_context().run(self._in_thread))

    def stop(self, reason: StopReason) -> None:
        """Ask the handler to stop: a coroutine is cancelled, a function hears of it from `progress`."""
        with self._lock:
            if self._has_ended:
                return
            self.stopped = self.stopped or reason
            task = self._task
        if task is not None:
            self._user_portal.call_soon(task.cancel)
        if reason == "deadline":
            self._watch()

    def report(self, fraction: float | None, note: str) -> None:
        """Take the handler's word on how far it is; the hub hears of it at most ten times a second.

        Raises:
            CallCancelledError: If it is to stop.
        """
        if self.stopped is not None:
            why = "was cancelled" if self.stopped == "cancelled" else "was not answered before its deadline"
            raise CallCancelledError(f"the call of {self.command!r} {why}: the handler is to stop")
        with self._lock:
            self._latest = (fraction, note)
            if self._is_due:
                return
            self._is_due = True
        self._owner.portal.call_soon(self._send)

    def _send(self) -> None:
        loop = self._owner.portal.loop
        wait_s = self._next_at - loop.time()
        if wait_s > 0:
            loop.call_later(wait_s, self._send)
            return
        with self._lock:
            self._is_due = False
            fraction, note = self._latest
            if self._has_ended:
                return
        self._next_at = loop.time() + PROGRESS_INTERVAL_S
        self._owner.send_progress(self.id, fraction, note)

    def _in_thread(self) -> None:
        _current.set(self)
        try:
            result = self.handler.run(self._args)
            if inspect.isawaitable(result):
                result = self._user_portal.spawn(awaited(self._awaited(result))).result()
            answer = self._result(result)
        except concurrent.futures.CancelledError as error:
            answer = self._stopped_by(error)
        except BaseException as error:
            answer = self._failed(error)
        self._end(answer)

    async def _in_loop(self) -> None:
        try:
            answer = self._result(await self._awaited(self.handler.run(self._args)))
        except asyncio.CancelledError as error:
            answer = self._stopped_by(error)
        except BaseException as error:
            answer = self._failed(error)
        self._end(answer)

    async def _awaited(self, result: Any) -> Any:
        _current.set(self)
        with self._lock:
            self._task = asyncio.current_task()
        if self.stopped is not None:
            if isinstance(result, Coroutine):
                result.close()
            raise asyncio.CancelledError
        return await result

    def _result(self, result: object) -> dict[str, object]:
        return {"result": Raw(self._owner.encode(self.command, result))}

    def _stopped_by(self, error: BaseException) -> dict[str, object]:
        return {"cancelled": True} if self.stopped is not None else self._failed(error)

    def _failed(self, error: BaseException) -> dict[str, object]:
        if isinstance(error, CallCancelledError) and self.stopped is not None:
            return {"cancelled": True}
        if not isinstance(error, ArgumentError):
            self.handler.note_error(_trace_of(error)[-MAX_TRACEBACK_CHARS:])
            log.error("command %r failed", self.command, exc_info=error)
        name = "TypeError" if isinstance(error, ArgumentError) else type(error).__name__
        return {"error": {"type": name, "message": text_of(error)[:MAX_MESSAGE_CHARS]}}

    def _end(self, answer: dict[str, object]) -> None:
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
        self._owner.ended(self, answer)

    def _watch(self) -> None:
        """Look whether it ends now; if it blocks the loop of async functions, others go on in a new one."""
        loop = self._owner.portal.loop
        loop.call_later(BLOCKED_AFTER_S, lambda: None if self._has_ended else self._owner.hangs(self))
        if self.handler.is_async:
            replace_if_blocked(self._user_portal, loop, f"command {self.command!r}")


def replace_if_blocked(portal: Portal, clock: asyncio.AbstractEventLoop, label: str) -> None:
    """Look whether a loop of async functions answers; if it does not, others go on in a new one.

    Args:
        portal: That loop's.
        clock: The loop that waits for it.
        label: Who is at work there for long, for the log.
    """
    answered = threading.Event()
    portal.call_soon(answered.set)

    def look() -> None:
        if not answered.is_set() and replace_portal(USER_LOOP, portal):
            log.error(
                "%s blocks the loop of async functions; others go on in a new one: await in it, "
                "or make it a plain function",
                label,
            )

    clock.call_later(BLOCKED_AFTER_S, look)


def _trace_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except BaseException:  # of a class that raises what it is asked, such as its notes
        where = "".join(traceback.format_tb(error.__traceback__))
        return f"{where}{type(error).__name__}: {text_of(error)}"


class ArgumentError(TypeError):
    """What the caller gave can't be used: the caller's fault and not the handler's."""


_current: contextvars.ContextVar[RunningCall | None] = contextvars.ContextVar("rtwidgets_call", default=None)


def progress(fraction: float | None = None, note: str = "") -> None:
    """Tell who watches how far the command is that runs this; call it as often as you like.

    Where nobody called the function through the hub it does nothing.

    Args:
        fraction: How much is done, from 0 to 1; None when that is not known.
        note: What is being done, in a few words.

    Raises:
        CallCancelledError: If the call was cancelled or its deadline has passed, so that a loop ends.
        ValueError: If the fraction is not from 0 to 1.
    """
    if fraction is not None:
        fraction = float(fraction)
        if math.isnan(fraction) or not 0 <= fraction <= 1:
            raise ValueError(
                f"a fraction is from 0 to 1, not {fraction}: divide what is done by all there is"
            )
    running = _current.get()
    if running is not None:
        running.report(fraction, str(note)[:MAX_NOTE_CHARS])


def cancelled() -> bool:
    """Say whether the command that runs this is to stop: its call was cancelled, or is past its deadline."""
    running = _current.get()
    return running is not None and running.stopped is not None
