"""Calls of commands, from the caller's side."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
from msgspec import Raw

from ..errors import (
    CallCancelledError,
    DeadlineError,
    HandlerAwayError,
    OutcomeUnknownError,
)
from ..protocol.names import calls_of, scope_of
from .encoding import encode_json
from .exchange import UnansweredError
from .link import RPC_TIMEOUT_S, Link
from .table_copy import Row, TableChange
from .tokens import user_of
from .workers import Strand

if TYPE_CHECKING:
    from .hub import Hub

CALL_TIMEOUT_S = 30.0
# The hub waits no longer for any handler.
MAX_TIMEOUT_S = 3600

_STATES: dict[type[Exception], str] = {
    CallCancelledError: "cancelled",
    DeadlineError: "deadline",
    OutcomeUnknownError: "unknown",
    HandlerAwayError: "away",
}


class Progress(NamedTuple):
    """How far a call is.

    Args:
        fraction: From 0 to 1; None when the handler does not know.
        note: What it is doing.
    """

    fraction: float | None = None
    note: str = ""


class CallRequest(msgspec.Struct, frozen=True):
    """What the hub is asked for."""

    command: str
    args: Raw
    timeout_ms: int
    key: str


def call_request(
    command: str, args: Mapping[str, object], timeout_s: float, key: str, link: Link
) -> CallRequest:
    """Return what the hub is asked for.

    Raises:
        ValueError: If the timeout is not above 0, or above an hour.
        ChannelError: If the arguments are no JSON, or too large.
    """
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, Real):
        raise TypeError(f"timeout_s is a number of seconds, such as 5 or 0.5, not {timeout_s!r}")
    if not 0 < timeout_s <= MAX_TIMEOUT_S or math.isnan(timeout_s):
        raise ValueError(f"timeout_s must be above 0 and at most {MAX_TIMEOUT_S}, not {timeout_s!r}")
    max_bytes = link.publisher.max_item_bytes
    encoded = encode_json(dict(args), f"the arguments of {command!r}", max_bytes=max_bytes)
    return CallRequest(command, Raw(encoded), max(1, round(timeout_s * 1000)), key)


async def ask(link: Link, request: CallRequest) -> Any:
    """Call a command and return its result; in the portal's loop.

    With a key it asks again when the connection ended before the answer: the hub then says what became of the
    call. A hub that was started anew knows nothing of it.

    Raises:
        CommandError: If the call does not end well.
        ReplyError: If the hub refuses it.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + request.timeout_ms / 1000 + RPC_TIMEOUT_S
    driver = link.driver
    while True:
        process_id, left_s = driver.process_id, ends_at - loop.time()
        try:
            result = await link.rpc_async("rtwidgets.call", request, left_s, once=True)
        except UnansweredError:
            if not request.key:
                raise
        else:
            return cast("dict[str, Any]", msgspec.json.decode(result))["result"]
        try:
            await asyncio.wait_for(driver.exchange.connected(), ends_at - loop.time())
        except TimeoutError:
            message = (
                f"the connection ended before {request.command!r} answered, and did not come back in time"
            )
            raise OutcomeUnknownError(f"{message}: it may or may not have acted") from None
        if driver.process_id != process_id:
            message = f"the hub, or its process, is another one since before {request.command!r} answered"
            raise OutcomeUnknownError(f"{message}: it may or may not have acted")


class Call:
    """A call under way, made by `Hub.start`.

    Args:
        hub: The hub that passes it on.
        request: What it is asked for; it has a key.
        on_progress: Called with fraction and note.
    """

    def __init__(
        self, hub: Hub, request: CallRequest, on_progress: Callable[[float | None, str], Any] | None
    ) -> None:
        link = hub._use()
        self._link = link
        self._request = request
        self._progress = Progress()
        self._is_cancelling = False
        endpoint = link.endpoint
        self._user = user_of(endpoint.token) if endpoint is not None else ""
        self._strand: Strand | None = None
        if on_progress is not None:
            self._strand = Strand(on_progress, f"on_progress of {request.command!r}", latest_only=True)
        # First, so that nothing the handler says is missed.
        untap = hub.table(calls_of(scope_of(request.command)))._tap(self._on_change)
        self._future: concurrent.futures.Future[Any] = link.portal.spawn(ask(link, request))
        self._future.add_done_callback(lambda _: untap())

    @property
    def command(self) -> str:
        """The command's name, with its scope."""
        return self._request.command

    @property
    def key(self) -> str:
        """What tells the call apart: called again with it, the command is not started again."""
        return self._request.key

    @property
    def state(self) -> str:
        """Where it stands: running, cancelling; done, failed, cancelled, deadline, unknown or away."""
        if not self._future.done():
            return "cancelling" if self._is_cancelling else "running"
        error = None if self._future.cancelled() else self._future.exception()
        if error is None:
            return "done"
        return next((state for kind, state in _STATES.items() if isinstance(error, kind)), "failed")

    @property
    def progress(self) -> Progress:
        """What the handler said last."""
        return self._progress

    def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the result and return it.

        Args:
            timeout_s: How long to wait, in seconds; None until the call ends, which its deadline sees to.

        Raises:
            TimeoutError: If it has not ended by then; it goes on.
            CommandError, ReplyError: As `Hub.call`.
        """
        if self._link.portal.is_current:
            raise RuntimeError("result() blocks and was called in rtwidgets' own event loop")
        return self._future.result(timeout_s)

    def cancel(self) -> None:
        """Ask the handler to stop. How the call ends is the handler's to say; `result` tells.

        Raises:
            PermissionDeniedError: If we may no longer call the command.
        """
        if not self._future.done():
            self._link.rpc("rtwidgets.cancel", {"command": self.command, "key": self.key})

    def __repr__(self) -> str:
        fraction, note = self._progress
        percent = "" if fraction is None else f" {fraction:.0%}"
        return f"<Call of {self.command!r}, {self.state}{percent}{f', {note}' if note else ''}>"

    def _on_change(self, change: TableChange) -> None:
        """Find our row; in the portal's loop."""
        for row in change.rows:
            if self._is_ours(row):
                self._is_cancelling = row.get("state") == "cancelling"
                self._take(row)

    def _is_ours(self, row: Row) -> bool:
        mine = (self.command, self.key, self._user)
        return (row.get("command"), row.get("key"), row.get("user")) == mine

    def _take(self, row: Row) -> None:
        fraction, note = row.get("fraction"), row.get("note")
        heard = Progress(
            float(fraction) if isinstance(fraction, int | float) else None,
            note if isinstance(note, str) else "",
        )
        if heard != self._progress:
            self._progress = heard
            if self._strand is not None:
                self._strand.call(*heard)
