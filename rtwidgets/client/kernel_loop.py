"""The thread on which a notebook's kernel runs its cells."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .workers import submit


def run_in_kernel(fn: Callable[[], object]) -> None:
    """Call a function on the kernel's main thread, between cells; outside of kernels on a worker thread.

    The traits of ipywidgets, and what observes them, are made for that thread. While a cell runs the call
    waits for its end.
    """
    if "ipykernel" in sys.modules:
        from IPython.core.getipython import get_ipython

        loop: Any = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
        if loop is not None:
            loop.add_callback(fn)
            return
    submit(fn)
