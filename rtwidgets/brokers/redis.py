"""Channels on Redis: every step that counts is one script there."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec
from redis.exceptions import NoScriptError

from ..cancellation import end_if_cancelled
from ..core.batch import ArchiveFault, Batch, Changes, Item, News, Place, Stored, Tail
from ..core.erasing import erase_from
from ..core.kinds.chat import MAX_MESSAGES
from ..core.rules import KindName, Limits, Namespace
from ..errors import ConfigError
from . import scripts
from .calls import Script, in_full
from .client import Client, Command
from .faults import FAULTS, fault_of, refusal_of
from .listener import Listener

log = logging.getLogger("rtwidgets.hub")

PREFIX = "rtwidgets:"
OLDEST_VERSION = (6, 2)
# Batches in one answer.
PIECE = 50
# Items in one answer, about.
ITEMS = 1_000
MAX_PRODUCERS = 1_000
# What was told of a channel stays for hubs that were away, even where history keeps nothing.
KEPT_S = 60.0
# A channel that no hub has used goes after this: one with a state, and one without behind its history.
STATE_S = 30 * 86_400.0
REST_S = 3_600.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Batch).decode


class Keeping(msgspec.Struct, frozen=True):
    """How much Redis keeps of a channel.

    Args:
        publications: So many of the newest.
        seconds: Not older than this.
        bytes: About so much.
        ttl_s: Everything goes when nobody has used the channel for so long.
    """

    publications: int
    seconds: float
    bytes: int
    ttl_s: float


def keeping_of(namespace: Namespace, limits: Limits) -> Keeping:
    """Return how much is kept of the channels of a namespace."""
    has_state = namespace.kind in ("table", "value", "chat")
    return Keeping(
        publications=max(namespace.history_size, limits.delivery_window or 2**53),
        seconds=max(namespace.history_ttl_s, KEPT_S),
        bytes=limits.history_bytes or 2**53,
        ttl_s=STATE_S if has_state else max(namespace.history_ttl_s, KEPT_S) + REST_S,
    )


class RedisBroker:
    """Channels that several hubs share.

    Every method raises an `ArchiveFault` when it can't be done now.

    Args:
        connect: Returns a client; called when the broker is opened, in the loop that uses it.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        # Says what is wrong with the address.
        self._told = f"{PREFIX}{connect().db}:"
        self._connect = connect
        self._client: Client | None = None

    async def open(self) -> None:
        """Make it ready.

        Raises:
            ConfigError: If the server is of no use, and would be of none later.
        """
        self._client = self._connect()
        try:
            # Besides, so that a user who may not do what hubs do is refused now.
            info, _ = await self.ask([("INFO", "server"), _call(scripts.NEWS, "", "-", 1)])
        except ArchiveFault as fault:
            raise refusal_of(fault) or fault from fault.__cause__
        # A cluster says it for each of its nodes.
        one = info if "redis_version" in info else next(iter(info.values()))
        version = str(one["redis_version"])
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
            raise ConfigError(
                f"hub.broker is Redis {version}; {OLDEST_VERSION[0]}.{OLDEST_VERSION[1]} is needed"
            )

    async def close(self) -> None:
        """Let go of it."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def listener(self, node: str, on_message: Callable[[bytes], None]) -> Listener:
        """Return what hears of batches as they are committed."""
        return Listener(self, self._told, node, on_message)

    async def commit(
        self, batches: Sequence[tuple[Batch, Keeping]], *, tells: bool = True
    ) -> list[News | ArchiveFault | None]:
        """Keep batches of different channels, each on condition that nothing came since the one before it.

        Args:
            tells: Whether who listens hears of them at once; else `tell_of` does that.

        Returns:
            For each None if it is kept, or else what came before it, or why it is not.

        Raises:
            ArchiveFault: If none is kept, or that is in doubt.
        """
        calls = [
            _call(
                scripts.COMMIT,
                batch.channel,
                *_commit(batch, keeping, self._where(batch) if tells else ""),
                *(await self._without(batch.channel, batch.erased)),
            )
            for batch, keeping in batches
        ]
        answers = await self._run(calls)
        return [None if answer is None else _outcome(answer) for answer in answers]

    async def enter(
        self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str, keeping: Keeping
    ) -> Stored:
        """Return where a channel stands; with a new epoch where it has none, or one that has ended."""
        call = _call(scripts.ENTER, channel, epoch, kind, ended, _ms(keeping.ttl_s))
        ((epoch_now, last, place, kind_now, producers, seqs),) = await self.ask([call])
        top = _place(place)
        return Stored(
            kind_now.decode(),
            epoch_now.decode(),
            top.offset,
            await self._tail(channel, _text(top), tail),
            dict(zip(producers, map(int, seqs), strict=True)),
            last.decode(),
            top,
        )

    async def items(self, channel: str) -> AsyncIterator[Changes]:
        """Yield a channel's state in pieces, lower ranks first.

        What is changed meanwhile may be in them or not.
        """
        cursor: bytes | int = b"0"
        found: dict[bytes, Item] = {}
        while True:
            ((cursor, flat),) = await self.ask([("HSCAN", _key(channel, "items"), cursor, "COUNT", ITEMS)])
            pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
            found.update((key, _item(value)) for key, value in pairs)
            if cursor in (b"0", 0):
                break
        ranked = sorted(found.items(), key=lambda pair: pair[1].rank)
        for start in range(0, len(ranked), ITEMS):
            yield dict(ranked[start : start + ITEMS])

    async def time(self) -> float:
        """Return what time it is there, in seconds since the Unix epoch."""
        (time_ms,) = await self.ask([scripts.TIME.call([f"{PREFIX}hub"])])
        return float(time_ms / 1000)

    async def identity(self, proposed: str) -> str:
        """Return the id that all hubs of this broker have; a new broker takes the one proposed."""
        return await self._agreed("hub", proposed)

    async def archive(self, proposed: str) -> str:
        """Return the id of the archive that goes with this broker; a new broker takes the one proposed."""
        return await self._agreed("archive", proposed)

    async def agree(self, what: str, proposed: Mapping[str, str]) -> dict[str, str]:
        """Return what holds for all hubs of a broker, by name; what it lacks it takes as proposed."""
        pairs = [part for pair in proposed.items() for part in pair]
        (found,) = await self.ask([scripts.AGREE.call([f"{PREFIX}{what}"], *pairs)])
        return {name: value.decode() for name, value in zip(proposed, found, strict=True)}

    async def news(self, channel: str, place: Place) -> News:
        """Return what came since a place, or the beginning of it."""
        (answer,) = await self.ask([_call(scripts.NEWS, channel, _text(place), PIECE)])
        return _news(answer)

    async def stands(self, channels: Sequence[str]) -> list[tuple[str, str]]:
        """Return the epoch and the id of the newest batch of channels; empty where there is none."""
        answers = await self.ask([("HMGET", _key(name, "meta"), "epoch", "last") for name in channels])
        return [((epoch or b"").decode(), (last or b"").decode()) for epoch, last in answers]

    async def touch(self, channels: Sequence[tuple[str, Keeping]]) -> None:
        """Note that channels are used."""
        await self.ask([_call(scripts.TOUCH, name, _ms(keeping.ttl_s)) for name, keeping in channels])

    async def restore(self, channel: str, seen: tuple[str, str], stored: Stored, keeping: Keeping) -> None:
        """Set a channel to where it stands elsewhere, without what came before.

        Args:
            seen: Epoch and newest batch that it has now, as `stands` returned them; with others nothing is
                done.
        """
        place = _text(stored.place)
        where = (stored.epoch, stored.kind, stored.last, place, _ms(keeping.ttl_s))
        await self.ask([_call(scripts.RESTORE, channel, *seen, *where)])

    async def tell_of(self, batches: Sequence[Batch]) -> None:
        """Send batches to who listens."""
        await self.ask([("PUBLISH", self._where(batch), _encode(batch)) for batch in batches])

    async def tell(self, where: str, message: bytes) -> None:
        """Send a message to who listens."""
        await self.ask([("PUBLISH", where, message)])

    @property
    def client(self) -> Client:
        """The client.

        Raises:
            ArchiveFault: If it is not open.
        """
        if self._client is None:
            raise ArchiveFault("the broker is closed")
        return self._client

    # inside ---------------------------------------------------------------------

    async def _agreed(self, name: str, proposed: str) -> str:
        """Return what whoever came first has proposed."""
        key = f"{PREFIX}{name}"
        # One behind the other: a cluster is sent what is asked together at the same moment.
        await self.ask([("SET", key, proposed, "NX")])
        (found,) = await self.ask([("GET", key)])
        return str(found.decode())

    async def _without(self, channel: str, messages: dict[str, int]) -> list[str | bytes | int]:
        """Return a channel's batches that tell of some messages, without what they tell.

        Nothing else comes between this and the commit, or that is refused.

        Args:
            messages: The offset where each was said, by its id.
        """
        found: list[str | bytes | int] = []
        if messages:
            command = ("XRANGE", _key(channel, "log"), f"{min(messages.values())}-0", "+")
            (entries,) = await self.ask([command])
            for place, fields in entries:
                batch = _decode(_field(fields))
                if erase_from(batch, messages):
                    found += (place, _encode(batch))
        return [len(found) // 2, *found]

    def _where(self, batch: Batch) -> str:
        return f"{self._told}{batch.channel}"

    async def _tail(self, channel: str, place: str, tail: Tail) -> list[tuple[int, bytes]]:
        """Return a channel's newest publications up to a place, each with its time."""
        found: list[tuple[int, bytes]] = []
        size = 0
        stop: str | bytes = place
        while tail.size:
            command = ("XREVRANGE", _key(channel, "log"), stop, "-", "COUNT", PIECE)
            (entries,) = await self.ask([command])
            for _, fields in entries:
                batch = _decode(_field(fields))
                if batch.time_ms < tail.since_ms:
                    return found[::-1]
                for publication in reversed(batch.publications):
                    size += len(publication)
                    if len(found) >= tail.size or (tail.max_bytes and size > tail.max_bytes):
                        return found[::-1]
                    found.append((batch.time_ms, publication))
            if len(entries) < PIECE:
                break
            stop = b"(" + entries[-1][0]
        return found[::-1]

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands all of which have to succeed."""
        answers = await self._run(commands)
        for answer in answers:
            if isinstance(answer, Exception):
                raise fault_of(answer) from answer
        return answers

    async def _run(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands and return their answers, faults of single ones included."""
        answers = await self._execute(commands)
        unknown = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # The server has been started anew, or is another one.
            again = [in_full(commands[n]) for n in unknown]
            for n, answer in zip(unknown, await self._execute(again), strict=True):
                answers[n] = answer
        return answers

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        try:
            answers = await self.client.execute(commands)
        except FAULTS as error:
            end_if_cancelled()
            fault = fault_of(error)
            raise fault from fault.__cause__
        end_if_cancelled()
        return answers


def _key(channel: str, part: str) -> str:
    # The braces keep all of a channel's keys together on one node of a cluster; they must not be empty.
    return f"{PREFIX}{{c:{channel}}}:{part}"


def _call(script: Script, channel: str, *arguments: str | bytes | int) -> Command:
    return script.call([_key(channel, part) for part in scripts.KEYS], *arguments)


def _commit(batch: Batch, keeping: Keeping, told: str) -> list[str | bytes | int]:
    """Return the arguments of the script that commits a batch."""
    sets = [(key, item) for key, item in batch.changes.items() if item is not None]
    arguments: list[str | bytes | int] = [
        batch.epoch,
        batch.after,
        batch.id,
        _text(batch.place),
        _encode(batch),
        batch.last - keeping.publications,
        keeping.bytes,
        _ms(keeping.seconds),
        _ms(keeping.ttl_s),
        told,
        MAX_MESSAGES if batch.kind == "chat" else 0,
        _text(Place(batch.before, 0)),
        PIECE,
        MAX_PRODUCERS,
        len(sets),
        len(batch.gone),
        len(batch.producers),
    ]
    for key, item in sets:
        arguments += (key, item.rank, item.data)
    for key, rank in batch.gone:
        arguments += (key, rank or 0)
    for producer, seq in batch.producers.items():
        arguments += (producer, seq)
    return arguments


def _outcome(answer: object) -> News | ArchiveFault:
    return fault_of(answer) if isinstance(answer, Exception) else _news(answer)


def _news(answer: Any) -> News:
    epoch, *rest = answer
    if not epoch:
        return News("")
    last, place, oldest, batches = rest
    return News(
        epoch.decode(),
        last.decode(),
        _place(place),
        _place(oldest.partition(b" ")[0]) if oldest else None,
        [_decode(batch) for batch in batches],
    )


def _item(value: bytes) -> Item:
    rank, _, data = value.partition(b" ")
    return Item(int(rank), data)


def _field(fields: Any) -> bytes:
    value: bytes = fields[b"b"] if isinstance(fields, dict) else fields[1]
    return value


def _place(text: bytes) -> Place:
    offset, _, part = text.partition(b"-")
    return Place(int(offset), int(part))


def _text(place: Place) -> str:
    return f"{place.offset}-{place.part}"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
