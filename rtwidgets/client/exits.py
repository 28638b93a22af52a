"""The end of the process: hubs send what waits before it.

A script may publish and return. Children of multiprocessing end without atexit, so they get a finalizer of
multiprocessing's own.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
from multiprocessing.util import Finalize
from typing import Protocol

from ..errors import RtWidgetsError

AT_EXIT_S = 2.0
_FIRST = 100  # before multiprocessing's queues are closed


class Closable(Protocol):
    """What is closed at the end of the process."""

    def close(self, timeout_s: float) -> None:
        """Send what waits, for so long at most, and end."""


_open: dict[int, Closable] = {}
_finalizer_in = 0  # the process that has one


def close_at_exit(hub: Closable) -> None:
    """Close a hub of this process when the process ends; call it again in a forked process that uses it."""
    global _finalizer_in
    _open[id(hub)] = hub
    if multiprocessing.parent_process() is not None and _finalizer_in != os.getpid():
        _finalizer_in = os.getpid()
        Finalize(None, _close_all, exitpriority=_FIRST)


def forget(hub: Closable) -> None:
    """Leave a hub alone that was closed before."""
    _open.pop(id(hub), None)


@atexit.register
def _close_all() -> None:
    for hub in list(_open.values()):
        try:
            hub.close(AT_EXIT_S)
        except RtWidgetsError:  # what was lost is in the log by now
            pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)  # the parent's hubs are its own to close
