"""JSON encoding of the protocol: objects separated by newlines in a text frame."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TypeVar

import msgspec

from .json_rules import mend_surrogates
from .messages import ClientInfo, Command, Publication, Reply

M = TypeVar("M")

_commands = msgspec.json.Decoder(Command)
_replies = msgspec.json.Decoder(Reply)
_publications = msgspec.json.Decoder(Publication)
_whatever = msgspec.json.Decoder(msgspec.Raw)
_encoder = msgspec.json.Encoder()
_strings = msgspec.json.Encoder()

PING = b"{}"


class FrameError(ValueError):
    """A frame is not made of messages of the protocol."""


def decode_commands(frames: list[bytes]) -> list[Command]:
    """Read the commands of frames that came together; the raw JSON in them has no line breaks.

    Raises:
        FrameError: If one of them is not JSON lines of commands, or is empty.
    """
    text = frames[0] if len(frames) == 1 else b"\n".join(frames)
    has_breaks = text.count(b"\n") >= len(frames) or b"\r" in text
    commands = _decode(_commands, text, has_breaks=has_breaks)
    if len(commands) < len(frames):
        raise FrameError("a frame is empty")
    return commands


def decode_replies(frame: bytes | str) -> list[Reply]:
    """Read the replies and pushes of a frame.

    Raises:
        FrameError: If it is not JSON lines of replies, or is empty.
    """
    return _decode(_replies, frame)


def _decode(decoder: msgspec.json.Decoder[M], frame: bytes | str, *, has_breaks: bool = False) -> list[M]:
    try:
        if isinstance(frame, bytes) and not frame.isascii():
            frame.decode()  # what goes on as raw JSON is not checked by msgspec
        try:
            messages = decoder.decode_lines(_unbroken(frame) if has_breaks else frame)
        except msgspec.DecodeError:
            mended = mend_surrogates(frame.encode() if isinstance(frame, str) else frame)
            messages = decoder.decode_lines(_unbroken(mended) if has_breaks else mended)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError(str(error)) from None
    if not messages:
        raise FrameError("the frame is empty")
    return messages


def _unbroken(text: bytes | str) -> bytes | str:
    """Take line breaks out of messages.

    What is raw JSON in them goes on as it is, and would split the frame that it goes on in.
    """
    # Inside a message nothing but a comma or a bracket can follow an object: that is a break between two.
    if isinstance(text, bytes) and b"\r" not in text and text.count(b"\n") == text.count(b"}\n{"):
        return text
    return b"\n".join(on_one_line(bytes(message)) for message in _whatever.decode_lines(text))


def on_one_line(data: bytes) -> bytes:
    """Return JSON without line breaks."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data


_PUBLISHED = b'{"id":%d,"publish":{}}'


def published(request_ids: list[int]) -> bytes:
    """Return the replies to publish commands, joined; a busy hub sends more of these than of all others."""
    return b"\n".join([_PUBLISHED] * len(request_ids)) % tuple(request_ids)


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


def publication_form(head: bytes) -> bytes:
    """Return what `publication_lines` makes lines from."""
    return head.replace(b"%", b"%%") + b"%b"


def publication_lines(
    form: bytes, items: list[bytes], offset: int, time_ms: float, info: bytes | None
) -> list[bytes]:
    """Encode publication pushes from raw JSON on one line.

    Args:
        form: The channel's `publication_form`.
        items: Raw JSON of each publication.
        offset: Position of the first one in the channel, from 1.
        time_ms: Milliseconds since the Unix epoch; the part below is cut off.
        info: Encoded publisher info, or None.
    """
    publisher = b"" if info is None else b',"info":' + info.replace(b"%", b"%%")
    form += publisher + b',"offset":%%d,"time":%d}}}' % time_ms
    return [form % item for item in zip(items, count(offset))]


def publication_of(head: bytes, line: bytes) -> bytes:
    """Return the publication alone from a line made with this head."""
    return line[len(head) - len(_DATA) : -len(_SUFFIX)]


def publication_line(head: bytes, publication: bytes) -> bytes:
    """Return the push line that an encoded publication was cut from."""
    return head[: -len(_DATA)] + publication + _SUFFIX


def publication_data(publication: bytes) -> bytes:
    """Return the raw data of an encoded publication."""
    return bytes(_publications.decode(publication).data)
