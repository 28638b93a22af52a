"""One run of a command, and how it can end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec import Raw, Struct

from ...protocol import codec, codes
from ...protocol.messages import Error, Reply, RpcResult
from ...protocol.names import scope_of
from ..timers import Timer

if TYPE_CHECKING:
    from ..connection import Connection
    from .remote import Remote

End: TypeAlias = Literal["done", "failed", "cancelled", "deadline", "unknown"]
State: TypeAlias = Literal["running", "cancelling"] | End

ENDS: tuple[End, ...] = get_args(End)

_encode = msgspec.json.Encoder().encode


class Outcome(Struct, frozen=True):
    """How a call ended, for its caller and for whoever asks again with its key.

    Args:
        state: The end.
        data: What a reply carries when the handler answered; None when there is no result.
        error: What a reply says when there is no result.
    """

    state: End
    data: Raw | None = None
    error: Error | None = None

    def reply(self, connection: Connection, request_id: int) -> None:
        """Answer a request for the call."""
        if self.data is None:
            assert self.error is not None
            connection.fail(request_id, self.error)
        else:
            # Not what its connection waits for: many may come at once, from whoever answers.
            connection.notify(codec.encode(Reply(id=request_id, rpc=RpcResult(self.data))))

    @property
    def fault(self) -> str:
        """What others are told of why it did not go well."""
        return "" if self.error is None else self.error.message


def done(result: Raw) -> Outcome:
    """Return the outcome of a call whose handler answered."""
    return Outcome("done", data=Raw(_encode({"result": result})))


def failed(message: str) -> Outcome:
    """Return the outcome of a call whose handler raised."""
    return Outcome("failed", error=Error(codes.HANDLER_FAILED, message))


def cancelled(command: str, by: str) -> Outcome:
    """Return the outcome of a call that was cancelled; by its handler where nobody asked for it."""
    who = f"by {by}" if by else "by its handler"
    return Outcome("cancelled", error=Error(codes.CANCELLED, f"the call of {command!r} was cancelled {who}"))


def too_late(command: str) -> Outcome:
    """Return the outcome of a call that was not answered before its deadline."""
    message = f"the command {command!r} did not answer in time"
    return Outcome("deadline", error=Error(codes.DEADLINE_PASSED, message))


def away(command: str) -> Outcome:
    """Return the outcome of a call that found no handler."""
    return Outcome("failed", error=nobody_serves(command))


def nobody_serves(command: str) -> Error:
    """Return what a call is refused with that has no handler."""
    return Error(codes.HANDLER_AWAY, f"nobody serves the command {command!r} now")


def behind(command: str) -> str:
    """Return why a call is not given to a handler that has not read those before."""
    return f"what serves {command!r} has not read the calls before this one yet: try again in a moment"


def unknown(command: str) -> Outcome:
    """Return the outcome of a call whose handler went away."""
    message = f"the handler of {command!r} went away; whether it acted is unknown"
    return Outcome("unknown", error=Error(codes.OUTCOME_UNKNOWN, message))


@dataclass(eq=False, slots=True)
class Call:
    """A call under way.

    Args:
        id: Made by the hub, known to handler and watchers.
        command: Its whole name.
        caller: The connection that called first; it may have gone since.
        handler: Who runs it.
        key: What the caller tells it apart by; empty when it did not.
        digest: Stands for the arguments of a call with a key.
        started_at: Seconds since the Unix epoch.
        deadline: Likewise.
        size: Bytes of its arguments.
        waiting: Who gets the outcome: connections and the ids of their requests.
        state: Where it stands.
        fraction: How much of it is done, 0 to 1; None when that is not known.
        note: What the handler says about that.
        cancelled_by: Who asked to cancel it.
        timer: What happens next by itself.
    """

    id: str
    command: str
    caller: Connection
    handler: Connection | Remote
    key: str
    digest: bytes
    started_at: float
    deadline: float
    size: int
    waiting: list[tuple[Connection, int]] = field(default_factory=list)
    state: State = "running"
    fraction: float | None = None
    note: str = ""
    cancelled_by: str = ""
    timer: Timer | None = None

    @property
    def scope(self) -> str:
        """The scope of its command."""
        return scope_of(self.command)

    @property
    def place(self) -> Place:
        """What tells it apart from all others with a key."""
        return Place(owner_of(self.caller), self.command, self.key)


class Place(Struct, frozen=True):
    """Where an outcome is kept: a key means something to one user and for one command only."""

    owner: str
    command: str
    key: str


class Person(NamedTuple):
    """Who did something, as others see it."""

    user: str
    name: str
    client: str


def person_of(connection: Connection) -> Person:
    """Return who is at a connection."""
    return Person(connection.info.user, connection.author.name, connection.client)


def owner_of(connection: Connection) -> str:
    """Return whose keys a connection uses: its user's; anonymous connections share none."""
    user = connection.info.user
    return f"user {user}" if user else f"client {connection.client}"
