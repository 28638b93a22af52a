"""Threads for the user's functions, so that nothing of theirs runs on the connection's loop.

They are daemon threads: a handler that never returns does not keep the process from ending.
"""

from __future__ import annotations

import contextvars
import inspect
import logging
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from .portal import shared_portal
from .slots import MAX_CALLS, Slots

log = logging.getLogger("rtwidgets")

MAX_THREADS = 16
MAX_WAITING = 10_000
# On the wire: what waits has been read, and takes some ten times that.
MAX_WAITING_BYTES = 16 * 1024 * 1024
USER_LOOP = "rtwidgets-handlers"


class Workers:
    """A pool of daemon threads that grows when all are busy.

    Args:
        name: The threads' name.
        max_threads: How many there are at most.
    """

    def __init__(self, name: str, max_threads: int) -> None:
        self._name = name
        self._max_threads = max_threads
        self._waiting: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0

    def submit(self, run: Callable[[], object]) -> None:
        """Run a function on some thread; what it raises is logged."""
        with self._changed:
            if len(self._waiting) >= self._idle and self._threads < self._max_threads:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
                self._threads += 1
            self._waiting.append(run)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting:
                    self._changed.wait()
                self._idle -= 1
                run = self._waiting.popleft()
            try:
                run()
            except BaseException:
                log.exception("a callback failed")
            del run


_workers = Workers("rtwidgets-worker", MAX_THREADS)
# Handlers of commands have their own, as many as calls may run: none keeps callbacks, or each other, waiting.
_call_workers = Workers("rtwidgets-command", MAX_CALLS)
_call_slots = Slots()


def call_workers() -> Workers:
    """Return this process's threads for handlers of commands."""
    return _call_workers


def call_slots() -> Slots:
    """Return who holds the places for calls in this process."""
    return _call_slots


def submit(run: Callable[[], object]) -> None:
    """Run a function on this process's worker threads; what it raises is logged."""
    _workers.submit(run)


def run_user(fn: Callable[..., Any], *args: object, **kwargs: object) -> Any:
    """Call a user's function from a worker thread and return its result, awaited if it is awaitable.

    Coroutines run in a loop of their own, shared by all handlers, so that clients and sessions which a
    handler opens once stay usable; a handler that blocks it delays other handlers and nothing else.
    """
    result = fn(*args, **kwargs)
    if inspect.isawaitable(result):
        return shared_portal(USER_LOOP).call(awaited(result))
    return result


async def awaited(result: Awaitable[Any]) -> Any:
    """Await what a user's function returned; nothing that it raises ends the loop, and so all handlers."""
    try:
        return await result
    except (SystemExit, KeyboardInterrupt) as error:
        raise RuntimeError(f"a handler raised {type(error).__name__}") from error


class Strand:
    """Calls of one callback: in order, one at a time.

    Args:
        fn: The user's function, sync or async.
        label: What it listens to, for the log: ``"on_data of 'stream:prices'"``.
        latest_only: While the callback is busy only the newest call waits.
    """

    def __init__(self, fn: Callable[..., Any], label: str, *, latest_only: bool = False) -> None:
        self._fn = fn
        self._label = label
        self._waiting: deque[tuple[int, tuple[object, ...]]] = deque()
        self._bytes = 0
        self._latest_only = latest_only
        self._lock = threading.Lock()
        self._busy = False
        self._closed = False
        self._skipped = 0

    def call(self, *args: object, size: int = 0) -> None:
        """Queue a call of so many bytes on the wire; at the bound the oldest go, and the log is told."""
        with self._lock:
            if self._closed:
                return
            if self._latest_only:
                self._waiting.clear()
                self._bytes = 0
            while len(self._waiting) >= MAX_WAITING or (
                self._waiting and self._bytes + size > MAX_WAITING_BYTES
            ):
                self._bytes -= self._waiting.popleft()[0]
                self._skipped += 1
                if self._skipped == 1:
                    log.warning("%s is slower than its data: calls are skipped", self._label)
            self._waiting.append((size, args))
            self._bytes += size
            if self._busy:
                return
            self._busy = True
        submit(self._drain)

    def close(self) -> None:
        """Forget what waits and ignore what comes."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._bytes = 0

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                size, args = self._waiting.popleft()
                self._bytes -= size
            try:
                contextvars.copy_context().run(run_user, self._fn, *args)
            except BaseException:  # else no further call would come
                log.exception("%s failed", self._label)


def _after_fork_in_child() -> None:
    global _workers, _call_workers, _call_slots
    _workers = Workers("rtwidgets-worker", MAX_THREADS)
    _call_workers = Workers("rtwidgets-command", MAX_CALLS)
    _call_slots = Slots()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
