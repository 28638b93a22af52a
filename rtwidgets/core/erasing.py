"""Taking what a deleted message said out of publications that are kept. Their offsets stay as they are."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec
from msgspec import Raw, Struct

from .batch import Batch

_DATA = b'{"data":'


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
    return b'"id":' + _encode(message_id)


def erased(publication: bytes, ids: Container[str] | None = None) -> bytes | None:
    """Return a chat's publication without what it says of some messages; None where it says nothing of them.

    In its place stands that the message is deleted, which every reader understands, whatever it has seen.

    Args:
        publication: As history shows it.
        ids: Of the messages; None for whatever message it tells of.
    """
    data = bytes(_publication.decode(publication).data)
    form = _form.decode(data)
    if (ids is not None and form.id not in ids) or form.type not in ("message", "append", "edit"):
        return None
    rest = publication[len(_DATA) + len(data) :]
    return _DATA + _encode({"type": "delete", "id": form.id}) + rest


def erase_all(publications: list[bytes], ids: Iterable[str]) -> bool:
    """Take what some messages said out of publications; say whether there was anything."""
    signs = {sign_of(message_id): message_id for message_id in ids}
    found = False
    for index, publication in enumerate(publications):
        if any(sign in publication for sign in signs):
            without = erased(publication, signs.values())
            if without is not None:
                publications[index] = without
                found = True
    return found


def erase_from(batch: Batch, ids: Iterable[str]) -> bool:
    """Take what some messages said out of a batch that was committed before; say whether it said anything."""
    found = erase_all(batch.publications, ids)
    for key in batch.changes.keys() & {message_id.encode() for message_id in ids}:
        found = found or batch.changes[key] is not None
        batch.changes[key] = None
    return found
