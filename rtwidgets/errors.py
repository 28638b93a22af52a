"""The exceptions of rtwidgets.

RtWidgetsError
├── ConfigError               a setting, flag or environment variable is wrong
├── HubError                  the hub can't be reached or refuses us
│   ├── HubUnreachableError   nothing answers there, or it is not a hub
│   ├── TokenRefusedError     the hub did not accept the token
│   └── HubStartError         the local hub could not be started
├── ClosedError               used after close()
├── BufferFullError           too much waits for a hub that is away
├── ChannelError              a channel was used against its rules
│   ├── ChannelNameError      the name breaks the grammar
│   ├── ColumnsError          columns are missing, unequal or of no usable type
│   └── KeyColumnError        a table's key column is missing or was declared otherwise
├── SourceError               a source can't be read, or a message of it can't be used
│   └── SourceAwayError       it can't be reached for now
├── ReplyError                the hub answered with an error code (``.code``)
│   ├── PermissionDeniedError code 103
│   └── ConflictError         code 1005: the value has moved meanwhile
├── CommandError              a call of a command did not end well
│   ├── CommandNameError      the command's name breaks the grammar
│   ├── HandlerAwayError      nobody serves the command now
│   ├── HandlerFailedError    the handler raised
│   ├── DeadlineError         no answer in time
│   ├── CallCancelledError    somebody cancelled the call
│   └── OutcomeUnknownError   the handler went away mid-way
└── ReplyTimeoutError         the hub did not answer in time

Every message names the thing, the limit and the way out.
"""

from __future__ import annotations


class RtWidgetsError(Exception):
    """Base of all errors that rtwidgets raises on purpose."""


class ConfigError(RtWidgetsError):
    """A setting, flag or environment variable is unknown or has an unusable value."""


class HubError(RtWidgetsError):
    """The hub can't be reached or refuses us."""


class HubUnreachableError(HubError):
    """Nothing answers at the address, or what answers is not a hub."""


class TokenRefusedError(HubError):
    """The hub did not accept the token."""


class HubStartError(HubError):
    """The user's local hub could not be started."""


class ClosedError(RtWidgetsError):
    """The hub or channel object was used after ``close()``."""


class BufferFullError(RtWidgetsError):
    """The bounded buffer of publications that wait for the hub is full."""


class ChannelError(RtWidgetsError, ValueError):
    """A channel was used against its rules."""


class ChannelNameError(ChannelError):
    """The channel name breaks the grammar."""


class ColumnsError(ChannelError):
    """Columns are missing, of unequal length or of no usable type."""


class KeyColumnError(ColumnsError):
    """A table's key column is missing or was declared otherwise."""


class SourceError(RtWidgetsError):
    """A source can't be read, or a message of it can't be used."""


class SourceAwayError(SourceError):
    """A source can't be reached for now; a running feed tries again."""


class ReplyError(RtWidgetsError):
    """The hub answered a request with an error.

    Args:
        code: The protocol's error code.
        message: What the hub says.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message


class PermissionDeniedError(ReplyError):
    """The token gives no right to do this (code 103)."""


class ConflictError(ReplyError):
    """The value is not at the version any more that it was to be set at (code 1005); it was not set.

    The message says how it stands now. Read ``version`` and then ``get()`` again, and decide anew.
    """


class CommandError(RtWidgetsError):
    """A call of a command did not end well."""


class CommandNameError(CommandError, ValueError):
    """The command's name breaks the grammar."""


class HandlerAwayError(CommandError):
    """Nobody serves the command now."""


class HandlerFailedError(CommandError):
    """The handler raised; the message is ``Type: text``."""


class DeadlineError(CommandError):
    """The handler did not answer before the deadline."""


class CallCancelledError(CommandError):
    """The call was cancelled; inside a handler, `rtwidgets.progress` raises it so that the handler stops."""


class OutcomeUnknownError(CommandError):
    """The handler's connection ended mid-way; it may or may not have acted."""


class ReplyTimeoutError(RtWidgetsError):
    """The hub did not answer a request in time."""
