"""Chats: messages of people, and of functions that answer them."""

from __future__ import annotations

import contextvars
import inspect
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.kinds.chat import MAX_TEXT
from ..errors import ChannelError
from ..protocol.messages import Command, PresenceRequest, Publication
from .channel import Channel
from .chat_copy import ChatCopy, Message, Snapshot
from .listeners import Handle, Listeners
from .notices import Subscribed

if TYPE_CHECKING:
    from .hub import Hub

_snapshot = msgspec.json.Decoder(Snapshot)
# The chats whose handlers are at work in this context: what they say must not call them again.
_answering: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("answering", default=frozenset())


class _ConnInfo(msgspec.Struct):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is subscribed to a chat, from however many places."""

    user: str
    name: str
    connections: int


class Chat(Channel):
    """A conversation: `say` something, read `history`, see who is here, answer with `on_message`."""

    kind = "chat"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._copy = ChatCopy()
        self._lock = threading.Lock()
        self._on_message = Listeners(f"on_message of {name!r}")
        self._answers: set[str] = set()  # ids of messages that handlers of this process said

    def say(self, text: str) -> str:
        """Say something; returns the message's id.

        Raises:
            ChannelError: If the text is longer than 16,384 characters.
            BufferFullError: If too much waits for a hub that is away.
        """
        return self._open_message(str(text), still_open=False)

    def history(self, limit: int = 50) -> list[Message]:
        """Return the newest messages, oldest first; follows the chat from the first call on.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._wait()
        with self._lock:
            messages = list(self._copy.messages.values())
            return deepcopy(messages[max(0, len(messages) - limit) :])

    def members(self) -> list[Member]:
        """Return who is subscribed to the chat now.

        Raises:
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        reply = self._request(Command(presence=PresenceRequest(channel=self.name)))
        members: dict[str, Member] = {}
        for info in reply.presence.presence.values() if reply.presence is not None else ():
            known = members.get(info.user)
            name = known.name if known is not None else _name_of(bytes(info.conn_info)) or info.user
            members[info.user] = Member(info.user, name, known.connections + 1 if known is not None else 1)
        return sorted(members.values(), key=lambda member: member.name)

    def on_message(self, fn: Callable[[Message], Any]) -> Handle:
        """Call a function with every new message; returns a handle that removes it.

        The function may be sync or async. If it is a generator, of either kind, the texts it yields grow into
        one message in the chat. What it says itself does not call it again.
        """
        self._follow()

        def handle(message: Message) -> Any:
            _answering.set(_answering.get() | {self.name})  # in the context of this one call
            if inspect.isasyncgenfunction(fn):
                return self._stream_async(fn(message))
            if inspect.isgeneratorfunction(fn):
                return self._stream(fn(message))
            return fn(message)

        return self._on_message.add(handle)

    def publish(self, data: object) -> None:
        """Say something; the same as `say`."""
        self.say(str(data))

    def on_publication(self, publication: Publication) -> None:
        """Apply it to the copy and pass complete messages on."""
        with self._lock:
            message = self._copy.apply(publication)
        if message is not None:
            self._fire(message)

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if notice.recovered:
            return
        with self._lock:
            messages = self._copy.reset(_snapshot.decode(bytes(notice.snapshot) or b"{}"))
        if notice.again:
            for message in messages:
                self._fire(message)

    def _fire(self, message: Message) -> None:
        if message.id in self._answers:
            self._answers.discard(message.id)
        elif self._on_message:
            self._on_message.fire(deepcopy(message))

    def _stream(self, texts: Iterator[object]) -> None:
        message_id = None
        try:
            for text in texts:
                message_id = self._grow(message_id, str(text))
        finally:
            self._finish(message_id)

    async def _stream_async(self, texts: AsyncIterator[object]) -> None:
        message_id = None
        try:
            async for text in texts:
                message_id = self._grow(message_id, str(text))
        finally:
            self._finish(message_id)

    def _grow(self, message_id: str | None, text: str) -> str:
        if message_id is None:
            return self._open_message(text, still_open=True)
        self._check_text(text)
        self._send({"type": "append", "id": message_id, "text": text})
        return message_id

    def _finish(self, message_id: str | None) -> None:
        if message_id is not None:
            self._send({"type": "append", "id": message_id, "text": "", "done": True})

    def _open_message(self, text: str, *, still_open: bool) -> str:
        self._check_text(text)
        message_id = uuid.uuid4().hex
        form: dict[str, object] = {"type": "message", "id": message_id, "text": text}
        if still_open:
            form["open"] = True
        if self.name in _answering.get():
            self._answers.add(message_id)
        self._send(form)
        return message_id

    def _check_text(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise ChannelError(
                f"a text for {self.name!r} has {len(text):,} characters, a message takes {MAX_TEXT:,}: "
                "shorten it or say it in parts"
            )

    def _send(self, form: dict[str, object]) -> None:
        self._check_open().publisher.put_whole(self.name, msgspec.json.encode(form))

    def _clear(self) -> None:
        self._on_message.clear()


def _name_of(conn_info: bytes) -> str:
    try:
        return msgspec.json.decode(conn_info, type=_ConnInfo).name if conn_info else ""
    except msgspec.DecodeError:
        return ""
