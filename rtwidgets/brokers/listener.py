"""What is told in passing through Redis: heard where it comes, and seen when it has stopped to come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..cancellation import end_if_cancelled
from ..core.batch import ArchiveFault
from .faults import FAULTS

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    from .redis import RedisBroker

log = logging.getLogger("rtwidgets.hub")

# A hub sends itself a message at this interval, through the broker.
BEAT_INTERVAL_S = 2.0
# Not heard for so long, the connection is given up.
SILENCE_S = 6.0
# Between two attempts to connect.
RETRY_S = 0.5
# A channel is loaded without waiting longer for messages of it: what is missed is found later.
SUBSCRIBED_S = 1.0
# Channels in one command.
PIECE = 500


class Listener:
    """Hear messages of channels on a connection of its own; never rely on it.

    A subscription that is silent looks like one on which nothing happens. So the hub's own beat has to come
    through it.

    Args:
        prefix: Of all names.
        node: The hub's id.
        on_message: Called with each message.
    """

    def __init__(
        self, broker: RedisBroker, prefix: str, node: str, on_message: Callable[[bytes], None]
    ) -> None:
        self._broker = broker
        self._prefix = prefix
        self._beat = f"{prefix}beat:{node}"
        self._on_message = on_message
        # Called when everything is heard again after a break.
        self.on_back: Callable[[], None] = lambda: None
        # How often a connection was given up.
        self.breaks = 0
        self._names: dict[str, asyncio.Event] = {}
        self._connection: AbstractConnection | None = None
        self._is_live = False
        # Whether the log says why it can't be, where that is not to be expected.
        self._is_told = False
        self._beats: asyncio.Task[None] | None = None

    async def join(self, channel: str) -> None:
        """Hear of a channel; returns when that is so, or soon in any case."""
        name = f"{self._prefix}{channel}"
        heard = self._names.get(name)
        if heard is None:
            heard = self._names[name] = asyncio.Event()
            await self._say("SUBSCRIBE", name)
        if self._is_live:
            try:
                async with asyncio.timeout(SUBSCRIBED_S):
                    await heard.wait()
            except TimeoutError:
                pass

    async def leave(self, channel: str) -> None:
        """Hear of a channel no more."""
        name = f"{self._prefix}{channel}"
        if self._names.pop(name, None) is not None:
            await self._say("UNSUBSCRIBE", name)

    async def run(self) -> None:
        """Listen until cancelled."""
        self._beats = asyncio.create_task(self._send_beats())
        is_first = True
        try:
            while True:
                try:
                    await self._listen(is_first)
                except (*FAULTS, ArchiveFault) as error:
                    end_if_cancelled()
                    if self._is_live:
                        self.breaks += 1
                        log.warning("the broker is not heard any more: %s: %s", type(error).__name__, error)
                except Exception:
                    end_if_cancelled()
                    # All that the broker does depends on this going on.
                    if not self._is_told:
                        log.exception("the broker can't be listened to in a way that nobody has thought of")
                    self._is_told = True
                finally:
                    self._is_live = False
                    await self._hang_up()
                is_first = False
                await asyncio.sleep(RETRY_S)
        finally:
            self._beats.cancel()

    # inside ---------------------------------------------------------------------

    async def _listen(self, is_first: bool) -> None:
        connection = self._connection = await self._broker.client.connection()
        loop = asyncio.get_running_loop()
        for heard in self._names.values():
            heard.clear()
        awaited = list(self._names)
        for start in range(0, len(awaited), PIECE):
            await connection.send_command("SUBSCRIBE", *awaited[start : start + PIECE])
        # Last: once this is heard, so are all others.
        await connection.send_command("SUBSCRIBE", self._beat)
        heard_at = loop.time()
        while True:
            # Sending may have kept a cancellation to itself, and then this would go on for ever.
            end_if_cancelled()
            left = heard_at + SILENCE_S - loop.time()
            message = await connection.read_response(timeout=left) if left > 0 else None
            if message is None:
                raise TimeoutError(f"silent for {SILENCE_S:g} s")
            what, name, data = message
            if what == b"message":
                if name.decode() == self._beat:
                    heard_at = loop.time()
                else:
                    self._hear(data)
            elif what == b"subscribe":
                self._note(name.decode(), is_first)

    def _note(self, name: str, is_first: bool) -> None:
        if name == self._beat:
            self._is_live = True
            self._is_told = False
            if not is_first:
                log.warning("the broker is heard again")
            self.on_back()
        elif name in self._names:
            self._names[name].set()

    def _hear(self, data: bytes) -> None:
        try:
            self._on_message(data)
        except Exception:
            # One message must not end all of them.
            log.exception("a message of the broker could not be taken")

    async def _say(self, command: str, name: str) -> None:
        if self._connection is not None:
            try:
                await self._connection.send_command(command, name)
            except FAULTS:
                pass  # whoever listens notices, and subscribes to all of them anew

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*FAULTS):
                await connection.disconnect()

    async def _send_beats(self) -> None:
        while True:
            try:
                await self._broker.tell(self._beat, b"")
            except Exception:
                pass  # then it is not heard, and that is said
            await asyncio.sleep(BEAT_INTERVAL_S)
