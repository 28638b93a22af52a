"""The messages of a chat as the forms published so far have left them.

The hub's kind and the client's copy both fold with this, so that they agree. The page's copy is
js/src/feeds/chat.ts; tests/golden/chat.json holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..protocol.chat import ChatMessage, CommandNote, Page

_encode = msgspec.json.Encoder().encode


class Conversation:
    """Messages by id, in the order they were said.

    Every change names a message that is there; `find` says whether it is.
    """

    def __init__(self) -> None:
        # None stands for a message that was deleted: it keeps its place and its id is not used again.
        self._all: dict[str, ChatMessage | None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, message_id: object) -> bool:
        """Say whether a message of this id was said, deleted or not."""
        return message_id in self._all

    def __iter__(self) -> Iterator[ChatMessage]:
        return (message for message in self._all.values() if message is not None)

    def __reversed__(self) -> Iterator[ChatMessage]:
        return (message for message in reversed(self._all.values()) if message is not None)

    def find(self, message_id: str) -> ChatMessage | None:
        """Return a message that was not deleted."""
        return self._all.get(message_id)

    def add(self, message: ChatMessage) -> None:
        """Take a message behind all others; one of an id that was used is not taken."""
        self._all.setdefault(message.id, message)

    def append(self, message: ChatMessage, text: str, done: bool, interrupted: bool, client: str) -> None:
        """Let an open message grow; `client` is the connection that says so."""
        message.text += text
        message.open = not done
        message.writer = "" if done else client
        message.interrupted = done and interrupted

    def edit(self, message: ChatMessage, text: str, command: CommandNote | None) -> None:
        """Replace the text. What became of a command is no edit."""
        message.text, message.open, message.writer, message.interrupted = text, False, "", False
        if command is None:
            message.edited = True
        else:
            message.command = command

    def delete(self, message: ChatMessage) -> None:
        """Forget what a message said."""
        self._all[message.id] = None

    def react(self, message: ChatMessage, emoji: str, user: str, on: bool) -> None:
        """Add a user to a reaction, or take one away. Who is there already keeps the place."""
        users = message.reactions.get(emoji, [])
        if on == (user in users):
            return
        users = [*users, user] if on else [other for other in users if other != user]
        message.reactions = {**message.reactions, emoji: users}
        if not users:
            del message.reactions[emoji]

    def forget_oldest(self) -> tuple[str, ChatMessage | None]:
        """Forget the oldest message; return its id, and the message unless it was deleted."""
        message_id = next(iter(self._all))
        return message_id, self._all.pop(message_id)

    def put(self, message: ChatMessage) -> None:
        """Take a message as it is: in its place where it is known, else behind all others."""
        self._all[message.id] = message

    def restore(self, message_id: str, message: ChatMessage | None) -> None:
        """Put a message back as it was, None for one that was not there; one that is forgotten stays so."""
        if message_id not in self._all:
            return
        if message is None:
            del self._all[message_id]
        else:
            self._all[message_id] = message

    def page(self, before: str | None, limit: int, max_bytes: int) -> Page | None:
        """Return the newest messages, or those before one; None when that one is not known here.

        Args:
            before: Id of a message, which may have been deleted; None for the end.
            limit: How many at most.
            max_bytes: How large they may be as JSON, but at least one message.
        """
        if before is not None and before not in self._all:
            return None
        ids = list(self._all)
        end = len(ids) if before is None else ids.index(before)
        found: list[ChatMessage] = []
        for message_id in reversed(ids[:end]):
            message = self._all[message_id]
            if message is None:
                continue
            max_bytes -= len(_encode(message))
            if len(found) == limit or (found and max_bytes < 0):
                return Page(found[::-1], more=True)
            found.append(message)
        return Page(found[::-1])
