"""A copy of a chat's messages, kept up to date from its snapshot and publications. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ..core.conversation import Conversation
from ..protocol.chat import ChatMessage, CommandNote, Page, mentions_in
from ..protocol.messages import Publication

MAX_MESSAGES = 1_000


class _Form(msgspec.Struct):
    """Any form that is published; what a newer hub adds is left out."""

    type: str
    id: str = ""
    text: str = ""
    open: bool = False
    done: bool = False
    interrupted: bool = False
    emoji: str = ""
    on: bool = True
    reply_to: str | None = None
    label: str | None = None
    command: CommandNote | None = None


class _ConnInfo(msgspec.Struct):
    name: str = ""


_form = msgspec.json.Decoder(_Form)


@dataclass(slots=True)
class Message:
    """One message of a chat.

    Args:
        time: Seconds since the Unix epoch, by the hub's clock.
        user: Who wrote it, as the hub knows them.
        name: Their display name.
        open: Whether it is still being written.
        interrupted: Whether its author ended it before it was complete, as a function that raised.
        reactions: Users by emoji.
        reply_to: Id of the message that it answers.
        label: What the author calls a part of theirs, such as a bot: their word.
        command: What the author says came of a command that they called: their word.
    """

    id: str
    text: str
    user: str
    name: str
    time: float
    edited: bool = False
    open: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    reply_to: str | None = None
    label: str | None = None
    command: CommandNote | None = None
    interrupted: bool = False

    @property
    def mentions(self) -> list[str]:
        """The users that the text names as ``@user``."""
        return mentions_in(self.text)


def message_of(kept: ChatMessage) -> Message:
    """Return a message of its own, which later changes leave alone."""
    return Message(
        kept.id,
        kept.text,
        kept.user,
        kept.name or kept.user,
        kept.time / 1000,
        kept.edited,
        kept.open,
        {emoji: list(users) for emoji, users in kept.reactions.items()},
        kept.reply_to,
        kept.label,
        kept.command,
        kept.interrupted,
    )


class ChatCopy:
    """The newest messages, oldest first, and whether the hub has older ones."""

    def __init__(self) -> None:
        self.messages = Conversation()
        self.more = False
        # Ids that somebody has used again whose first message the hub has let go of: what comes is about
        # another one.
        self._taken: set[str] = set()

    def reset(self, snapshot: Page) -> list[ChatMessage]:
        """Take a snapshot as the end of the chat; return messages that are new and complete."""
        before, self.messages = self.messages, Conversation()
        self._taken.clear()
        self.more = snapshot.more
        new = []
        for message in snapshot.messages:
            self.messages.add(message)
            known = before.find(message.id)
            if not message.open and (message.id not in before or (known is not None and known.open)):
                new.append(message)
        return new

    def apply(self, publication: Publication) -> ChatMessage | None:
        """Take a publication; return the message that it made complete, if it did."""
        form = _form.decode(publication.data)
        info = publication.info
        user, client = (info.user, info.client) if info is not None else ("", "")
        if form.type == "message":
            return self._add(form, user, client, publication)
        known = self.messages.find(form.id)
        if known is None or form.id in self._taken:
            return None
        was_open = known.open
        match form.type:
            case "append":
                self.messages.append(known, form.text, form.done, form.interrupted, client)
            case "edit":
                self.messages.edit(known, form.text, form.command)
            case "delete":
                self.messages.delete(known)
                return None
            case "reaction":
                self.messages.react(known, form.emoji, user, form.on)
            case _:
                pass
        return known if was_open and not known.open else None

    def _add(self, form: _Form, user: str, client: str, publication: Publication) -> ChatMessage | None:
        if form.id in self.messages:
            known = self.messages.find(form.id)
            if known is not None and known.user != user:
                self._taken.add(form.id)
            return None
        message = ChatMessage(
            form.id,
            form.text,
            user,
            _display_name(publication) or user,
            publication.time,
            open=form.open,
            writer=client if form.open else "",
            reply_to=form.reply_to,
            label=form.label,
            command=form.command,
        )
        self.messages.add(message)
        if len(self.messages) > MAX_MESSAGES:
            forgotten, _ = self.messages.forget_oldest()
            self._taken.discard(forgotten)
            self.more = True
        return None if form.open else message


def _display_name(publication: Publication) -> str:
    info = publication.info
    if info is None or not bytes(info.conn_info):
        return ""
    try:
        return msgspec.json.decode(info.conn_info, type=_ConnInfo).name
    except msgspec.DecodeError:
        return ""  # an application's own form of info
