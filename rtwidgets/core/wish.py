"""What a subscriber asks for: less than everything, as soon as it comes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ..protocol import codes
from ..protocol.messages import NOTHING, Message
from .demand import json_rate
from .refusal import Refusal

if TYPE_CHECKING:
    from .cursor import Cursor

MIN_HZ, MAX_HZ = 0.01, 1000.0


class Wish(Struct, frozen=True):
    """The field `rtwidgets` of the data of a subscribe request.

    Args:
        snapshot: Whether to send the snapshot of a kind that sends none by itself.
        max_hz: Updates a second that are enough; None for no bound.
        visible: Whether somebody can see what comes.
    """

    snapshot: bool = False
    max_hz: float | UnsetType | None = UNSET
    visible: bool | UnsetType = UNSET


EVERYTHING = Wish()


class _SubscribeData(Message):
    rtwidgets: Raw = NOTHING


_subscribe_data = msgspec.json.Decoder(_SubscribeData)
_wish = msgspec.json.Decoder(Wish)


def wish_of(data: Raw) -> Wish:
    """Return what the data of a subscribe request asks for.

    Raises:
        Refusal: If its field `rtwidgets` is malformed.
    """
    if not bytes(data):
        return EVERYTHING
    try:
        asked = bytes(_subscribe_data.decode(data).rtwidgets)
    except (msgspec.DecodeError, RecursionError):
        return EVERYTHING  # the data is an application's own
    if not asked:
        return EVERYTHING
    try:
        return _wish.decode(asked)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(codes.BAD_REQUEST, f"rtwidgets in the subscribe data: {error}") from None


def granted(cursor: Cursor, wish: Wish) -> tuple[float, bool]:
    """Return the rate and visibility that a wish changes a subscription to; what it leaves out stays.

    Raises:
        Refusal: If the rate is out of bounds.
    """
    max_hz, visible = wish.max_hz, wish.visible
    if isinstance(max_hz, float) and not MIN_HZ <= max_hz <= MAX_HZ:
        raise Refusal(codes.BAD_REQUEST, f"max_hz is {max_hz:g}: give {MIN_HZ:g} to {MAX_HZ:g}, or null")
    rate = cursor.max_hz if max_hz is UNSET else math.inf if max_hz is None else max_hz
    return rate, cursor.visible if visible is UNSET else visible


def grant_of(cursor: Cursor) -> dict[str, object]:
    """Return what a subscriber was granted, as it goes on the wire."""
    return {"max_hz": json_rate(cursor.max_hz), "visible": cursor.visible}


def with_grant(data: Raw, cursor: Cursor) -> Raw:
    """Add what a subscriber was granted to the data of its subscribe reply."""
    grant = b'"rtwidgets":' + msgspec.json.encode(grant_of(cursor)) + b"}"
    state = bytes(data)
    return Raw(state[:-1] + b"," + grant if state else b"{" + grant)
