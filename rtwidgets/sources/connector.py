"""Another system, to read from and to write to: batches, commit after acknowledgement, bad messages."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..client.backoff import Backoff
from ..client.channel import Channel
from ..client.entries import Entry, Several
from ..errors import SourceAwayError, SourceError
from .forward import Forward, Writer
from .records import Decode, OnError, Record, decoder, one_of

log = logging.getLogger("rtwidgets")

# Messages that are taken, and published, at once.
BATCH = 500
HOLD_INTERVAL_S = 1.0
STOP_WAIT_S = 1.0
NOT_YET = "not connected yet"

# Takes a problem, "" for none any more.
Tell: TypeAlias = Callable[[str], None]


class Reader(Protocol):
    """An open place in another system. Whatever can't be reached for now raises SourceAwayError."""

    async def take(self) -> list[Record]:
        """Wait a while for records and return those that are there, oldest first; none is no error."""

    async def commit(self, records: list[Record]) -> None:
        """Tell the system that what `take` returned last is published; it is called again if it fails."""

    async def hold(self) -> None:
        """Keep the place while the hub is slow; called every second until what was taken is published."""

    async def close(self) -> None:
        """Give the place up; what is not committed comes again."""


@dataclass(frozen=True)
class Reading:
    """How records become entries.

    Args:
        decode: ``"json"``, ``"text"``, or a function of a message's bytes that returns a row or other data.
        decode_key: The same for its key.
        key: Column that takes the key in rows that have no such column; "" for none.
        on_error: ``"stop"`` at a message that can't be used, or ``"skip"`` it.

    Raises:
        ConfigError: If one of them is not usable.
    """

    decode: Decode
    decode_key: Decode
    key: str
    on_error: OnError

    def __post_init__(self) -> None:
        one_of("on_error", self.on_error, ("stop", "skip"))
        decoder(self.decode)
        decoder(self.decode_key, "decode_key")


class Connector:
    """A place in another system: ``hub.run(it, into=channel)`` reads, ``hub.run(channel, into=it)`` writes.

    What was read is acknowledged there after the hub has published it. Messages come in their order and none
    is lost; after a crash in between, the last batch is published again. While the hub is away or slow
    nothing more is read.

    Args:
        name: What it is, for people; no secrets.
        open_reader: Opens a place to read from; it is given what takes a problem.
        reading: How records become entries.
        open_writer: Opens a way to write.
        group: Who reads and writes.
    """

    acknowledged = True

    def __init__(
        self,
        name: str,
        open_reader: Callable[[Tell], Awaitable[Reader]],
        reading: Reading,
        open_writer: Callable[[], Awaitable[Writer]],
        group: str,
    ) -> None:
        self.name = name
        self.published = 0
        self.skipped = 0
        self.problem = NOT_YET
        self.fault: Exception | None = None
        self._open_reader = open_reader
        self._reading = reading
        self._open_writer = open_writer
        self._group = group
        self._decode = decoder(reading.decode)
        self._decode_key = decoder(reading.decode_key)
        self._backoff = Backoff(random.random, base_s=0.5, cap_s=10.0)

    def forward(self, channel: Channel) -> Forward:
        """Return what writes a channel to this place; what ``hub.run(channel, into=...)`` runs."""
        return Forward(channel, self.name, self._open_writer, self._group)

    async def __aiter__(self) -> AsyncIterator[Several]:
        """Yield what is there, batch by batch; asking for the next one says that the last is published."""
        while True:
            try:
                reader = await self._open_reader(self._tell)
                self._tell("")
                try:
                    while True:
                        records = await reader.take()
                        if not records:
                            continue
                        self._tell("")
                        self._backoff.reset()
                        skipped = self.skipped
                        entries = self._entries(records)
                        if entries:
                            holding = asyncio.create_task(self._hold(reader))
                            try:
                                yield Several(entries, self._refuse)
                            finally:
                                holding.cancel()
                                await asyncio.gather(holding, return_exceptions=True)
                        self.published += len(records) - (self.skipped - skipped)
                        await self._commit(reader, records)
                finally:
                    await reader.close()
            except SourceAwayError as error:
                self._tell(str(error))
                await asyncio.sleep(self._backoff.next())

    def _entries(self, records: list[Record]) -> tuple[Entry, ...]:
        entries = []
        for record in records:
            entry = Entry(None, None, self._reading.key, record.time, record.place)
            try:
                value = None if record.value is None else self._decode(record.value)
                key = None if record.key is None else self._decode_key(record.key)
            except Exception as error:  # of any decoder
                self._refuse(entry, error)
                continue
            entries.append(Entry(value, key, self._reading.key, record.time, record.place))
        return tuple(entries)

    def _refuse(self, entry: Entry, error: Exception) -> None:
        """Take note of a message that can't be used; neither status nor log say what is in it."""
        self.fault = error
        kind = type(error).__name__
        if self._reading.on_error == "stop":
            raise SourceError(
                f"{entry.place} of {self.name} can't be used ({kind}); nothing after it is read: mend it, "
                "use decode=... with a function that can read it, or leave such out with on_error='skip'"
            ) from None
        self.skipped += 1
        if self.skipped & (self.skipped - 1) == 0:  # the first, second, fourth, ...
            log.warning("%s of %s is left out (%s), %d so far", entry.place, self.name, kind, self.skipped)

    async def _commit(self, reader: Reader, records: list[Record]) -> None:
        while True:
            attempt = asyncio.ensure_future(reader.commit(records))
            try:
                await asyncio.shield(attempt)
                return
            except asyncio.CancelledError:
                # Who stops in order should not see the last batch again.
                await asyncio.wait([attempt], timeout=STOP_WAIT_S)
                attempt.cancel()
                raise
            except SourceAwayError as error:
                self._tell(str(error))
                await asyncio.sleep(self._backoff.next())
                await self._hold_once(reader)

    async def _hold(self, reader: Reader) -> None:
        while True:
            await asyncio.sleep(HOLD_INTERVAL_S)
            await self._hold_once(reader)

    async def _hold_once(self, reader: Reader) -> None:
        try:
            await reader.hold()
        except SourceAwayError as error:
            self._tell(str(error))

    def _tell(self, problem: str) -> None:
        if problem and self.problem in ("", NOT_YET):
            log.warning("%s: %s; it is tried again", self.name, problem)
        elif self.problem not in ("", NOT_YET) and not problem:
            log.warning("%s is there again", self.name)
        self.problem = problem

    def __repr__(self) -> str:
        skipped = f", {self.skipped} left out" if self.skipped else ""
        return f"<{self.name}: {self.published} published{skipped}>"
