"""What a late joiner gets of some channels: read at one moment, over a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from ..errors import ChannelError, ReplyTimeoutError
from ..protocol.codec import decode_replies, encode
from ..protocol.messages import Command, ConnectRequest, Push, Reply, SubscribeRequest, UnsubscribeRequest
from .gathering import Gathering
from .link import RPC_TIMEOUT_S
from .replies import error_of
from .sockets import Socket

if TYPE_CHECKING:
    from .hub import Hub

log = logging.getLogger("rtwidgets")

# Events give theirs only to who asks for it.
_ASK = Raw(b'{"rtwidgets":{"snapshot":true}}')
# A connection may have 128 subscriptions.
CHANNELS_AT_A_TIME = 100


def read_snapshots(hub: Hub, channels: Iterable[str]) -> dict[str, Any]:
    """Return what the hub tells of each channel to who subscribes to it now.

    It is the reply's ``data``, with all that is still to come then: ``rows`` of a table, ``batches`` of a
    stream, ``publications`` of an event channel.

    What the hub object follows itself is not touched. A channel that the hub refuses, and a publication that
    can't be read, is left out, and the log says why.

    Raises:
        HubUnreachableError: If the hub does not answer.
        ReplyTimeoutError: If not all of them came in time.
        ReplyError: If the hub does not let us in.
    """
    names = list(dict.fromkeys(channels))
    if not names:
        return {}
    return hub.portal.call(_read(hub, names))


async def _read(hub: Hub, names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    socket = await hub.open_pipe()
    try:
        async with asyncio.timeout(RPC_TIMEOUT_S):
            connect = ConnectRequest(token=hub._endpoint().token, name="rtwidgets")
            await _send(socket, [Command(id=1, connect=connect)])
            for start in range(0, len(names), CHANNELS_AT_A_TIME):
                await _read_some(socket, dict(list(enumerate(names, 2))[start:][:CHANNELS_AT_A_TIME]), found)
    except TimeoutError:
        raise ReplyTimeoutError(
            f"{len(names)} channels did not come in {RPC_TIMEOUT_S:g} s: the hub is {hub.state}"
        ) from None
    finally:
        await socket.close()
    return found


async def _read_some(socket: Socket, names: dict[int, str], found: dict[str, Any]) -> None:
    """Subscribe to channels, by the ids of the requests, and unsubscribe when the state of all has come."""
    subscribes = {id: SubscribeRequest(channel=name, data=_ASK) for id, name in names.items()}
    await _send(socket, [Command(id=id, subscribe=request) for id, request in subscribes.items()])
    waiting, coming = dict(names), dict[str, Gathering]()
    while waiting or not all(gathering.is_whole for gathering in coming.values()):
        for reply in decode_replies(await socket.recv()):
            if reply.id == 1 and reply.error is not None:
                raise error_of(reply.error)
            name = waiting.pop(reply.id, None)
            if name is not None:
                _begin(coming, name, reply)
            elif reply.push is not None and reply.push.channel in coming:
                _go_on(coming, reply.push)
    found.update((name, gathering.state) for name, gathering in coming.items())
    unsubscribes = [UnsubscribeRequest(channel=name) for name in coming]
    await _send(
        socket, [Command(id=id, unsubscribe=request) for id, request in enumerate(unsubscribes, 10_000)]
    )


async def _send(socket: Socket, commands: list[Command]) -> None:
    if commands:
        await socket.send("\n".join(encode(command).decode() for command in commands))


def _begin(coming: dict[str, Gathering], name: str, reply: Reply) -> None:
    if reply.subscribe is None:
        log.warning("channel %r is left out: %s", name, reply.error.message if reply.error else "no result")
        return
    try:
        coming[name] = Gathering(name, reply.subscribe)
    except ChannelError as error:
        log.warning("channel %r is left out: %s", name, error)


def _go_on(coming: dict[str, Gathering], push: Push) -> None:
    if push.pub is not None:
        try:
            coming[push.channel].take(push.pub)
        except ChannelError as error:
            log.warning("%s; it is left out", error)
    elif push.unsubscribe is not None:
        log.warning("channel %r is left out: %s", push.channel, push.unsubscribe.reason)
        del coming[push.channel]
