"""What the hub's replies carry for us: errors as exceptions, its greeting, what became of a batch."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import Struct

from ..errors import (
    CallCancelledError,
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
    codes.CANCELLED: CallCancelledError,
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
    """What the hub says of itself in the connect reply; `process` where it has several."""

    hub: str = ""
    process: str = ""
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES


class _ConnectData(Struct):
    rtwidgets: Greeting = Greeting()


class _ItemError(Struct):
    index: int
    code: int
    message: str
    temporary: bool = False


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


class Outcome(NamedTuple):
    """What became of a batch, by the index of its items.

    Args:
        errors: What failed for good.
        postponed: What has to be sent again.
        versions: Which version each value became that was set, at least.
    """

    errors: dict[int, ReplyError]
    postponed: dict[int, ReplyError]
    versions: dict[int, int]


def outcome_of(reply: Reply) -> Outcome:
    """Return what the hub says of a batch."""
    data = bytes(reply.rpc.data) if reply.rpc is not None else b""
    answer = msgspec.json.decode(data, type=_Published)
    outcome = Outcome({}, {}, dict(answer.versions))
    for error in answer.errors:
        found = outcome.postponed if error.temporary else outcome.errors
        found[error.index] = reply_error(error.code, error.message)
    return outcome
