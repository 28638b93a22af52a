"""Reading what others have published."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from ..errors import ChannelError, ColumnsError
from ..protocol.json_rules import has_number_out_of_range
from ..protocol.messages import Publication

log = logging.getLogger("rtwidgets")

T = TypeVar("T")

anything = msgspec.json.Decoder()
_columns = msgspec.json.Decoder(dict[str, list[Any]])


def read(decoder: msgspec.json.Decoder[T], data: bytes | Raw, channel: str) -> T:
    """Return what a channel's data says.

    Raises:
        ChannelError: If it has another form, or a number that Python can't read or use.
    """
    raw = bytes(data)
    try:
        if has_number_out_of_range(raw):
            raise ValueError("a number in it is beyond what a float holds")
        return decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"what somebody published to {channel!r} can't be read: {error}") from None


def read_columns(data: bytes | Raw, channel: str) -> dict[str, list[Any]]:
    """Return the rows of a stream's publication, as they were sent, in equally long columns.

    Raises:
        ChannelError: If they are none.
    """
    columns = read(_columns, data, channel)
    if len({len(cells) for cells in columns.values()}) > 1:
        raise ColumnsError(f"what somebody published to {channel!r} has columns of unequal length")
    return columns


def read_batches(publications: Iterable[Publication], channel: str) -> list[dict[str, list[Any]]]:
    """Return the rows of a stream's publications, a batch each.

    One that holds no rows is left out, and the log says why: it must not keep others from what there is.
    """
    batches: list[dict[str, list[Any]]] = []
    for publication in publications:
        try:
            batches.append(read_columns(publication.data, channel))
        except ChannelError as error:
            log.warning("publication %d is left out: %s", publication.offset, error)
    return batches
