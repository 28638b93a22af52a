"""What functions answer in a chat: texts that grow into one message, and no answers to their own."""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chat_copy import Message
    from .chats import Chat

# The chats whose handlers are at work in this context: what they say must not call them again.
_answering: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("answering", default=frozenset())


class Answers:
    """The messages that handlers of one chat say."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._ours: set[str] = set()

    def said(self, message_id: str) -> None:
        """Note a message before it is sent: one of a handler at work calls none."""
        if self._chat.name in _answering.get():
            self._ours.add(message_id)

    def is_ours(self, message_id: str) -> bool:
        """Say, once, whether a handler said this message."""
        ours = message_id in self._ours
        self._ours.discard(message_id)
        return ours

    def handler(self, fn: Callable[[Message], Any], label: str | None) -> Callable[[Message], Any]:
        """Return what calls a function with a message and passes on what it yields."""

        def handle(message: Message) -> Any:
            _answering.set(_answering.get() | {self._chat.name})  # in the context of this one call
            if inspect.isasyncgenfunction(fn):
                return self._stream_async(fn(message), label)
            if inspect.isgeneratorfunction(fn):
                return self._stream(fn(message), label)
            return fn(message)

        return handle

    def _stream(self, texts: Iterator[object], label: str | None) -> None:
        message_id = None
        try:
            for text in texts:
                message_id = self._grow(message_id, str(text), label)
        finally:
            self._finish(message_id)

    async def _stream_async(self, texts: AsyncIterator[object], label: str | None) -> None:
        message_id = None
        try:
            async for text in texts:
                message_id = self._grow(message_id, str(text), label)
        finally:
            self._finish(message_id)

    def _grow(self, message_id: str | None, text: str, label: str | None) -> str:
        if message_id is None:
            return self._chat._say(text, label=label, still_open=True)
        self._chat._append(message_id, text)
        return message_id

    def _finish(self, message_id: str | None) -> None:
        if message_id is not None:
            self._chat._append(message_id, "", done=True)
