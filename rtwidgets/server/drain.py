"""Going down without losing anything: clients are sent away a few at a time, to come back elsewhere."""

from __future__ import annotations

import asyncio
import random

from ..core import Hub
from ..protocol import codes
from .logs import happened

# With few connections there is no crowd to spread.
CONNECTIONS_PER_S = 100.0
# A peer that answers no close frame is not waited for longer than this.
GOODBYE_S = 2.0


class Drain:
    """Empties a hub before it ends.

    Args:
        window_s: Over how long the connections are sent away, at most.
    """

    def __init__(self, hub: Hub, window_s: float) -> None:
        self._hub = hub
        self._window_s = window_s
        # From the start of the drain on no socket is accepted any more.
        self.is_on = False

    async def run(self) -> None:
        """Send every client away with a code that means come back, and wait until they have gone.

        What the hub has acknowledged or published leaves first. In random order, so that the clients of one
        place or application do not come back at once.
        """
        self.is_on = True
        left = list(self._hub.connections.values())
        happened("drain started", connections=len(left))
        random.shuffle(left)
        window_s = min(self._window_s, len(left) / CONNECTIONS_PER_S)
        loop = asyncio.get_running_loop()
        start, count = loop.time(), len(left)
        while self._hub.connections and (passed_s := loop.time() - start) < window_s + GOODBYE_S:
            due = count if passed_s >= window_s else round(count * passed_s / window_s)
            while count - len(left) < due:
                left.pop().close(codes.SHUTDOWN)
            await asyncio.sleep(0.01)
        happened("drain ended", left=len(self._hub.connections), seconds=round(loop.time() - start, 3))
