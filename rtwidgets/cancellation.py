"""Libraries that keep a cancellation to themselves."""

from __future__ import annotations

import asyncio


def end_if_cancelled() -> None:
    """End the task if that was asked for: a library may answer a cancellation with a fault, or not at all.

    Whoever cancelled would wait for ever for a task that goes on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
