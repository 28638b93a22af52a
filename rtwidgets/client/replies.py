"""What the hub's replies carry for us: errors as exceptions, its greeting, what became of a batch."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ..errors import (
    ConflictError,
    DeadlineError,
    HandlerAwayError,
    HandlerFailedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    ReplyError,
    RtWidgetsError,
)
from ..protocol import codes
from ..protocol.messages import ConnectResult, Error, Reply

DEFAULT_MESSAGE_BYTES = 65_536

_COMMAND_ERRORS: dict[int, type[RtWidgetsError]] = {
    codes.HANDLER_AWAY: HandlerAwayError,
    codes.HANDLER_FAILED: HandlerFailedError,
    codes.DEADLINE_PASSED: DeadlineError,
    codes.OUTCOME_UNKNOWN: OutcomeUnknownError,
}


def error_of(error: Error) -> RtWidgetsError:
    """Return the exception that an error reply stands for."""
    kind = _COMMAND_ERRORS.get(error.code)
    return kind(error.message) if kind is not None else reply_error(error.code, error.message)


def reply_error(code: int, message: str) -> ReplyError:
    """Return the exception for a code that is not a command's."""
    if code == codes.PERMISSION_DENIED.code:
        return PermissionDeniedError(code, message)
    if code == codes.CONFLICT:
        return ConflictError(code, message)
    return ReplyError(code, message)


def in_python(channel: str, error: ReplyError) -> ReplyError:
    """Return the error with the way out in Python, where the hub names a method of the protocol."""
    if "rtwidgets.declare" not in error.message:
        return error
    problem = error.message.partition(":")[0]
    short = channel.partition(":")[2] or channel
    return reply_error(error.code, f"{problem}: name it with hub.table({short!r}, key=...)")


class Greeting(Struct, frozen=True):
    """What the hub says of itself in the connect reply."""

    hub: str = ""
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES


class _ConnectData(Struct):
    rtwidgets: Greeting = Greeting()


class _ItemError(Struct):
    index: int
    code: int
    message: str


class _Published(Struct):
    seq: int
    errors: list[_ItemError] = []
    versions: list[tuple[int, int]] = []


def greeting_of(result: ConnectResult) -> Greeting:
    """Return the hub's greeting; that of a hub of the same protocol which is not ours is the default."""
    try:
        return msgspec.json.decode(bytes(result.data) or b"{}", type=_ConnectData).rtwidgets
    except msgspec.DecodeError:
        return Greeting()


def published(reply: Reply) -> tuple[dict[int, ReplyError], dict[int, int]]:
    """Return which items of a batch failed, and the versions that values became, by their index."""
    data = bytes(reply.rpc.data) if reply.rpc is not None else b""
    outcome = msgspec.json.decode(data, type=_Published)
    errors = {error.index: reply_error(error.code, error.message) for error in outcome.errors}
    return errors, dict(outcome.versions)
