"""Writing a channel to another system: in order, again where it failed, and done when the system has it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from ..client.backoff import Backoff
from ..client.channel import Channel
from ..errors import SourceAwayError
from .pulls import Message, pull_of

log = logging.getLogger("rtwidgets")


class Writer(Protocol):
    """An open way into another system. Whatever can't be reached for now raises SourceAwayError."""

    async def write(self, messages: list[Message]) -> None:
        """Write messages in order, and return when the system has them all."""

    async def close(self) -> None:
        """End the connection."""


class Forward:
    """What runs for ``hub.run(channel, into=...)``: it yields nothing and writes what the channel has.

    Nothing is written twice but after a failure; then the last messages may be.

    Args:
        channel: The channel to read.
        name: What is written to, for people; no secrets.
        open_writer: Opens a way in.
        group: Name under which the hub keeps how far it got.
    """

    def __init__(
        self, channel: Channel, name: str, open_writer: Callable[[], Awaitable[Writer]], group: str
    ) -> None:
        self.name = f"{channel.name} into {name}"
        self.written = 0
        self.problem = ""
        self._open_writer = open_writer
        self._pull = pull_of(channel, group)
        self._backoff = Backoff(random.random, base_s=0.5, cap_s=10.0)

    async def __aiter__(self) -> AsyncIterator[None]:
        """Write until nobody asks any more."""
        try:
            while True:
                try:
                    await self._write()
                except SourceAwayError as error:
                    if not self.problem:
                        log.warning("%s: %s; it is tried again", self.name, error)
                    self.problem = str(error)
                    await asyncio.sleep(self._backoff.next())
        finally:
            self._pull.close()
        yield  # what makes it a generator

    async def _write(self) -> None:
        writer = await self._open_writer()
        try:
            while True:
                messages = await self._pull.take()
                if messages:
                    await writer.write(messages)
                    self.written += len(messages)
                    self._backoff.reset()
                    self.problem = ""
                await self._pull.done()
        finally:
            await writer.close()

    def __repr__(self) -> str:
        return f"<{self.name}: {self.written} written>"
