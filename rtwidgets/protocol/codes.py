"""Error, disconnect and unsubscribe codes.

Source: the Centrifuge client protocol. Numbers below 400 are its own; 1000 and up are ours.
Disconnect codes 3000-3499 mean "come back", 3500-3999 "do not"; unsubscribe codes from 2500
mean "resubscribe".
"""

from __future__ import annotations

from typing import NamedTuple

from .messages import Error


class Disconnect(NamedTuple):
    """Why the hub ends a connection: a WebSocket close code and reason."""

    code: int
    reason: str


INTERNAL = Error(100, "internal server error", temporary=True)
# The request is good and the archive is not there for it just now: send it again.
ARCHIVE_AWAY = Error(100, "the archive is away", temporary=True)
UNAUTHORIZED = Error(101, "unauthorized")
UNKNOWN_CHANNEL = Error(102, "unknown channel")
PERMISSION_DENIED = Error(103, "permission denied")
METHOD_NOT_FOUND = Error(104, "method not found")
ALREADY_SUBSCRIBED = Error(105, "already subscribed")
LIMIT_EXCEEDED = Error(106, "limit exceeded")
BAD_REQUEST = Error(107, "bad request")
NOT_AVAILABLE = Error(108, "not available")
TOKEN_EXPIRED = Error(109, "token expired")
UNRECOVERABLE_POSITION = Error(112, "unrecoverable position")

HANDLER_AWAY = 1000
HANDLER_FAILED = 1001
DEADLINE_PASSED = 1002
OUTCOME_UNKNOWN = 1003
CANCELLED = 1004
CONFLICT = 1005

CONNECTION_CLOSED = Disconnect(3000, "connection closed")
SHUTDOWN = Disconnect(3001, "shutdown")
EXPIRED = Disconnect(3005, "connection expired")
SLOW = Disconnect(3008, "slow")
NO_PONG = Disconnect(3012, "no pong")
TOO_MANY_COMMANDS = Disconnect(3013, "too many requests")
INVALID_TOKEN = Disconnect(3500, "invalid token")
REVOKED = Disconnect(3500, "token revoked")
BAD_FRAME = Disconnect(3501, "bad request")
STALE = Disconnect(3502, "stale")
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
NO_MESSAGES = Disconnect(3508, "not available")

UNSUBSCRIBE_INSUFFICIENT = 2500
UNSUBSCRIBE_EXPIRED = 2501

# All that a reply can have, and all that the hub closes connections with.
ERRORS = (
    *sorted({error.code for error in list(vars().values()) if isinstance(error, Error)}),
    *range(HANDLER_AWAY, CONFLICT + 1),
)
DISCONNECTS = tuple(sorted({one.code for one in list(vars().values()) if isinstance(one, Disconnect)}))
