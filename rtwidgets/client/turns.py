"""Calls of a chat's handler: who waits for whom."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .chat_copy import Message
from .portal import Portal, shared_portal
from .running import replace_if_blocked
from .slots import MAX_CALLS_OF_COMMAND
from .workers import MAX_WAITING, USER_LOOP, call_workers, run_user

log = logging.getLogger("rtwidgets")

# As many as there may be calls of a command.
MAX_AT_ONCE = MAX_CALLS_OF_COMMAND
# How long a handler may be at one message until the log says so.
LONG_AFTER_S = 60.0


class Turns:
    """Calls of one handler, made in the loop of the connection.

    An async handler has several authors at once, and the messages of each in order, as in any conversation:
    who floods it, or sends what it never gets done with, keeps nobody else waiting. Any other handler has one
    message at a time, as it may well keep something that no two threads may change at once.

    Args:
        fn: The handler.
        label: What it listens to, for the log: ``"on_message of 'chat:desk'"``.
    """

    def __init__(self, fn: Callable[[Message], Any], label: str) -> None:
        self._fn = fn
        self._label = label
        self._is_async = inspect.iscoroutinefunction(fn)
        # Of each author whose turn it is or who waits for it, what has not begun.
        self._waiting: dict[str, deque[Message]] = {}
        self._count = 0
        self._next: deque[str] = deque()
        self._running = 0
        self._closed = False
        # What the log has been told, once each.
        self._told_skipped = self._told_long = False

    def call(self, message: Message, *, size: int = 0) -> None:
        """Queue a call; where too many wait, who has most of them loses the oldest, and the log is told.

        Its size does not count: a message has a bound of its own.
        """
        author = message.user if self._is_async else ""
        if author not in self._waiting:
            self._waiting[author] = deque()
            self._next.append(author)
        self._waiting[author].append(message)
        self._count += 1
        if self._count > MAX_WAITING:
            max(self._waiting.values(), key=len).popleft()
            self._count -= 1
            if not self._told_skipped:
                self._told_skipped = True
                log.warning("%s is slower than its messages: some are skipped", self._label)
        self._start()

    def close(self) -> None:
        """Begin with nothing more."""
        self._closed = True

    def _start(self) -> None:
        while self._next and self._running < MAX_AT_ONCE and not self._closed:
            author = self._next.popleft()
            if not self._waiting[author]:  # all were skipped
                del self._waiting[author]
                continue
            message = self._waiting[author].popleft()
            self._count -= 1
            self._running += 1
            # What is a handler's own in the context of its call stays there.
            contextvars.Context().run(self._begin, author, message)

    def _begin(self, author: str, message: Message) -> None:
        loop, portal = asyncio.get_running_loop(), shared_portal(USER_LOOP)
        timer = loop.call_later(LONG_AFTER_S, self._takes_long, portal)

        @contextmanager
        def turn() -> Iterator[None]:
            try:
                yield
            except BaseException:  # else the next would wait for ever
                log.exception("%s failed", self._label)
            finally:
                loop.call_soon_threadsafe(self._ended, author, timer)

        async def in_loop() -> None:
            with turn():
                await self._fn(message)

        def in_thread() -> None:
            with turn():
                contextvars.copy_context().run(run_user, self._fn, message)

        if self._is_async:
            portal.spawn(in_loop())
        else:
            call_workers().submit(in_thread)

    def _ended(self, author: str, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self._running -= 1
        self._next.append(author)
        self._start()

    def _takes_long(self, portal: Portal) -> None:
        if self._is_async:
            replace_if_blocked(portal, asyncio.get_running_loop(), self._label)
        if not self._told_long:
            self._told_long = True
            log.warning(
                "%s has been at one message for %g s; %s: let it wait with a timeout",
                self._label,
                LONG_AFTER_S,
                "what its author says next waits for it" if self._is_async else "all others wait for it",
            )
