"""Chats: messages by id, with appends, edits, reactions and deletions."""

from __future__ import annotations

import math
from copy import copy

import msgspec

from ...protocol.blank import is_blank
from ...protocol.chat import (
    MAX_TEXT,
    PAGE,
    Append,
    ChatMessage,
    Delete,
    Edit,
    Form,
    Page,
    Reaction,
    Say,
)
from ..batch import Changes, Item
from ..conversation import Conversation
from ..erasing import Sayings, sign_of
from .base import Author, DataError, Moderator, Start, check_room
from .chat_measure import NOTHING, REACTION_BYTES, Measure, measure, text_growth
from .weight import text_weight

MAX_MESSAGES = 1_000
MAX_REACTIONS = 20
MAX_REACTING = 200
# How large a page is.
MAX_PAGE_BYTES = 256 * 1024
_decoder: msgspec.json.Decoder[Form] = msgspec.json.Decoder(Form)
_messages = msgspec.json.Decoder(ChatMessage)
_encode = msgspec.json.Encoder().encode


class Chat:
    """A conversation. Late joiners get the newest messages as they stand now, and ask for older ones.

    Args:
        max_bytes: What the kept messages take in memory at most, about; 0 is no bound.
    """

    stamps_author = True
    last_counts = False
    merges = False

    def __init__(self, max_bytes: int = 0) -> None:
        self.messages = Conversation()
        self.most = math.inf
        self._max_bytes = max_bytes
        self._bytes = 0
        self._weight = 0
        # Offsets of the publications that said them.
        self._ranks: dict[str, int] = {}
        # With an archive: what has changed since the last commit, as it was then; None for what is new.
        self._before: dict[str, ChatMessage | None] | None = None
        # Those of them that are no longer kept here.
        self._parted: Changes = {}
        # Messages that were deleted, and the offset where each was said, until that is taken out of the log.
        self.deleted: dict[str, int] = {}
        self.sayings = Sayings()
        # Whether the archive may have messages from before the kept ones.
        self._reaches_back = False

    @property
    def keeps_state(self) -> bool:
        return len(self.messages) > 0

    @property
    def size(self) -> int:
        return self._weight

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        try:
            form = _decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise DataError(f"a chat takes a message, append, edit, delete or reaction: {error}") from None
        match form:
            case Say():
                return self._say(form, data, offset, time_ms, author)
            case Append():
                message = self._own(form.id, author)
                self._check_text(message.text + form.text)
                before = measure(message)
                self._check_room(text_growth(message.text, message.text + form.text))
                self._note(message)
                self.messages.append(message, form.text, form.done, form.interrupted, author.client)
                self._grow(before, measure(message))
            case Edit():
                message = self._own(form.id, author)
                self._check_text(form.text)
                if form.command is not None and message.command is None:
                    raise DataError(f"message {form.id!r} is not about a command")
                if form.command is None:
                    self._check_shown(form.text)
                before = measure(message)
                self._check_room(text_growth(message.text, form.text))
                self._note(message)
                self.messages.edit(message, form.text, form.command)
                self._grow(before, measure(message))
            case Delete():
                message = self._find(form.id) if isinstance(author, Moderator) else self._own(form.id, author)
                self._note(message)
                self.deleted[message.id] = self._ranks.get(message.id, 0)
                self.messages.delete(message)
                self._grow(measure(message), measure(None))
            case Reaction():
                self._react(form, author)
        return _findable(data, form.id)

    def snapshot(self, now: float, max_bytes: int) -> Start:
        page = self.page(None, PAGE, max_bytes)
        assert page is not None
        return Start(_encode({"kind": "chat", "messages": page.messages, "more": page.more}))

    def page(self, before: str | None, limit: int, max_bytes: int = MAX_PAGE_BYTES) -> Page | None:
        """Return the newest messages, or those before one; None when that one is not kept here.

        With `more` and no message the archive may have some.

        Args:
            before: Id of a message, which may have been deleted; None for the end.
            limit: How many at most, and never more than a snapshot has.
            max_bytes: How large they may be together; one there is in any case.
        """
        page = self.messages.page(before, max(1, min(limit, PAGE)), max_bytes)
        if page is not None and not page.more:
            page.more = self._reaches_back
        return page

    # with an archive ----------------------------------------------------------

    def journal(self) -> None:
        self._before = {}

    def changes(self) -> Changes:
        found = dict(self._parted)
        for message_id in self._before or ():
            message = self.messages.find(message_id)
            if message is not None:
                found[message_id.encode()] = self._item(message)
            elif message_id in self.messages:
                found[message_id.encode()] = None
        return found

    def settle(self) -> None:
        self._before, self._parted = {}, {}
        self.deleted.clear()

    def undo(self, top: int) -> None:
        for message_id, message in (self._before or {}).items():
            self.messages.restore(message_id, message)
            if message is None:
                self._ranks.pop(message_id, None)
        self.settle()
        self._count()

    def load(self, changes: Changes, offset: int) -> None:
        for key, item in changes.items():
            message_id = key.decode()
            if item is not None:
                self.messages.put(_messages.decode(item.data))
                self._ranks[message_id] = item.rank
            elif (message := self.messages.find(message_id)) is not None:
                self.messages.delete(message)
        if len(self.messages) >= MAX_MESSAGES:
            self._reaches_back = True
        self.settle()
        self._count()

    def follow(self, changes: Changes, offset: int) -> None:
        newest = next(reversed(self._ranks.values()), 0)
        for key, item in changes.items():
            message_id = key.decode()
            known = self.messages.find(message_id)
            before = measure(known)
            if item is None:
                if known is not None:
                    self.messages.delete(known)
                    self._grow(before, measure(None))
                continue
            is_new = message_id not in self.messages
            if is_new and item.rank <= newest:
                continue  # so old that it was forgotten here
            message = _messages.decode(item.data)
            self.messages.put(message)
            self._ranks[message_id] = item.rank
            self._grow(NOTHING if is_new else before, measure(message))
        self.settle()

    def _note(self, message: ChatMessage) -> None:
        """Remember a message as it is before it changes."""
        if self._before is not None and message.id not in self._before:
            self._before[message.id] = copy(message)

    def _item(self, message: ChatMessage) -> Item:
        return Item(self._ranks[message.id], _encode(message))

    # inside -------------------------------------------------------------------

    def _say(self, form: Say, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        if form.id in self.messages:
            known = self.messages.find(form.id)
            if known is not None and known.user != author.user:
                raise DataError("another message has this id already")
            return None  # sent again after a lost acknowledgement, and maybe deleted meanwhile
        if not form.open and form.command is None:
            self._check_shown(form.text)
        self._check_text(form.text)
        message = ChatMessage(
            form.id,
            form.text,
            author.user,
            author.name,
            time_ms,
            open=form.open,
            writer=author.client if form.open else "",
            reply_to=form.reply_to,
            label=form.label,
            command=form.command,
        )
        self._check_room(measure(message).weight)
        self.messages.add(message)
        self._ranks[form.id] = offset
        if self._before is not None:
            self._before[form.id] = None
        self._grow(NOTHING, measure(message))
        return _findable(data, form.id)

    def _react(self, form: Reaction, author: Author) -> None:
        message = self._find(form.id)
        users = message.reactions.get(form.emoji)
        if form.on and is_blank(form.emoji):
            raise DataError("a reaction needs something that can be seen, such as '👍'")
        if form.on and users is None and len(message.reactions) >= MAX_REACTIONS:
            raise DataError(f"a message takes at most {MAX_REACTIONS} different reactions")
        if form.on and users is not None and author.user not in users and len(users) >= MAX_REACTING:
            raise DataError(f"at most {MAX_REACTING} users may react to a message in the same way")
        before = measure(message)
        if form.on and author.user not in (users or ()):
            self._check_room(REACTION_BYTES + text_weight(author.user))
        self._note(message)
        self.messages.react(message, form.emoji, author.user, form.on)
        self._grow(before, measure(message))

    def _check_room(self, grown: int) -> None:
        """Refuse what would make the chat larger than it may become, unless its oldest messages make room."""
        if not 0 < self._max_bytes < self._bytes + grown:
            check_room(self, grown)

    def _grow(self, before: Measure, after: Measure) -> None:
        """Count a message that comes or changes, and forget the oldest where there are too many."""
        self._bytes += after.size - before.size
        self._weight += after.weight - before.weight
        while len(self.messages) > MAX_MESSAGES or (
            0 < self._max_bytes < self._bytes and len(self.messages) > 1
        ):
            message_id, oldest = self.messages.forget_oldest()
            gone = measure(oldest)
            self._bytes -= gone.size
            self._weight -= gone.weight
            if self._before is not None:
                self._reaches_back = True
                if message_id in self._before:
                    self._parted[message_id.encode()] = None if oldest is None else self._item(oldest)
            self._ranks.pop(message_id, None)

    def _count(self) -> None:
        self._bytes = self._weight = 0
        deleted = len(self.messages) - sum(1 for _ in self.messages)
        for message in (*self.messages, *[None] * deleted):
            self._grow(NOTHING, measure(message))

    def _find(self, message_id: str) -> ChatMessage:
        message = self.messages.find(message_id)
        if message is None:
            raise DataError(f"there is no message {message_id!r} here")
        return message

    def _own(self, message_id: str, author: Author) -> ChatMessage:
        message = self._find(message_id)
        # Who has no name can't be told from others who have none.
        if message.user != author.user or not author.user:
            raise DataError("only its author may change a message")
        return message

    def _check_shown(self, text: str) -> None:
        if is_blank(text):
            raise DataError("a message needs a text that can be seen; to take one back, delete it")

    def _check_text(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise DataError(f"a message has at most {MAX_TEXT} characters; this one has {len(text)}")


def _findable(data: bytes, message_id: str) -> bytes:
    """Return a form so written that its message's id is found in it when that is deleted."""
    return data if sign_of(message_id) in data else _encode(msgspec.json.decode(data))
