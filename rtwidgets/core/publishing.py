"""Requests to publish: the protocol's command, and the batches of a producer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Raw, Struct

from ..protocol import codec, codes
from ..protocol.messages import Reply, RpcResult
from .batch import producer_key
from .channel import Channel
from .kinds import Chat, DataError, Table
from .kinds.table_change import may_replace
from .notices import session_of
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection

# What is carried out in steps; each is sent the time that it is then.
Steps: TypeAlias = Generator[None, float, None]

# The hub remembers a producer's id after its connection; ours have 32 characters.
MAX_PRODUCER_CHARS = 64
# So many items of a batch are carried out at one go, where each is little work.
ITEMS_AT_ONCE = 16

_encode = msgspec.json.Encoder().encode


def publish(
    connection: Connection, name: str, request_ids: list[int], items: list[bytes], now: float
) -> None:
    """Carry out publish commands to one channel and reply to each, in order."""
    hub = connection.hub
    if len(items) > 1 and session_of(name):  # each is counted
        for request_id, item in zip(request_ids, items, strict=True):
            publish(connection, name, [request_id], [item], now)
        return
    try:
        channel = hub.publishable(connection, name, now)
    except Refusal as refusal:
        _answer(connection, request_ids, dict.fromkeys(range(len(items)), refusal))
        return
    if channel.durable is None and isinstance(channel.kind, Table) and any(map(may_replace, items)):
        steps = _publish_each(connection, channel, request_ids, items)
        connection.inbox.do_in_steps(request_ids[0], steps)
    elif channel.durable is None:
        _answer(connection, request_ids, hub.publish_for(connection, channel, items, now))
    else:
        hub.keep_for(
            connection,
            channel,
            items,
            now,
            lambda faults, _: _answer(connection, request_ids, faults),
        )


def _publish_each(
    connection: Connection, channel: Channel, request_ids: list[int], items: list[bytes]
) -> Steps:
    now = yield
    for request_id, item in zip(request_ids, items, strict=True):
        fault = yield from _publish_parts(connection, channel, item, now)
        _answer(connection, [request_id], {0: fault} if fault else {})
        now = yield


def _publish_parts(
    connection: Connection, channel: Channel, item: bytes, now: float
) -> Generator[None, float, Refusal | None]:
    """Publish an item to a table, with a pause before each of several parts; return why one was refused."""
    hub = connection.hub
    assert isinstance(channel.kind, Table)
    try:
        for part in channel.kind.parts(item):
            if part is not item:
                now = yield
            faults = hub.publish_for(connection, channel, [part], now)
            if faults:
                return faults[0]
    except DataError as error:
        return hub.refusal_of(DataError(f"channel {channel.name!r}: {error}"))
    return None


def _answer(connection: Connection, request_ids: list[int], faults: dict[int, Refusal]) -> None:
    done = 0
    for index, fault in faults.items():
        if done < index:
            connection.answer(codec.published(request_ids[done:index]))
        connection.fail(request_ids[index], fault.error, fault.message)
        done = index + 1
    if done < len(request_ids):
        connection.answer(codec.published(request_ids[done:]))


class Item(Struct):
    channel: str
    data: Raw


class Publish(Struct):
    """Data of the rpc `rtwidgets.publish`."""

    producer: str
    seq: int
    items: list[Item]


class ItemError(Struct, omit_defaults=True):
    """An item that was not published.

    Args:
        temporary: Whether the same batch has to be sent again, and before what comes after it.
    """

    index: int
    code: int
    message: str
    temporary: bool = False


class Published(Struct, omit_defaults=True):
    """Result of the rpc `rtwidgets.publish`.

    Args:
        versions: Index and version of each value that was set; it became this one or an earlier one.
    """

    seq: int
    errors: list[ItemError] = []
    versions: list[tuple[int, int]] = []


def publish_batch(connection: Connection, request_id: int, batch: Publish, now: float) -> None:
    """Publish a producer's batch, in turns with what others want, and answer."""
    if len(batch.producer) > MAX_PRODUCER_CHARS:
        raise Refusal(codes.BAD_REQUEST, f"a producer's id has at most {MAX_PRODUCER_CHARS} characters")
    connection.inbox.do_in_steps(request_id, _publish_items(connection, request_id, batch))


def _publish_items(connection: Connection, request_id: int, batch: Publish) -> Steps:
    """Publish the items of a batch, with pauses: behind each that may be as much work as many others."""
    hub = connection.hub
    result = Published(batch.seq)
    archived: list[int] = []
    taken = 0
    now = yield
    number = connection.info.user, batch.producer, batch.seq
    is_new = hub.producers.is_new(*number)
    for index, item in enumerate(batch.items):
        try:
            channel = hub.publishable(connection, item.channel, now)
        except Refusal as refusal:
            if is_new:
                result.errors.append(_error(index, refusal))
            continue
        if channel.durable is not None:
            archived.append(index)
        elif is_new:
            if not taken:  # there is no pause before it, in which another connection could bring the same
                hub.producers.note(*number)
            taken += 1
            if isinstance(channel.kind, Table):
                fault = yield from _publish_parts(connection, channel, bytes(item.data), now)
            else:
                fault = hub.publish_for(connection, channel, [bytes(item.data)], now).get(0)
            if fault is not None:
                result.errors.append(_error(index, fault))
            if channel.kind.last_counts:
                result.versions.append((index, channel.log.top))
            if taken % ITEMS_AT_ONCE == 0 or isinstance(channel.kind, Table | Chat):
                now = yield
    connection.inbox.charge_publications(taken + len(archived))
    kept: dict[Channel, list[int]] = {}
    for index in archived:
        # Once more: the channel may have been let go of between two steps.
        try:
            channel = hub.publishes_to(connection, batch.items[index].channel)
            kept.setdefault(channel, []).append(index)
        except Refusal as refusal:
            result.errors.append(_error(index, refusal))
    if not kept:
        _reply(connection, request_id, result)
        return
    producer = producer_key(connection.info.user, batch.producer), batch.seq
    parts = _Parts(connection, request_id, result, len(kept))
    for channel, indexes in kept.items():
        items = [bytes(batch.items[index].data) for index in indexes]
        hub.keep_for(connection, channel, items, now, parts.done_with(channel, indexes), producer)


class _Parts:
    """The parts of a batch that wait for archives; the answer goes out with the last of them."""

    def __init__(self, connection: Connection, request_id: int, result: Published, count: int) -> None:
        self._connection = connection
        self._request_id = request_id
        self._result = result
        self._left = count

    def done_with(self, channel: Channel, indexes: list[int]) -> Callable[[dict[int, Refusal], float], None]:
        """Return what is called when the part with these items is done."""

        def done(faults: dict[int, Refusal], now: float) -> None:
            self._result.errors += (_error(indexes[index], fault) for index, fault in faults.items())
            if channel.kind.last_counts:
                self._result.versions += ((index, channel.log.top) for index in indexes)
            self._left -= 1
            if not self._left:
                _reply(self._connection, self._request_id, self._result)

        return done


def _reply(connection: Connection, request_id: int, result: Published) -> None:
    result.errors.sort(key=lambda error: error.index)
    connection.reply(Reply(id=request_id, rpc=RpcResult(Raw(_encode(result)))))


def _error(index: int, refusal: Refusal) -> ItemError:
    return ItemError(index, refusal.error.code, str(refusal), refusal.error is codes.ARCHIVE_AWAY)
