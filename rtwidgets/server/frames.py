"""A uvicorn WebSocket protocol that lets the hub write prepared frames.

ASGI takes a message and frames it, for every recipient anew. Frames of a server are not masked, so the bytes
of one frame are valid for every subscriber: this class hands the transport over to the hub, as the ASGI
extension `rtwidgets.frames`. Without it, on another server, the hub uses plain ASGI sends.
"""

from __future__ import annotations

from asyncio import TimerHandle
from typing import TYPE_CHECKING, Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from .frame_parser import CLOSE, PING, PONG, Control, FrameFault, FrameParser, frame_head

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

EXTENSION = "rtwidgets.frames"
# How long a peer may take to answer a close frame.
CLOSE_TIMEOUT_S = 5.0
# So many frames of a peer are read while it has not answered a close frame; what follows is dropped unread.
MOST_BEHIND_CLOSE = 1_000
# What comes behind that, or is no frame, is read at this pace and dropped.
DROP_INTERVAL_S = 0.1
# Above this many unsent bytes of its own the transport says that it is full.
WRITE_BUFFER_BYTES = 16 * 1024


class FrameOwner(Protocol):
    """Who took a transport over."""

    def on_messages(self, messages: list[bytes], controls: int) -> None:
        """Something was read: whole messages and so many control frames, or nothing whole yet."""

    def on_fault(self, fault: FrameFault) -> None:
        """What was read breaks the rules: the connection ends."""

    def on_writable(self) -> None:
        """There is room again after `writable` was False."""

    def on_lost(self) -> None:
        """The connection is gone."""


class FramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with a transport that can be taken over after the handshake."""

    _owner: FrameOwner | None = None
    _parser: FrameParser
    _closing = False
    # Behind our close frame this much is looked at for the peer's.
    _patience = MOST_BEHIND_CLOSE
    _drop_timer: TimerHandle | None = None
    # Whether the transport takes more now.
    is_writable = True

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            # uvicorn takes a handshake that was refused so for one without an answer, an error for the log.
            self.handshake_complete = True

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:  # the handshake was one
            scope["extensions"][EXTENSION] = {"take_over": self.take_over}

    def take_over(self, owner: FrameOwner, max_fragments: int) -> FramesProtocol:
        """Give the accepted connection's frames to an owner, in both directions.

        Args:
            max_fragments: Most frames that one message may come in; 0 for no bound.
        """
        self._owner = owner
        self._parser = FrameParser(self.config.ws_max_size, max_fragments)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        early = bytes(self.conn.reader.buffer)
        if early:
            self.conn.reader.buffer.clear()
            self.data_received(early)
        return self

    @property
    def is_ending(self) -> bool:
        """Whether a close frame was sent or came."""
        return self._closing

    def write(self, frame: bytes) -> None:
        """Send a prepared frame: its head and payload as they go on the wire."""
        self.transport.write(frame)

    def pause(self) -> None:
        """Read no further until `resume`."""
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.read_paused and not self._closing:
            self.read_paused = False
            self.transport.resume_reading()

    def end(self, code: int, reason: str) -> None:
        """Send a close frame, and close the socket when the peer has answered it or the time is up."""
        if self._closing:
            return
        # For the peer's answer: who had sent too much is not read just now.
        self.resume()
        self._closing = self.close_sent = True
        self.is_writable = False
        payload = code.to_bytes(2, "big") + reason.encode()[:123]
        self.transport.write(frame_head(len(payload), CLOSE) + payload)
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def abort(self) -> None:
        """Drop the connection and whatever it has not sent."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        owner = self._owner
        if owner is None:
            super().data_received(data)
            return
        if self._closing:
            self._await_close(data)
            return
        try:
            messages, controls = self._parser.feed(data)
        except FrameFault as fault:
            owner.on_fault(fault)
            self.end(fault.code, fault.reason)
            return
        owner.on_messages(messages, len(controls))
        if controls:
            self._answer(controls)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.is_writable = False

    def resume_writing(self) -> None:
        super().resume_writing()
        self.is_writable = not self._closing
        if self._owner is not None:
            self._owner.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._drop_timer is not None:
            self._drop_timer.cancel()
        if self._owner is not None:
            self._owner.on_lost()
            self._owner = None

    def shutdown(self) -> None:
        if self._owner is not None:
            self.end(1012, "")
        elif self.handshake_complete:
            super().shutdown()
        # Else the application is about to answer with 503, on which a front asks another hub; the 500 that
        # uvicorn has for it would go to the client.

    def _answer(self, controls: list[Control]) -> None:
        """Answer control frames that came together; of pings the last, which stands for those before it.

        Source: RFC 6455, section 5.5.3. An answer to each would be a call of the system for each.
        """
        # A peer that sends pings and reads nothing gets no second answer while the first waits.
        # Nor does one that is gone: each answer to it would be a line in the log.
        ping = next((frame for frame in reversed(controls) if frame.opcode == PING), None)
        if ping is not None and self.is_writable and not self.transport.is_closing():
            self.write(frame_head(len(ping.payload), PONG) + ping.payload)
        last = controls[-1]
        if last.opcode == CLOSE:
            self._closing = True
            self.is_writable = False
            self.write(frame_head(len(last.payload), CLOSE) + last.payload)
            self.transport.close()

    def _await_close(self, data: bytes) -> None:
        """Look for the peer's answer to our close frame and nothing else."""
        try:
            messages, controls = self._parser.feed(data) if self._patience > 0 else ([], [])
        except FrameFault:
            self._patience = 0
            messages, controls = [], []
        self._patience -= len(messages) + len(controls)
        if any(frame.opcode == CLOSE for frame in controls):
            self.transport.close()
        elif self._patience <= 0 and not self.transport.is_closing():
            # What still comes is dropped: closing with unread bytes would reset the connection, and the peer
            # would not hear why it ended. It must cost next to nothing, so it is read now and then.
            self.transport.pause_reading()
            self._drop_timer = self.loop.call_later(DROP_INTERVAL_S, self.transport.resume_reading)
