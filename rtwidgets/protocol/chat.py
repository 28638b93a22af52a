"""The chat kind on the wire: what is published, and a message as a late joiner gets it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

MAX_TEXT = 16_384
# A snapshot and an answer to `rtwidgets.messages` have so many messages at most.
PAGE = 100

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]
Emoji: TypeAlias = Annotated[str, Meta(min_length=1, max_length=16)]

# A mention is a user's name behind an @ that begins a word. All characters are spelled out: JavaScript's
# idea of white space is not quite Python's.
_SPACE = " \t\n\r\u00a0"
_BEFORE = re.escape(_SPACE + "([{\"'*_>")
_STOPS = re.escape(_SPACE + ",;:!?()[]{}\"'<>`*")
_MENTION = re.compile(f"(?:^|(?<=[{_BEFORE}]))@([^@{_STOPS}][^{_STOPS}]{{0,63}})")


class CommandNote(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What the author says came of a command that they called: their word, not the hub's.

    Args:
        name: The command's.
        fraction: How much of it is done, from 0 to 1; None where nobody knows.
        key: The call's key: with its caller it finds the call in the hub's own table.
    """

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    state: Literal["running", "done", "failed", "cancelled", "unknown"]
    fraction: Annotated[float, Meta(ge=0, le=1)] | None = None
    key: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class _Form(Struct, tag_field="type", forbid_unknown_fields=True):
    id: Id


class Say(_Form, tag="message"):
    """A new message; one with `open` is still being written.

    Args:
        reply_to: Id of the message that it answers.
        label: What the author calls a part of theirs, such as a bot.
    """

    text: str
    open: bool = False
    reply_to: Id | None = None
    label: Label | None = None
    command: CommandNote | None = None


class Append(_Form, tag="append"):
    """More text of an open message; with `interrupted`, it is done before it is complete."""

    text: str = ""
    done: bool = False
    interrupted: bool = False


class Edit(_Form, tag="edit"):
    """Another text; with `command`, what became of a message's command."""

    text: str
    command: CommandNote | None = None


class Delete(_Form, tag="delete"):
    """The message is gone."""


class Reaction(_Form, tag="reaction"):
    """The author reacts to a message, or does no more."""

    emoji: Emoji
    on: bool = True


Form: TypeAlias = Say | Append | Edit | Delete | Reaction


class ChatMessage(Struct, omit_defaults=True):
    """A message as the forms published so far have left it.

    Args:
        time: Milliseconds since the Unix epoch.
        writer: While it is open, the connection that wrote last of it.
        interrupted: Its author ended it before it was complete.
        reactions: Users by emoji.
    """

    id: str
    text: str = ""
    user: str = ""
    name: str = ""
    time: int = 0
    edited: bool = False
    open: bool = False
    writer: str = ""
    interrupted: bool = False
    reply_to: str | None = None
    label: str | None = None
    command: CommandNote | None = None
    reactions: dict[str, list[str]] = {}


class Page(Struct):
    """Messages that follow each other, oldest first.

    Args:
        more: Whether there are older ones.
    """

    messages: list[ChatMessage] = []
    more: bool = False


def mentions_in(text: str) -> list[str]:
    """Return the users that a text names as ``@user``, each once."""
    return list(dict.fromkeys(name for found in _MENTION.findall(text) if (name := found.rstrip("."))))
