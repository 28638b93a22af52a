"""What the hub tells this connection alone, by message pushes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Raw

from ..protocol.messages import ClientInfo
from .demands import DemandReport


class Call(msgspec.Struct):
    """Somebody calls a command of ours."""

    id: str
    command: str
    args: dict[str, Any] = {}
    caller: ClientInfo = msgspec.field(default_factory=ClientInfo)
    timeout_ms: int = 30_000


class Cancel(msgspec.Struct):
    """A call that we serve is to end."""

    call: str
    reason: Literal["cancelled", "deadline"] = "cancelled"


class Told(msgspec.Struct, frozen=True):
    """One of these is set; what a newer hub adds is left out."""

    call: Call | None = None
    cancel: Cancel | None = None
    demand: DemandReport | None = None


class _Message(msgspec.Struct):
    rtwidgets: Told = Told()


_message = msgspec.json.Decoder(_Message)


def told(data: Raw) -> Told:
    """Read the data of a message push.

    Raises:
        msgspec.DecodeError: If it is not of this form.
    """
    return _message.decode(data).rtwidgets
