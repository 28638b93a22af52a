"""Drives what hubs that share a broker tell each other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from ..brokers.nodes import NodeBook
from ..brokers.redis import RedisBroker
from ..core import Hub
from ..core.batch import ArchiveFault
from ..core.node_messages import Anew, Shared, Told, decode, encode
from ..core.revocation import KEPT_LONGER_S, Revocation

log = logging.getLogger("rtwidgets.hub")

# A hub says that it lives at this interval.
BEAT_INTERVAL_S = 3.0
# After a failure it is tried again after this.
RETRY_S = 0.5
# Facts in one message.
PIECE = 500
# After the broker was away hubs have so long to say that they live; until then nobody takes them for dead.
GRACE_S = 6.0
# A hub that ends waits so long for its last words to leave.
GOODBYE_S = 1.0


class NodeDriver:
    """Carry what the core tells other hubs, and bring it what they tell.

    Facts and messages leave in the order they were told. While the broker is away they wait.

    Args:
        now: The hub's clock.
    """

    def __init__(self, broker: RedisBroker, hub: Hub, now: Callable[[], float]) -> None:
        self._book = NodeBook(broker, hub.process_id)
        self._core = hub.join_nodes(self)
        self._hub = hub
        self._now = now
        self._seq = 0
        self._facts: dict[str, bytes | None] = {}
        self._shared: dict[str, bytes | None] = {}
        self._messages: list[tuple[str | None, bytes]] = []
        self._waiting_bytes = 0
        self._to_read: dict[str, None] = {}
        self._has_work = asyncio.Event()
        # Whether all of its own facts have to be told, and all of the others' read.
        self._tells_all = True
        self._reads_all = True
        self.is_away = False
        self._trusts_from = 0.0

    async def run(self) -> None:
        """Do all that has to be done all the time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for work in (self._beat, self._write, self._read):
                group.create_task(self._go_on(work))

    async def leave(self) -> None:
        """Say that this hub ends."""
        with suppress(ArchiveFault, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._write_all()
                await self._book.leave()

    @property
    def is_behind(self) -> bool:
        """Whether something that was shared is not known to be with the others."""
        return bool(self._shared)

    # from the core --------------------------------------------------------------

    def tell(self, facts: dict[str, bytes | None]) -> None:
        """Tell facts about this hub, soon."""
        self._facts.update(facts)
        self._has_work.set()

    def share(self, facts: dict[str, bytes | None]) -> None:
        """Tell what holds for all, soon."""
        self._shared.update(facts)
        self._has_work.set()

    def pass_on(self, message: bytes) -> None:
        """Send a message to all, unless the broker is away: by then it is worth nothing."""
        if not self.is_away:
            self._send(None, message)

    def send(self, node: str, message: bytes) -> None:
        """Send a message to one hub."""
        self._send(node, message)

    def read(self, node: str) -> None:
        """Read a hub's facts, soon."""
        self._to_read[node] = None

    # inside ---------------------------------------------------------------------

    def _send(self, node: str | None, message: bytes) -> None:
        bound = self._hub.rules.limits.archive_queue_bytes
        if bound and self._waiting_bytes + len(message) > bound:
            self._hub.refused["archive_queue_bytes"] += 1
            return
        self._waiting_bytes += len(message)
        self._messages.append((node, message))
        self._has_work.set()

    async def _go_on(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a piece of work again and again, whatever happens."""
        while True:
            try:
                await work()
            except ArchiveFault:
                self.is_away = True
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception("what hubs tell each other could not be taken")
                await asyncio.sleep(RETRY_S)

    async def _beat(self) -> None:
        known, alive = await self._book.beat()
        now = asyncio.get_running_loop().time()
        if self.is_away or not known:
            self._trusts_from = now + GRACE_S
        self.is_away = False
        if not known:
            # New, or away for so long that others have forgotten it.
            self._tells_all = self._reads_all = True
            self._has_work.set()
        if now >= self._trusts_from:
            self._core.keep(alive, self._now())
        await asyncio.sleep(BEAT_INTERVAL_S)

    async def _write(self) -> None:
        await self._has_work.wait()
        self._has_work.clear()
        try:
            await self._write_all()
        except ArchiveFault:
            self._has_work.set()
            raise

    async def _write_all(self) -> None:
        if self._tells_all:
            self._facts.clear()
            self._seq += 1
            facts: dict[str, bytes | None] = dict(self._core.own)
            await self._book.tell(encode(Anew(self._hub.process_id)), self._seq, facts, anew=True)
            self._tells_all = False
        if self._facts:
            facts, self._facts = self._facts, {}
            self._seq += 1
            told = encode(Told(self._hub.process_id, self._seq, facts))
            try:
                await self._book.tell(told, self._seq, facts, anew=False)
            except ArchiveFault:
                # Maybe it was told, maybe not.
                self._tells_all = True
                raise
        if self._shared:
            shared = dict(self._shared)
            await self._book.share(encode(Shared(shared)), shared)
            for name, value in shared.items():
                if self._shared.get(name, b"") == value:
                    del self._shared[name]
        if self._messages:
            messages = self._messages[:PIECE]
            await self._book.send(messages)
            del self._messages[: len(messages)]
            self._waiting_bytes -= sum(len(message) for _, message in messages)
        if self._facts or self._shared or self._messages:
            self._has_work.set()

    async def _read(self) -> None:
        if self._reads_all:
            await self._book.begin()
            await self._read_shared()
            _, alive = await self._book.beat()
            for node in alive:
                self._to_read[node] = None
            self._reads_all = False
        while self._to_read:
            node = next(iter(self._to_read))
            seq, facts = await self._book.facts(node)
            self._to_read.pop(node, None)
            self._core.know(node, seq, facts, self._now())
        for message in await self._book.read():
            with suppress(msgspec.DecodeError):  # of a newer hub
                self._core.hear(decode(message), self._now())

    async def _read_shared(self) -> None:
        kept = await self._book.shared()
        now = self._now()
        lacking = self._core.know_shared(kept, now)
        # What this hub takes away is gone for all of them.
        now = self._hub.archiving.time(now)
        for name, value in self._core.shared.items():
            if name.startswith("revoked\n") and _is_over(value, now):
                lacking[name] = None
        if lacking:
            self.share(lacking)


def _is_over(value: bytes, now: float) -> bool:
    """Say whether a revocation is of no use any more."""
    until = msgspec.json.decode(value, type=Revocation).until
    return until is not None and until + KEPT_LONGER_S < now
