"""JSON encoding of the protocol: objects separated by newlines in a text frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from .json_rules import mend_surrogates
from .messages import ClientInfo, Command, Publication, Reply

M = TypeVar("M")

_commands = msgspec.json.Decoder(Command)
_replies = msgspec.json.Decoder(Reply)
_publications = msgspec.json.Decoder(Publication)
_encoder = msgspec.json.Encoder()
_strings = msgspec.json.Encoder()

PING = b"{}"


class FrameError(ValueError):
    """A frame is not made of messages of the protocol."""


def decode_commands(frame: bytes | str) -> list[Command]:
    """Read the commands of a frame.

    Raises:
        FrameError: If it is not JSON lines of commands, or is empty.
    """
    return _decode(_commands, frame)


def decode_replies(frame: bytes | str) -> list[Reply]:
    """Read the replies and pushes of a frame.

    Raises:
        FrameError: If it is not JSON lines of replies, or is empty.
    """
    return _decode(_replies, frame)


def _decode(decoder: msgspec.json.Decoder[M], frame: bytes | str) -> list[M]:
    try:
        if isinstance(frame, bytes) and not frame.isascii():
            frame.decode()  # what goes on as raw JSON is not checked by msgspec
        try:
            messages = decoder.decode_lines(frame)
        except msgspec.DecodeError:
            mended = mend_surrogates(frame.encode() if isinstance(frame, str) else frame)
            messages = decoder.decode_lines(mended)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError(str(error)) from None
    if not messages:
        raise FrameError("the frame is empty")
    return messages


def published(request_id: int) -> bytes:
    """Return the reply to a publish command; a busy hub sends more of these than of all others."""
    return b'{"id":%d,"publish":{}}' % request_id


def encode(message: Command | Reply) -> bytes:
    """Encode one message, without a newline."""
    return _encoder.encode(message)


def join(lines: Iterable[bytes]) -> bytes:
    """Join encoded messages into one frame."""
    return b"\n".join(lines)


_DATA = b'{"data":'
_SUFFIX = b"}}"


def publication_head(channel: str) -> bytes:
    """Return what stands before the data in every publication push of this channel."""
    return b'{"push":{"channel":' + _strings.encode(channel) + b',"pub":' + _DATA


def encode_info(info: ClientInfo) -> bytes:
    """Encode the publisher's info, once per connection."""
    return _encoder.encode(info)


def publication_line(head: bytes, data: bytes, offset: int, time_ms: float, info: bytes | None) -> bytes:
    """Encode a publication push from raw JSON; newlines inside would split the frame and are removed.

    Args:
        head: The channel's `publication_head`.
        data: Raw JSON.
        offset: Position in the channel, from 1.
        time_ms: Milliseconds since the Unix epoch; the part below is cut off.
        info: Encoded publisher info, or None.
    """
    if b"\n" in data or b"\r" in data:
        data = msgspec.json.format(data, indent=-1)
    tail = b',"offset":%d,"time":%d}}}' % (offset, time_ms)
    if info is None:
        return b"".join((head, data, tail))
    return b"".join((head, data, b',"info":', info, tail))


def publication_of(head: bytes, line: bytes) -> bytes:
    """Return the publication alone from a line made with this head."""
    return line[len(head) - len(_DATA) : -len(_SUFFIX)]


def publication_data(publication: bytes) -> bytes:
    """Return the raw data of an encoded publication."""
    return bytes(_publications.decode(publication).data)
