"""The name of a person in what the hub says of a client."""

from __future__ import annotations

import msgspec


class _ConnInfo(msgspec.Struct):
    name: str = ""


_conn_info = msgspec.json.Decoder(_ConnInfo)


def name_of(conn_info: bytes) -> str:
    """Return the name in a client's ``conn_info``; empty where it has another form or none."""
    try:
        return _conn_info.decode(conn_info).name if conn_info else ""
    except msgspec.DecodeError:
        return ""
