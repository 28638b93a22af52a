"""Values of traits as JSON, and back."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import msgspec
import traitlets
from ipywidgets.widgets import trait_types

from ..client.encoding import encode_json
from ..errors import ChannelError


def to_json(value: object, where: str) -> Any:
    """Return a trait's value as it is in JSON: tuples and sets become lists, dates text as in ISO 8601.

    Raises:
        ChannelError: If something in it has no place in JSON.
    """
    # It would come back as text.
    if isinstance(value, bytes | bytearray | memoryview):
        raise ChannelError(f"data for {where} can't be sent as JSON: bytes have no place in it")
    return msgspec.json.decode(encode_json(value, where))


def from_json(value: Any, trait: traitlets.TraitType[Any, Any], current: object) -> Any:
    """Return what to set a trait to for a value of JSON.

    Args:
        trait: The trait, which says what it is made for.
        current: What it holds now, which says more where the trait takes anything.

    Raises:
        ValueError: If a text is no date where one is needed.
    """
    if isinstance(value, list):
        if isinstance(trait, traitlets.Tuple | trait_types.TypedTuple) or isinstance(current, tuple):
            return tuple(value)
        if isinstance(trait, traitlets.Set) or isinstance(current, set | frozenset):
            return set(value)
    if isinstance(value, str):
        # A datetime is a date, so it is asked for first; NaiveDatetime is a Datetime.
        if isinstance(trait, trait_types.Datetime) or isinstance(current, datetime):
            return datetime.fromisoformat(value)
        if isinstance(trait, trait_types.Date) or isinstance(current, date):
            return date.fromisoformat(value)
        if isinstance(trait, trait_types.Time) or isinstance(current, time):
            return time.fromisoformat(value)
    return value
