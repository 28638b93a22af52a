"""Chats: messages by id, with appends, edits, reactions and deletions."""

from __future__ import annotations

from copy import copy
from typing import TypeAlias

import msgspec
from msgspec import Struct

from ..batch import Changes, Item
from .base import Author, DataError

MAX_MESSAGES = 1_000
MAX_TEXT = 16_384
MAX_REACTIONS = 20


class ChatMessage(Struct, omit_defaults=True):
    """A message as a late joiner gets it."""

    id: str
    text: str
    user: str
    name: str
    time: int
    edited: bool = False
    open: bool = False
    reactions: dict[str, list[str]] = {}


class _Form(Struct, tag_field="type", forbid_unknown_fields=True):
    id: str


class Say(_Form, tag="message"):
    text: str
    open: bool = False


class Append(_Form, tag="append"):
    text: str = ""
    done: bool = False


class Edit(_Form, tag="edit"):
    text: str


class Delete(_Form, tag="delete"):
    pass


class Reaction(_Form, tag="reaction"):
    emoji: str
    on: bool = True


Form: TypeAlias = Say | Append | Edit | Delete | Reaction
_decoder: msgspec.json.Decoder[Form] = msgspec.json.Decoder(Form)
_messages = msgspec.json.Decoder(ChatMessage)
_encode = msgspec.json.Encoder().encode


class Chat:
    """A conversation. Late joiners get the kept messages as they stand now."""

    stamps_author = True
    last_counts = False
    merges = False

    def __init__(self) -> None:
        self._messages: dict[str, ChatMessage] = {}
        # Offsets of the publications that said them.
        self._ranks: dict[str, int] = {}
        # With an archive: the messages that have changed since the last commit, as they were then.
        self._before: dict[str, ChatMessage | None] | None = None

    @property
    def keeps_state(self) -> bool:
        return bool(self._messages)

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        try:
            form = _decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise DataError(f"a chat takes a message, append, edit, delete or reaction: {error}") from None
        if not 1 <= len(form.id) <= 64:
            raise DataError("the message id must have 1 to 64 characters")
        match form:
            case Say():
                return self._say(form, data, offset, time_ms, author)
            case Append():
                message = self._own(form.id, author)
                self._check_text(message.text + form.text)
                self._note(form.id)
                message.text += form.text
                message.open = not form.done
            case Edit():
                message = self._own(form.id, author)
                self._check_text(form.text)
                self._note(form.id)
                message.text, message.edited, message.open = form.text, True, False
            case Delete():
                self._own(form.id, author)
                self._note(form.id)
                del self._messages[form.id]
            case Reaction():
                self._react(form, author)
        return data

    def snapshot(self, now: float) -> bytes:
        return _encode({"kind": "chat", "messages": list(self._messages.values())})

    def merged(self, after: int) -> None:
        return None

    def journal(self) -> None:
        self._before = {}

    def changes(self) -> Changes:
        return {
            message_id.encode(): None
            if (message := self._messages.get(message_id)) is None
            else Item(self._ranks[message_id], _encode(message))
            for message_id in self._before or ()
        }

    def settle(self) -> None:
        self._before = {}

    def undo(self, top: int) -> None:
        for message_id, message in (self._before or {}).items():
            if message is None:
                self._messages.pop(message_id, None)
                self._ranks.pop(message_id, None)
            else:
                self._messages[message_id] = message
        self._messages = {
            message_id: self._messages[message_id]
            for message_id in sorted(self._messages, key=self._ranks.__getitem__)
        }
        self._before = {}

    def load(self, changes: Changes, offset: int) -> None:
        for key, item in changes.items():
            message_id = key.decode()
            if item is None:
                self._messages.pop(message_id, None)
            else:
                self._messages[message_id] = _messages.decode(item.data)
                self._ranks[message_id] = item.rank
        self._before = {}

    def _note(self, message_id: str) -> None:
        if self._before is not None and message_id not in self._before:
            message = self._messages.get(message_id)
            self._before[message_id] = None if message is None else copy(message)

    def _say(self, form: Say, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        known = self._messages.get(form.id)
        if known is not None:
            if known.user != author.user:
                raise DataError("another message has this id already")
            return None  # sent again after a lost acknowledgement
        self._check_text(form.text)
        self._note(form.id)
        self._messages[form.id] = ChatMessage(
            form.id, form.text, author.user, author.name, time_ms, open=form.open
        )
        self._ranks[form.id] = offset
        if len(self._messages) > MAX_MESSAGES:
            del self._messages[next(iter(self._messages))]
        return data

    def _react(self, form: Reaction, author: Author) -> None:
        message = self._find(form.id)
        if not 1 <= len(form.emoji) <= 16:
            raise DataError("a reaction must have 1 to 16 characters")
        self._note(form.id)
        users = message.reactions.get(form.emoji, [])
        if form.on and author.user not in users:
            if not users and len(message.reactions) >= MAX_REACTIONS:
                raise DataError(f"a message takes at most {MAX_REACTIONS} different reactions")
            message.reactions = {**message.reactions, form.emoji: [*users, author.user]}
        elif not form.on and author.user in users:
            rest = [user for user in users if user != author.user]
            message.reactions = {**message.reactions, form.emoji: rest}
            if not rest:
                del message.reactions[form.emoji]

    def _find(self, message_id: str) -> ChatMessage:
        message = self._messages.get(message_id)
        if message is None:
            raise DataError(f"there is no message {message_id!r} here")
        return message

    def _own(self, message_id: str, author: Author) -> ChatMessage:
        message = self._find(message_id)
        # Who has no name can't be told from others who have none.
        if message.user != author.user or not author.user:
            raise DataError("only its author may change a message")
        return message

    def _check_text(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise DataError(f"a message has at most {MAX_TEXT} characters; this one has {len(text)}")
