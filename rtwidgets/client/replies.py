"""Error replies of the hub as exceptions."""

from __future__ import annotations

from ..errors import (
    DeadlineError,
    HandlerAwayError,
    HandlerFailedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    ReplyError,
    RtWidgetsError,
)
from ..protocol import codes
from ..protocol.messages import Error

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
    return ReplyError(code, message)
