"""Running a notebook cell again replaces what it started before.

Without this, every run of a cell with `hub.run(...)` would add a feed beside the one that still runs, and
every run of a cell with `@chat.on_message` a bot that answers too.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple


class CellRun(NamedTuple):
    """One run of a notebook cell."""

    cell: str
    run: str


def current_run() -> CellRun | None:
    """Return the run of the notebook cell that calls us; None outside of a notebook's main thread.

    Source: JupyterLab, Notebook 7 and VS Code put `cellId` into the metadata of an execute request.
    """
    if threading.current_thread() is not threading.main_thread() or "ipykernel" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    parent: Callable[[], Any] | None = getattr(get_ipython(), "get_parent", None)
    message: Any = parent() if parent is not None else None
    try:
        return CellRun(str(message["metadata"]["cellId"]), str(message["header"]["msg_id"]))
    except (KeyError, TypeError):
        return None


class Started:
    """What each cell's newest run has started, as the calls that stop it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, tuple[str, list[Callable[[], object]]]] = {}

    def add(self, stop: Callable[[], object], by: CellRun | None) -> None:
        """Remember something that runs on, and stop what earlier runs of the same cell have started."""
        if by is None:
            return
        with self._lock:
            run, stops = self._runs.get(by.cell, (by.run, []))
            old, stops = (stops, []) if run != by.run else ([], stops)
            stops.append(stop)
            self._runs[by.cell] = (by.run, stops)
        for stop_old in old:
            stop_old()


started = Started()
