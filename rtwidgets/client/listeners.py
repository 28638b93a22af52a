"""Callbacks of the user on one subject, and the handles that remove them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from .rerun import current_run, started
from .workers import Strand


class Handle:
    """Removes a callback when it is called; calling it again does nothing."""

    def __init__(self, remove: Callable[[], None], label: str) -> None:
        self._remove = remove
        self._label = label

    def __call__(self) -> None:
        self._remove()

    def __repr__(self) -> str:
        return f"<handle of {self._label}: call it to remove the callback>"


class Calls(Protocol):
    """The calls of one callback."""

    def call(self, *args: Any, **size: Any) -> None:
        """Queue one, of `size` bytes on the wire."""

    def close(self) -> None:
        """Begin with nothing more."""


class Listeners:
    """The callbacks on one subject.

    Args:
        label: What they listen to, for logs: ``"on_data of 'stream:prices'"``.
        latest_only: A busy callback gets only the newest call when it is free again.
        calls: Makes the calls of a callback from it and the label, if they are not one at a time.
    """

    def __init__(
        self,
        label: str,
        *,
        latest_only: bool = False,
        calls: Callable[[Callable[..., Any], str], Calls] | None = None,
    ) -> None:
        self._label = label
        self._calls = calls or partial(Strand, latest_only=latest_only)
        self._strands: tuple[Calls, ...] = ()
        self._lock = threading.Lock()

    def add(self, fn: Callable[..., Any]) -> Handle:
        """Add a callback, sync or async; it runs on a worker thread, its calls in order.

        Running the notebook cell again that added it replaces it.
        """
        if not callable(fn):
            raise TypeError(f"{self._label} takes a function, not a {type(fn).__name__}")
        strand = self._calls(fn, self._label)
        with self._lock:
            self._strands = (*self._strands, strand)

        def remove() -> None:
            strand.close()
            with self._lock:
                self._strands = tuple(other for other in self._strands if other is not strand)

        started.add(remove, current_run())
        return Handle(remove, self._label)

    def fire(self, *args: object, size: int = 0) -> None:
        """Call all callbacks, on worker threads; `size` is how many bytes the arguments had on the wire."""
        for strand in self._strands:
            strand.call(*args, size=size)

    def clear(self) -> None:
        """Remove all callbacks."""
        with self._lock:
            strands, self._strands = self._strands, ()
        for strand in strands:
            strand.close()

    def __bool__(self) -> bool:
        return bool(self._strands)
