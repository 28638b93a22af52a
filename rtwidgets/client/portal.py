"""A door into an event loop that runs in a thread of its own.

The caller's loop, if it has one, is never used: in Jupyter it belongs to the kernel, and tasks put into it
stall when the cell ends.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import ClosedError

T = TypeVar("T")


class Portal:
    """One daemon thread with its own event loop.

    Args:
        name: The thread's name.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, coro: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine in the loop and return its result; safe from any thread but the loop's own.

        A KeyboardInterrupt of the caller cancels the coroutine and leaves the loop as it is.

        Raises:
            TimeoutError: If it took longer than ``timeout_s``.
            RuntimeError: If called from the loop's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coro.close()
            raise RuntimeError("this call blocks and was made from rtwidgets' own event loop: await instead")
        future = self.spawn(coro)
        try:
            return future.result(timeout_s)
        except concurrent.futures.CancelledError:
            raise ClosedError("the hub was closed during the call") from None
        finally:
            future.cancel()

    def spawn(self, coro: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine in the loop and return its future."""
        if not self.is_alive:
            coro.close()
            raise ClosedError("the background thread of rtwidgets has ended in this process: connect again")
        return asyncio.run_coroutine_threadsafe(coro, self.loop)

    def call_soon(self, fn: Callable[..., object], *args: object) -> None:
        """Call a function in the loop, soon; nothing happens when the loop has ended."""
        try:
            self.loop.call_soon_threadsafe(fn, *args)
        except RuntimeError:  # closed at the end of the process
            pass

    @property
    def is_alive(self) -> bool:
        """Whether the loop runs in this process; a forked child has no copy of the thread."""
        return self._pid == os.getpid() and self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """Whether the caller is the loop's own thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


_portals: dict[str, Portal] = {}
_lock = threading.Lock()


def shared_portal(name: str) -> Portal:
    """Return this process's portal of that name, made at first use and again after a fork."""
    with _lock:
        portal = _portals.get(name)
        if portal is None or not portal.is_alive:
            portal = _portals[name] = Portal(name)
        return portal


def replace_portal(name: str, portal: Portal) -> bool:
    """Let the next who asks get a new portal of that name; False when that has happened."""
    with _lock:
        if _portals.get(name) is not portal:
            return False
        del _portals[name]
        return True


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it when the process forked
    _portals.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
