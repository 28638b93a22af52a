"""Any JSON value on its way to the hub."""

from __future__ import annotations

import msgspec

from ..errors import ChannelError


def encode_json(data: object, where: str, *, max_bytes: int | None = None) -> bytes:
    """Encode a value as JSON: numpy scalars and arrays become numbers and lists, NaN and infinities null.

    Raises:
        ChannelError: If something in it has no place in JSON, or it is larger than it may be.
    """
    try:
        encoded = msgspec.json.encode(data, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ChannelError(f"data for {where} can't be sent as JSON: {error}") from None
    if max_bytes is not None and len(encoded) > max_bytes:
        raise ChannelError(
            f"data for {where} takes {len(encoded)} bytes, the hub takes {max_bytes}: send less at once, "
            "publish it to a channel, or raise max_message_bytes at the hub"
        )
    return encoded


def _plain(value: object) -> object:
    to_list = getattr(value, "tolist", None)  # numpy's scalars and arrays
    if to_list is not None:
        return to_list()
    raise TypeError(f"a {type(value).__name__} has no place in JSON")
