"""Publications on their way from the connection to a loop of the user's."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque

from ..errors import RtWidgetsError

log = logging.getLogger("rtwidgets")

MAX_UNREAD = 10_000
MAX_UNREAD_BYTES = 64 * 1024 * 1024


class Unread:
    """What a loop has not read yet, as it came: read, it would take many times the memory.

    Args:
        label: What is read, for the log: ``"the loop over 'stream:prices'"``.
        loop: The loop that reads.
    """

    def __init__(self, label: str, loop: asyncio.AbstractEventLoop) -> None:
        self._label = label
        self._loop = loop
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._refusal: RtWidgetsError | None = None
        self._lock = threading.Lock()
        self._came = asyncio.Event()
        self._told = False

    def put(self, data: bytes) -> None:
        """Add a publication, from any thread; the oldest are skipped, and the log told, when too much waits.

        Raises:
            RuntimeError: If the loop has ended.
        """
        with self._lock:
            self._waiting.append(data)
            self._bytes += len(data)
            while len(self._waiting) > MAX_UNREAD or (
                self._bytes > MAX_UNREAD_BYTES and len(self._waiting) > 1
            ):
                self._bytes -= len(self._waiting.popleft())
                if not self._told:
                    self._told = True
                    log.warning("%s is slower than its data: batches are skipped", self._label)
            # Also where the loop has ended: that raises.
            wakes = len(self._waiting) == 1 or self._loop.is_closed()
        if wakes:
            self._loop.call_soon_threadsafe(self._came.set)

    def refuse(self, error: RtWidgetsError) -> None:
        """End the reading with an error, from any thread.

        Raises:
            RuntimeError: If the loop has ended.
        """
        self._refusal = error
        self._loop.call_soon_threadsafe(self._came.set)

    async def get(self) -> bytes:
        """Return the oldest publication; wait for one.

        Raises:
            RtWidgetsError: If the hub has refused the subscription.
        """
        while True:
            self._came.clear()
            with self._lock:
                if self._waiting:
                    data = self._waiting.popleft()
                    self._bytes -= len(data)
                    return data
            if self._refusal is not None:
                raise self._refusal
            await self._came.wait()
