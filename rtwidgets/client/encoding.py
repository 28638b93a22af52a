"""Any JSON value on its way to the hub."""

from __future__ import annotations

import msgspec

from ..errors import ChannelError


def encode_json(data: object, where: str) -> bytes:
    """Encode a value as JSON: numpy scalars and arrays become numbers and lists, NaN and infinities null.

    Raises:
        ChannelError: If something in it has no place in JSON.
    """
    try:
        return msgspec.json.encode(data, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ChannelError(f"data for {where} can't be sent as JSON: {error}") from None


def _plain(value: object) -> object:
    to_list = getattr(value, "tolist", None)  # numpy's scalars and arrays
    if to_list is not None:
        return to_list()
    raise TypeError(f"a {type(value).__name__} has no place in JSON")
