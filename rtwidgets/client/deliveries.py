"""Publishing with acknowledgement: done when the hub has published, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from ..errors import ChannelError
from .channel import Channel
from .entries import Entry, Several
from .outbox import Item, Receipt
from .publisher import Publisher, staged

ROOM_INTERVAL_S = 0.1


async def deliver(publisher: Publisher, publish: Callable[[], None]) -> None:
    """Publish what a function publishes, and return when the hub has acknowledged all of it.

    It waits for as long as the hub is away or slow; cancel it to give up.

    Args:
        publish: Calls channels; what it can't publish it raises, and then nothing of it was published.

    Raises:
        ReplyError: If the hub refuses a publication.
        HubError, ClosedError: If there will be no connection to the hub again.
    """
    with staged() as items:
        publish()
    receipts = [await _queued(publisher, item) for item in items]
    for receipt in receipts:
        await asyncio.wrap_future(receipt)


async def deliver_several(publisher: Publisher, channel: Channel, several: Several) -> None:
    """Publish entries to a channel as `deliver` does; those that it can't take are told to the source.

    Raises:
        Exception: What the source makes of an entry that the channel can't take.
    """
    entries = list(several.entries)
    while True:
        try:
            await deliver(publisher, partial(channel.publish_entries, entries))
            return
        except ChannelError:
            found = [(entry, _why(channel, entry)) for entry in entries]
            if all(why is None for _, why in found):  # each alone is good
                raise
            for entry, why in found:
                if why is not None:
                    several.refuse(entry, why)
            entries = [entry for entry, why in found if why is None]


async def _queued(publisher: Publisher, item: Item) -> Receipt:
    while True:
        receipt = publisher.offer(item)
        if receipt is not None:
            return receipt
        await asyncio.sleep(ROOM_INTERVAL_S)


def _why(channel: Channel, entry: Entry) -> ChannelError | None:
    """Return why the channel can't take an entry, None when it can."""
    try:
        with staged():
            channel.publish_entries((entry,))
    except ChannelError as error:
        return error
    return None
