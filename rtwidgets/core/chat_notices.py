"""Telling users that a message is for them: said in a direct chat of theirs, or with their name in it."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from ..protocol.chat import mentions_in
from ..protocol.names import users_of
from .channel import Channel
from .kinds import Chat
from .notices import Notice
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection

# A message is for so many users at most; others read it, but are not told.
MAX_ADDRESSED = 5


class _Said(Struct):
    type: str
    text: str = ""


_said = msgspec.json.Decoder(_Said)


def tell_addressed(
    sender: Connection,
    channel: Channel,
    chat: Chat,
    items: list[bytes],
    faults: Container[int],
    now: float,
) -> None:
    """Tell the users that messages are for.

    A notice says where and by whom, not what: that is read where the right to it is checked. Who sends many
    messages at once tells of some of them only; see `Notices.send`.

    Args:
        items: Forms of the chat, of which those with the indexes in `faults` were not accepted.
    """
    direct = users_of(channel.name)
    notice = _notice(channel.name, is_direct=direct is not None)
    for index, item in enumerate(items):
        if index in faults or (direct is None and b"@" not in item):
            continue
        said = _said.decode(item)
        if said.type != "message":
            continue
        addressed, is_paid = direct, False
        if addressed is None:
            named = frozenset(mentions_in(said.text)) - {sender.info.user}
            if not named:
                continue
            try:  # to look who of them is here is work, also when it is nobody
                sender.hub.notices.take(sender.info.user, now)
            except Refusal:
                return
            addressed, is_paid = _here(named, channel, chat), True
        for user in sorted(addressed - {sender.info.user})[:MAX_ADDRESSED]:
            try:
                sender.hub.notices.send(sender, user, notice, now, is_paid=is_paid)
            except Refusal:
                break
            is_paid = False


def _notice(channel: str, *, is_direct: bool) -> Notice:
    if is_direct:
        return Notice("wrote to you", type="direct", channel=channel)
    return Notice(f"mentioned you in {channel.partition(':')[2]}", type="mention", channel=channel)


def _here(named: frozenset[str], channel: Channel, chat: Chat) -> frozenset[str]:
    """Return those who are here or have said something: nobody else hears of what is said."""
    members = (info.user for info in channel.members())
    return named.intersection(chain(members, (message.user for message in chat.messages)))
