"""Telling users that a message is for them: said in a direct chat of theirs, or with their name in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..protocol.chat import mentions_in
from ..protocol.names import users_of
from . import notices
from .channel import Channel
from .kinds import Chat

if TYPE_CHECKING:
    from .hub import Hub

# A message is for so many users at most; others read it, but are not told.
MAX_ADDRESSED = 10
# A chat tells the same user no more often than this.
NOTICE_INTERVAL_S = 1.0
MAX_REMEMBERED = 1_000


class ChatNotices:
    """What the chats of a hub tell users on channels of their own.

    A notice says where and by whom, not what: that is read where the right to it is checked.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # When a user was last told of a chat; those told latest are at the end.
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, channel: Channel, chat: Chat, now: float) -> None:
        """Tell the users that the chat's latest messages are for."""
        direct = users_of(channel.name)
        while chat.said:
            said = chat.said.popleft()
            addressed = _mentioned(channel, chat, said.text) if direct is None else direct
            for user in sorted(addressed - {said.author.user})[:MAX_ADDRESSED]:
                notice = {
                    "type": "mention" if direct is None else "direct",
                    "channel": channel.name,
                    "id": said.id,
                    "user": said.author.user,
                    "name": said.author.name,
                }
                self._tell(user, channel.name, notice, now)

    def _tell(self, user: str, channel: str, notice: dict[str, str], now: float) -> None:
        told = self._told.get((user, channel))
        if told is not None and 0 <= now - told < NOTICE_INTERVAL_S:
            return
        if notices.tell(self._hub, user, msgspec.json.encode(notice), now):
            self._told.pop((user, channel), None)
            self._told[(user, channel)] = now
            if len(self._told) > MAX_REMEMBERED:
                del self._told[next(iter(self._told))]


def _mentioned(channel: Channel, chat: Chat, text: str) -> frozenset[str]:
    """Return whom a text names that is here or has said something: nobody else hears of what is said."""
    if "@" not in text:
        return frozenset()
    here = {cursor.info.user for cursor in channel.cursors.values()}
    return frozenset(mentions_in(text)) & here.union(message.user for message in chat.messages)
