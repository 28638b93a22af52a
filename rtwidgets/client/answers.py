"""What functions answer in a chat: texts that grow into one message, and no answers to their own."""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..protocol.chat import MAX_TEXT

if TYPE_CHECKING:
    from .chat_copy import Message
    from .chats import Chat

# What grows a message at once: of few enough bytes whatever its characters are.
MAX_PIECE = MAX_TEXT // 2
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
        """Return what calls a function with a message and passes on what it yields; async if that is."""
        if inspect.isasyncgenfunction(fn) or inspect.iscoroutinefunction(fn):

            async def handle_async(message: Message) -> None:
                self._enter()
                if inspect.isasyncgenfunction(fn):
                    await self._stream_async(fn(message), label)
                else:
                    await fn(message)

            return handle_async

        def handle(message: Message) -> Any:
            self._enter()
            if inspect.isgeneratorfunction(fn):
                return self._stream(fn(message), label)
            return fn(message)

        return handle

    def _enter(self) -> None:
        _answering.set(_answering.get() | {self._chat.name})  # in the context of this one call

    def _stream(self, texts: Generator[object, None, None], label: str | None) -> None:
        with Answer(self._chat, label) as answer, closing(texts):
            for text in texts:
                if answer.is_deleted:
                    break
                answer.say(str(text))

    async def _stream_async(self, texts: AsyncGenerator[object, None], label: str | None) -> None:
        with Answer(self._chat, label) as answer:
            async with aclosing(texts):
                async for text in texts:
                    if answer.is_deleted:
                        break
                    answer.say(str(text))


class Answer:
    """What one run of a generator says: a message that grows, and a further one where that is full.

    It is a context: left by an exception, the message is marked as interrupted.
    """

    def __init__(self, chat: Chat, label: str | None) -> None:
        self._chat = chat
        self._label = label
        self._id = ""
        self._length = 0

    @property
    def is_deleted(self) -> bool:
        """Whether the message was deleted while it grew."""
        return bool(self._id) and self._chat._is_deleted(self._id)

    def say(self, text: str) -> None:
        """Let the message grow."""
        for start in range(0, max(1, len(text)), MAX_PIECE):
            self._grow(text[start : start + MAX_PIECE])

    def _grow(self, piece: str) -> None:
        full = self._id
        self._length += len(piece)
        if full and self._length <= MAX_TEXT:
            self._chat._append(full, piece)
            return
        self._id = self._chat._say(piece, label=self._label, still_open=True)
        self._length = len(piece)
        if full:
            self._chat._finish(full)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._id and not self.is_deleted:
            self._chat._finish(self._id, interrupted=kind is not None)
