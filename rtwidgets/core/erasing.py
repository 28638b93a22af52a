"""Taking what a deleted message said out of publications that are kept. Their offsets stay as they are."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Container, Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from .batch import Batch

if TYPE_CHECKING:
    from .log import ChannelLog

# So much is noted beyond what is kept before that is looked through.
SPARE = 4_096
_SAYS = frozenset(("message", "append", "edit"))
_DATA = b'{"data":'
# Stands in every publication that tells of a message; see `Chat.accept`.
_ID = b'"id":'


class _Publication(Struct):
    data: Raw


class _Form(Struct):
    type: str = ""
    id: str = ""


_publication = msgspec.json.Decoder(_Publication)
_form = msgspec.json.Decoder(_Form)
_encode = msgspec.json.Encoder().encode


def sign_of(message_id: str) -> bytes:
    """Return what stands in every publication that tells of a message; see `Chat.accept`."""
    return _ID + _encode(message_id)


def erased(publication: bytes, ids: Container[str] | None = None) -> bytes | None:
    """Return a chat's publication without what it says of some messages; None where it says nothing of them.

    In its place stands that the message is deleted, which every reader understands, whatever it has seen.

    Args:
        publication: As history shows it.
        ids: Of the messages; None for whatever message it tells of.
    """
    data = bytes(_publication.decode(publication).data)
    form = _form.decode(data)
    if (ids is not None and form.id not in ids) or form.type not in _SAYS:
        return None
    rest = publication[len(_DATA) + len(data) :]
    return _DATA + _encode({"type": "delete", "id": form.id}) + rest


def erase_all(publications: list[bytes], ids: Container[str]) -> bool:
    """Take what some messages said out of publications; say whether there was anything."""
    found = False
    for index, publication in enumerate(publications):
        without = erased(publication, ids) if _ID in publication else None
        if without is not None:
            publications[index] = without
            found = True
    return found


def erase_from(batch: Batch, ids: Collection[str]) -> bool:
    """Take what some messages said out of a batch that was committed before; say whether it said anything."""
    found = erase_all(batch.publications, ids)
    for key in batch.changes.keys() & {message_id.encode() for message_id in ids}:
        found = found or batch.changes[key] is not None
        batch.changes[key] = None
    return found


class Sayings:
    """Where the log of a chat has what each message says.

    To look through a whole log for one that is deleted takes longer than others should wait.

    Args:
        known: Ids of messages of which the log has nothing yet.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._offsets = {message_id: array("Q") for message_id in known}
        self._next = 0
        self._count = 0

    def follow(self, log: ChannelLog, known: Container[str]) -> None:
        """Note what has come since.

        Args:
            known: Ids of the messages that may be deleted: others are not noted.
        """
        start = max(self._next, log.first)
        for offset, publication in enumerate(log.publications(start, log.top + 1), start):
            form = _form.decode(_publication.decode(publication).data) if _ID in publication else None
            if form is not None and form.type in _SAYS and form.id in known:
                self._offsets.setdefault(form.id, array("Q")).append(offset)
                self._count += 1
        self._next = log.top + 1
        if len(self._offsets) + self._count > 2 * (log.top - log.reach) + SPARE:
            self._tidy(log.first, known)

    def offsets(self, log: ChannelLog, ids: Collection[str]) -> Iterable[int]:
        """Return where the log may have something of some messages; of one that was not known, everywhere."""
        if not self._offsets.keys() >= set(ids):
            return range(log.first, log.top + 1)
        found = sorted(offset for message_id in ids for offset in self._offsets[message_id])
        return found[bisect_left(found, log.first) :]

    def _tidy(self, first: int, known: Container[str]) -> None:
        """Forget what has left the log, and messages that nobody can delete any more."""
        kept = {
            message_id: array("Q", offsets[bisect_left(offsets, first) :])
            for message_id, offsets in self._offsets.items()
            if message_id in known
        }
        self._offsets, self._count = kept, sum(map(len, kept.values()))
