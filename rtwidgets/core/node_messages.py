"""What hubs that share a broker tell each other, besides publications."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, msgpack


class Told(Struct, tag="told", array_like=True):
    """Facts about one hub, told to all.

    Args:
        seq: Counts what this hub has told: who lacks one reads all of its facts anew.
        facts: By key; None for what is so no more.
    """

    node: str
    seq: int
    facts: dict[str, bytes | None]


class Anew(Struct, tag="anew", array_like=True):
    """All facts about a hub have been written anew."""

    node: str


class Shared(Struct, tag="shared", array_like=True):
    """What holds for all hubs, whoever has said it; None for what holds no more."""

    facts: dict[str, bytes | None]


class Hint(Struct, tag="hint", array_like=True):
    """A line for who looks at a channel now."""

    node: str
    channel: str
    line: bytes


class Carry(Struct, tag="carry", array_like=True):
    """A message for the handler of a call, which is at the hub that gets this.

    Args:
        node: The hub that has the call.
        what: The call itself, somebody's wish to cancel it, or that its deadline has passed.
        data: The message as JSON.
    """

    node: str
    call: str
    command: str
    what: Literal["call", "cancel", "deadline"]
    data: bytes


class Progressed(Struct, tag="progressed", array_like=True):
    """How far a call is that was carried to this hub."""

    node: str
    call: str
    fraction: float | None
    note: str


class Answered(Struct, tag="answered", array_like=True):
    """The handler's answer to a call; `lost` when there will be none, `away` when it never got the call."""

    node: str
    call: str
    data: bytes = b""
    lost: bool = False
    away: bool = False


class CancelAt(Struct, tag="cancel", array_like=True):
    """Somebody at another hub asks to cancel a call.

    Args:
        by: Who asks: user, name and client.
    """

    node: str
    call: str
    by: tuple[str, str, str]


ToAll: TypeAlias = Told | Anew | Shared | Hint
ToOne: TypeAlias = Carry | Progressed | Answered | CancelAt
Message: TypeAlias = ToAll | ToOne

encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Message).decode
