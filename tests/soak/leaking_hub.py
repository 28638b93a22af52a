"""A watched hub that loses memory, tasks and descriptors: `leaking_hub.py CONFIG PORT`."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.soak.watched_hub import run


async def leak() -> None:
    """Each second keep 200 KB, and each fifth a task and a descriptor."""
    kept: list[object] = []
    while True:
        await asyncio.sleep(1)
        kept.append([bytes(2000) for _ in range(100)])
        if len(kept) % 5 == 0:
            kept.append(asyncio.create_task(asyncio.Event().wait()))
            kept.append(os.dup(1))


run(sys.argv[1], sys.argv[2], leak)
