"""Chats: messages of people, and of functions that answer them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, overload

import msgspec

from ..errors import ChannelError
from ..protocol.blank import is_blank
from ..protocol.chat import MAX_TEXT, PAGE, ChatMessage, Label, Page
from ..protocol.messages import Command, PresenceRequest, Publication
from ..protocol.names import direct_channel
from .answers import Answers
from .channel import Channel
from .chat_copy import ChatCopy, Message, message_of
from .link import RPC_TIMEOUT_S
from .listeners import Handle, Listeners
from .notices import Subscribed
from .turns import Turns

if TYPE_CHECKING:
    from .hub import Hub

# `history` waits so long for the hub to take what was said before.
OWN_TIMEOUT_S = 2.0

_page = msgspec.json.Decoder(Page)


class _ConnInfo(msgspec.Struct):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is subscribed to a chat, from however many places."""

    user: str
    name: str
    connections: int


class MessageDecorator(Protocol):
    """What ``chat.on_message(label=...)`` returns: put it on a function."""

    def __call__(self, fn: Callable[[Message], Any], /) -> Handle: ...


class Chat(Channel):
    """A conversation: `say` something, read `history`, see who is here, answer with `on_message`."""

    kind = "chat"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._copy = ChatCopy()
        self._lock = threading.Lock()
        # Something has come into the copy.
        self._come = threading.Condition(self._lock)
        self._last_said = ""
        self._on_message = Listeners(f"on_message of {name!r}", calls=Turns)
        self._answers = Answers(self)

    # say ----------------------------------------------------------------------------

    def say(self, text: str, *, reply_to: Message | str | None = None, label: str | None = None) -> str:
        """Say something; returns the message's id.

        A text that begins with a slash is a text like any other: commands are called with ``hub.call``. Who
        passes on what others wrote would else let them choose what is called with the caller's rights.

        Args:
            text: A small part of Markdown is shown as such; ``@user`` mentions a user.
            reply_to: The message that it answers, or its id.
            label: A name for a part of you that speaks, such as a bot; shown as "label (you)".

        Raises:
            ChannelError: If nothing of the text can be seen, it has more than 16,384 characters, or the label
                more than 40.
            BufferFullError: If too much waits for a hub that is away.
        """
        self._check_shown(str(text))
        return self._say(str(text), reply_to=reply_to, label=label)

    def edit(self, message: Message | str, text: str) -> None:
        """Replace the text of a message of yours.

        Args:
            message: The message, or its id.

        Raises:
            ChannelError: If somebody else wrote it, or the text is too long.
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        if isinstance(message, Message) and message.user != self.hub.user:
            raise ChannelError(
                f"{message.name} wrote that message of {self.name!r}: only its author may edit it"
            )
        self._check_shown(text)
        self._check_text(text)
        self._change({"type": "edit", "id": _id(message), "text": text})

    def delete(self, message: Message | str) -> None:
        """Delete a message of yours; owners of the chat may delete any.

        Raises:
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._change({"type": "delete", "id": _id(message)})

    def react(self, message: Message | str, emoji: str, *, on: bool = True) -> None:
        """React to a message with an emoji, or with ``on=False`` take that back.

        Raises:
            ChannelError: If the emoji is empty, shows nothing or has more than 16 characters.
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        if not 1 <= len(emoji) <= 16:
            raise ChannelError(
                f"a reaction has 1 to 16 characters, such as '👍'; {emoji[:40]!r} has {len(emoji)}"
            )
        if on and is_blank(emoji):
            raise ChannelError("a reaction needs something that can be seen, such as '👍'")
        self._change({"type": "reaction", "id": _id(message), "emoji": emoji, "on": on})

    def typing(self) -> None:
        """Show for some seconds that you are typing; call it again while you do."""
        self._check_open().tell("rtwidgets.typing", {"channel": self.name})

    def direct(self, user: str) -> Chat:
        """Return the chat that only you and another user can read: ``desk.direct("ann").say("for you")``.

        Args:
            user: The user as the hub knows them, such as ``message.user``; not their display name.

        Raises:
            ChannelNameError: If no channel can be named after the two of you.
        """
        return self.hub.chat(direct_channel(self.name, (self.hub.user, user)))

    # read ---------------------------------------------------------------------------

    def history(self, limit: int = 50) -> list[Message]:
        """Return the newest messages, oldest first; follows the chat from the first call on.

        What was said here before is among them, unless the hub does not take it within two seconds.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._wait()
        self._await_own()
        with self._lock:
            messages = [message_of(kept) for kept in self._copy.messages]
            more = self._copy.more
        while more and len(messages) < limit:
            page = self._older(messages[0].id if messages else None, limit - len(messages))
            messages[:0] = map(message_of, page.messages)
            more = page.more and bool(page.messages)
        return messages[max(0, len(messages) - limit) :]

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

    @overload
    def on_message(self, fn: Callable[[Message], Any], /, *, label: str | None = None) -> Handle: ...
    @overload
    def on_message(self, fn: None = None, /, *, label: str | None = None) -> MessageDecorator: ...
    def on_message(self, fn: Callable[[Message], Any] | None = None, /, *, label: str | None = None) -> Any:
        """Call a function with every new message; returns a handle that removes it. Use it as a decorator.

        The function may be sync or async: an async one answers several authors at once, each in order,
        another takes one message at a time. If it is a generator, of either kind, the texts it yields grow
        into one message in the chat. What it says itself does not call it again.

        Args:
            label: A name for what the generator says; see `say`.
        """
        self._check_label(label)

        def add(function: Callable[[Message], Any]) -> Handle:
            self._follow()
            return self._on_message.add(self._answers.handler(function, label))

        return add if fn is None else add(fn)

    def publish(self, data: object) -> None:
        """Say something; the same as `say`."""
        self.say(str(data))

    # in the portal's loop -----------------------------------------------------------

    def on_publication(self, publication: Publication) -> None:
        """Apply it to the copy and pass complete messages on."""
        with self._come:
            message = self._copy.apply(publication)
            self._come.notify_all()
        if message is not None:
            self._fire(message)

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if notice.recovered:
            return
        with self._come:
            self._come.notify_all()
            messages = self._copy.reset(_page.decode(bytes(notice.snapshot) or b"{}"))
        if notice.again:
            for message in messages:
                self._fire(message)

    def _fire(self, message: ChatMessage) -> None:
        if not self._answers.is_ours(message.id) and self._on_message:
            self._on_message.fire(message_of(message))

    # inside -------------------------------------------------------------------------

    def _await_own(self) -> None:
        """Wait until what was said here has come back, or will not."""
        said, publisher = self._last_said, self._check_open().publisher
        if not said:
            return
        ends = time.monotonic() + OWN_TIMEOUT_S
        while publisher.waits(self.name) and time.monotonic() < ends:
            publisher.flush(0.05)
        with self._come:
            # What is acknowledged is on its way; what was refused is not.
            self._come.wait_for(
                lambda: said in self._copy.messages, min(0.5, max(0.0, ends - time.monotonic()))
            )
        self._last_said = ""

    def _older(self, before: str | None, limit: int) -> Page:
        data = {"channel": self.name, "before": before, "limit": min(limit, PAGE)}
        return _page.decode(self._check_open().rpc("rtwidgets.messages", data))

    def _say(
        self,
        text: str,
        *,
        reply_to: Message | str | None = None,
        label: str | None = None,
        still_open: bool = False,
    ) -> str:
        self._check_text(text)
        self._check_label(label)
        message_id = uuid.uuid4().hex
        form: dict[str, object] = {"type": "message", "id": message_id, "text": text}
        if still_open:
            form["open"] = True
        if reply_to is not None:
            form["reply_to"] = _id(reply_to)
        if label is not None:
            form["label"] = label
        self._answers.said(message_id)
        self._send(form)
        self._last_said = message_id
        return message_id

    def _append(self, message_id: str, text: str) -> None:
        self._send({"type": "append", "id": message_id, "text": text})

    def _finish(self, message_id: str, *, interrupted: bool = False) -> None:
        form: dict[str, object] = {"type": "append", "id": message_id, "done": True}
        self._send(form | ({"interrupted": True} if interrupted else {}))

    def _is_deleted(self, message_id: str) -> bool:
        with self._lock:
            return message_id in self._copy.messages and self._copy.messages.find(message_id) is None

    def _check_shown(self, text: str) -> None:
        if is_blank(text):
            raise ChannelError(f"a message for {self.name!r} needs a text that can be seen")

    def _check_text(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise ChannelError(
                f"a text for {self.name!r} has {len(text):,} characters, a message takes {MAX_TEXT:,}: "
                "shorten it or say it in parts"
            )

    def _check_label(self, label: str | None) -> None:
        try:
            msgspec.convert(label, Label | None)
        except msgspec.ValidationError:
            raise ChannelError(
                f"a label has 1 to 40 characters, such as 'Prices'; {str(label)[:60]!r} can't be one"
            ) from None

    def _send(self, form: dict[str, object]) -> None:
        self._check_open().publisher.put_whole(self.name, msgspec.json.encode(form))

    def _change(self, form: dict[str, object]) -> None:
        """Send what the hub may refuse although the chat is open to us; who asked for it hears of that."""
        publisher = self._check_open().publisher
        publisher.put_and_wait(self.name, msgspec.json.encode(form), RPC_TIMEOUT_S)

    def _clear(self) -> None:
        self._on_message.clear()


def _id(message: Message | str) -> str:
    return message.id if isinstance(message, Message) else message


def _name_of(conn_info: bytes) -> str:
    try:
        return msgspec.json.decode(conn_info, type=_ConnInfo).name if conn_info else ""
    except msgspec.DecodeError:
        return ""
