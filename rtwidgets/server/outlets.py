"""Sockets whose transport the hub writes itself, and the one place where all of them are written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..core import Connection, Hub
from ..core.inbox import TURN_S
from .frame_parser import POLICY, TOO_BIG, FrameFault, frame_head
from .frames import CLOSE_TIMEOUT_S, FramesProtocol
from .logs import connection_ended

# A frame to a client ends at about this size. It bounds what a stalled reader holds.
FRAME_BYTES = 48 * 1024
# An outlet that has written so much goes on in the next turn of the loop: making the pieces of a large table
# takes long, and a socket may take many of them at once.
TURN_BYTES = 256 * 1024


class Outlets:
    """Write to every outlet that has something to take, once per turn of the loop; then let some work.

    Outlets whose cursors stand at the same place get the same frame object, and it is framed once. Commands
    that had to wait go on when everybody's frames have left: at most for one turn of a connection, which of
    several connections at work a few may share.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        # When something was last read from any outlet, by the loop's clock.
        self.last_input = 0.0
        self._ready: list[Outlet] = []
        self._at_work: deque[Outlet] = deque()
        self._writes_soon = False
        self._works_soon = False
        self._payload = b""
        self._frame = b""

    def ready(self, outlet: Outlet) -> None:
        """Note that an outlet's connection has something to take."""
        self._ready.append(outlet)
        if not self._writes_soon:
            self._writes_soon = True
            asyncio.get_running_loop().call_soon(self.write)

    def at_work(self, outlet: Outlet) -> None:
        """Note that an outlet's connection may go on with its commands."""
        self._at_work.append(outlet)
        self._work_soon()

    def write(self) -> None:
        """Write what is ready."""
        self._writes_soon = False
        ready, self._ready = self._ready, []
        now = self.now()
        for outlet in ready:
            try:
                outlet.pump(now)
            except Exception as error:  # one connection must not take the others of this turn down with it
                outlet.fail(error)

    def _work_soon(self) -> None:
        if not self._works_soon:
            self._works_soon = True
            # Unlike `call_soon`: behind what has come meanwhile.
            asyncio.get_running_loop().call_later(0, self._work)

    def _work(self) -> None:
        self.write()
        # Not before: whom `write` has found at work has its turn now.
        self._works_soon = False
        clock, now = self._at_work[0].connection.hub.clock, self.now()
        begun = clock()
        for _ in range(len(self._at_work)):
            outlet = self._at_work.popleft()
            try:
                outlet.work(now)
            except Exception as error:
                outlet.fail(error)
            if clock() - begun >= TURN_S:
                break
        if self._at_work:
            self._work_soon()

    def framed(self, payload: bytes) -> bytes:
        """Return a payload as a whole frame; the same payload object as the last one is not framed again."""
        if payload is not self._payload:
            self._payload = payload
            self._frame = frame_head(len(payload)) + payload
        return self._frame


class Outlet:
    """One socket: its frames go into the core, what the core has goes out."""

    def __init__(self, hub: Hub, outlets: Outlets) -> None:
        self._outlets = outlets
        self._queued = False
        self._is_at_work = False
        self._deadline: asyncio.TimerHandle | None = None
        self._send_timeout_s = hub.rules.limits.send_timeout_s
        self._port: FramesProtocol | None = None
        # Whether it broke the rules of WebSocket frames.
        self.had_fault = False
        self.lost = asyncio.get_running_loop().create_future()
        self._opened_at = outlets.now()
        self.connection: Connection = hub.open(self._wake, self._opened_at)

    def attach(self, port: FramesProtocol) -> None:
        """Take the transport; frames may come from now on."""
        self._port = port

    # from the core ------------------------------------------------------------

    def _wake(self) -> None:
        if not self._queued:
            self._queued = True
            self._outlets.ready(self)

    # from the transport ---------------------------------------------------------

    def on_messages(self, messages: list[bytes], controls: int) -> None:
        self._outlets.last_input = asyncio.get_running_loop().time()
        if controls:
            self.connection.ping(controls, self._outlets.now())
        if messages:
            self.connection.receive(messages, self._outlets.now())
        if self.connection.congested and self._port is not None:
            self._port.pause()

    def on_fault(self, fault: FrameFault) -> None:
        self.had_fault = True
        limit = {TOO_BIG: "max_message_bytes", POLICY: "fragments_per_message"}.get(fault.code)
        if limit is not None:
            self.connection.hub.refused[limit] += 1

    def on_writable(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._wake()

    def on_lost(self) -> None:
        self._port = None
        if self._deadline is not None:
            self._deadline.cancel()
        now = self._outlets.now()
        self.connection.end(now)
        connection_ended(self.connection, now - self._opened_at)
        if not self.lost.done():
            self.lost.set_result(None)

    def fail(self, error: Exception) -> None:
        """Drop the connection after a fault of ours."""
        self.connection.hub.on_fault(error)
        if self._port is not None:
            self._port.abort()

    def _give_up(self, port: FramesProtocol) -> None:
        self.connection.hub.refused["send_timeout_s"] += 1
        port.abort()

    def _set_deadline(self, port: FramesProtocol) -> None:
        """Drop a peer that takes nothing for too long."""
        timeout_s = self._send_timeout_s
        if self.connection.closing is not None:
            # Who is sent away and reads nothing would stay: the close frame can't leave.
            timeout_s = min(timeout_s or CLOSE_TIMEOUT_S, CLOSE_TIMEOUT_S)
        elif not self.connection.has_output:
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + timeout_s
        if timeout_s and (self._deadline is None or due < self._deadline.when()):
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = loop.call_at(due, self._give_up, port)

    # out ------------------------------------------------------------------------

    def pump(self, now: float) -> None:
        """Write until there is nothing left or the transport is full."""
        self._queued = False
        port, connection = self._port, self.connection
        if port is None or port.is_ending:
            return
        written = 0
        while port.is_writable and connection.has_output:
            payload = connection.take(FRAME_BYTES, now)
            if payload is None:
                break
            written += len(payload)
            port.write(self._outlets.framed(payload))
            if written >= TURN_BYTES:
                self._wake()
                return
        if not port.is_writable:
            self._set_deadline(port)
        elif connection.can_go_on:
            if not self._is_at_work:
                self._is_at_work = True
                self._outlets.at_work(self)
        elif connection.closing is not None:
            port.end(*connection.closing)
        elif port.read_paused and not connection.congested:
            port.resume()

    def work(self, now: float) -> None:
        """Go on with commands that wait, and write what comes of it."""
        self._is_at_work = False
        self.connection.resume(now)
        self.pump(now)
