"""What clients say about commands: the data of the rpc methods."""

from __future__ import annotations

from msgspec import Raw, Struct

DEFAULT_TIMEOUT_MS = 30_000
MAX_TIMEOUT_MS = 3_600_000


class CommandSpec(Struct):
    """What a handler says about itself."""

    name: str
    title: str = ""
    schema: Raw = Raw(b"{}")


class Failure(Struct):
    """How a handler failed."""

    type: str
    message: str = ""


class Register(Struct):
    commands: list[CommandSpec]


class Unregister(Struct):
    names: list[str]


class CallRequest(Struct):
    command: str
    args: Raw = Raw(b"{}")
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    key: str = ""


class CancelRequest(Struct):
    """Which call to cancel: by its id, or one's own by command and key."""

    call: str = ""
    command: str = ""
    key: str = ""


class Progress(Struct):
    call: str
    fraction: float | None = None
    note: str = ""


class Answer(Struct):
    call: str
    result: Raw = Raw(b"null")
    error: Failure | None = None
    cancelled: bool = False
