"""A copy of a chat's messages, kept up to date from its snapshot and publications. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ..protocol.messages import Publication

MAX_MESSAGES = 1_000


class _Kept(msgspec.Struct):
    """A message in a snapshot."""

    id: str
    text: str = ""
    user: str = ""
    name: str = ""
    time: int = 0
    edited: bool = False
    open: bool = False
    reactions: dict[str, list[str]] = {}


class Snapshot(msgspec.Struct):
    """``data`` of a chat's subscribe reply."""

    messages: list[_Kept] = []


class _Form(msgspec.Struct):
    type: str
    id: str
    text: str = ""
    open: bool = False
    done: bool = False
    emoji: str = ""
    on: bool = True


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
        reactions: Users by emoji.
    """

    id: str
    text: str
    user: str
    name: str
    time: float
    edited: bool = False
    open: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)


class ChatCopy:
    """The newest messages by id, oldest first."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}

    def reset(self, snapshot: Snapshot) -> list[Message]:
        """Take a snapshot as the whole chat; return messages that are new and complete."""
        before = self.messages
        self.messages = {
            kept.id: Message(
                kept.id,
                kept.text,
                kept.user,
                kept.name or kept.user,
                kept.time / 1000,
                kept.edited,
                kept.open,
                kept.reactions,
            )
            for kept in snapshot.messages
        }
        return [
            message
            for message in self.messages.values()
            if not message.open and (message.id not in before or before[message.id].open)
        ]

    def apply(self, publication: Publication) -> Message | None:
        """Take a publication; return the message that it made complete, if it did."""
        form = _form.decode(publication.data)
        info = publication.info
        user = info.user if info is not None else ""
        if form.type == "message":
            message = Message(
                form.id, form.text, user, _display_name(publication) or user, publication.time / 1000
            )
            message.open = form.open
            self.messages[form.id] = message
            if len(self.messages) > MAX_MESSAGES:
                del self.messages[next(iter(self.messages))]
            return None if form.open else message
        known = self.messages.get(form.id)
        if known is None:
            return None
        was_open = known.open
        match form.type:
            case "append":
                known.text += form.text
                known.open = not form.done
            case "edit":
                known.text, known.edited, known.open = form.text, True, False
            case "delete":
                del self.messages[form.id]
                return None
            case "reaction":
                users = [other for other in known.reactions.get(form.emoji, []) if other != user]
                known.reactions[form.emoji] = [*users, user] if form.on else users
                if not known.reactions[form.emoji]:
                    del known.reactions[form.emoji]
            case _:
                pass
        return known if was_open and not known.open else None


def _display_name(publication: Publication) -> str:
    info = publication.info
    if info is None or not bytes(info.conn_info):
        return ""
    try:
        return msgspec.json.decode(info.conn_info, type=_ConnInfo).name
    except msgspec.DecodeError:
        return ""  # an application's own form of info
