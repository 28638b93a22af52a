"""The load generator: many connections on one epoll, counted at byte level."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence

from .counting import count_markers
from .dialects import Dialect
from .frames import connect
from .payload import MARKER, STAMP_BYTES, now_us

READ_BYTES = 256 * 1024
# Of a read with many messages the times of about so many are taken, at equal distances.
SAMPLES_A_READ = 16
# Few, so that the publisher has its turn while much is to be read.
EVENTS_A_TURN = 16
# A marker may be cut by the end of a read, so each read is looked at together with what came just before.
TAIL_BYTES = len(MARKER) - 1


class Reader:
    """One subscriber's connection.

    Args:
        sampled: Whether the times in its messages are read.
    """

    __slots__ = ("closed", "count", "next_ping", "sampled", "sock", "tail")

    def __init__(self, sock: socket.socket, sampled: bool, next_ping: float) -> None:
        self.sock = sock
        self.sampled = sampled
        self.next_ping = next_ping
        self.count = 0
        self.tail = b"\0" * TAIL_BYTES
        self.closed = False


class Swarm:
    """Connections to one server: subscribers, and one publisher.

    Every message is counted on every connection. Nothing is parsed, except the time stamps that sampled
    connections receive.
    """

    def __init__(self, port: int, dialect: Dialect) -> None:
        self._port = port
        self._dialect = dialect
        self._epoll = select.epoll()
        self._buffer = bytearray(TAIL_BYTES + READ_BYTES)
        self._space = memoryview(self._buffer)[TAIL_BYTES:]
        self._by_fd: dict[int, Reader] = {}
        self._pending = memoryview(b"")
        self.readers: list[Reader] = []
        self._stalling: list[Reader] = []
        self.latencies_us: list[int] = []
        self.sampling = False
        self.refusals = 0
        self.publisher = self._open(())
        self._publisher_fd = self.publisher.sock.fileno()
        self._watch(self.publisher)

    def subscribe(self, channels: Sequence[str], *, sampled: bool = False, stalls: bool = False) -> None:
        """Add a subscriber of these channels.

        Args:
            sampled: Whether the times in its messages are read.
            stalls: Whether it will stop reading when `stall` says so.
        """
        reader = self._open(channels, sampled=sampled)
        (self._stalling if stalls else self.readers).append(reader)
        self._watch(reader)

    def stall(self) -> None:
        """Let the subscribers that were marked for it read no more."""
        for reader in self._stalling:
            if not reader.closed:
                self._epoll.unregister(reader.sock.fileno())

    @property
    def received(self) -> int:
        """Messages that reading subscribers got, together."""
        return sum(reader.count for reader in self.readers)

    def send(self, data: bytes) -> None:
        """Publish bytes; call it only while `idle`."""
        self._pending = memoryview(data)
        self._push()

    @property
    def idle(self) -> bool:
        """Whether the kernel has taken everything that was to be published."""
        return not self._pending

    def turn(self, timeout_s: float) -> None:
        """Wait for the sockets, at most so long, and take what they have."""
        ready = self._epoll.poll(0, EVENTS_A_TURN)
        if not ready and timeout_s > 0:
            # epoll alone waits in whole milliseconds.
            select.select((self._epoll.fileno(),), (), (), timeout_s)
            ready = self._epoll.poll(0, EVENTS_A_TURN)
        now = time.monotonic()
        for fd, events in ready:
            if events & select.EPOLLOUT:
                self._push()
            if events & ~select.EPOLLOUT:
                self._read(self._by_fd[fd], now)

    def close(self) -> None:
        """Close every connection."""
        for reader in (self.publisher, *self.readers, *self._stalling):
            reader.sock.close()
        self._epoll.close()

    def _open(self, channels: Sequence[str], *, sampled: bool = False) -> Reader:
        sock, received = connect(self._port, self._dialect.path)
        for step in self._dialect.hello(channels):
            sock.sendall(step.send)
            while step.expect not in received:
                piece = sock.recv(65_536)
                if not piece:
                    raise ConnectionError(
                        f"closed while waiting for {step.expect!r}; got {received[-300:]!r}"
                    )
                received += piece
            received = received.partition(step.expect)[2]
        sock.setblocking(False)
        keepalive = self._dialect.keepalive
        return Reader(sock, sampled, time.monotonic() + keepalive.first_s if keepalive else float("inf"))

    def _watch(self, reader: Reader) -> None:
        fd = reader.sock.fileno()
        self._by_fd[fd] = reader
        self._epoll.register(fd, select.EPOLLIN)

    def _push(self) -> None:
        while self._pending:
            try:
                sent = self.publisher.sock.send(self._pending)
            except BlockingIOError:
                self._epoll.modify(self._publisher_fd, select.EPOLLIN | select.EPOLLOUT)
                return
            except OSError:
                self.publisher.closed = True
                self._pending = memoryview(b"")
                return
            self._pending = self._pending[sent:]
        if not self.publisher.closed:
            self._epoll.modify(self._publisher_fd, select.EPOLLIN)

    def _read(self, reader: Reader, now: float) -> None:
        try:
            size = reader.sock.recv_into(self._space)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if size == 0:
            reader.closed = True
            self._epoll.unregister(reader.sock.fileno())
            return
        buffer, end = self._buffer, size + TAIL_BYTES
        buffer[:TAIL_BYTES] = reader.tail
        reader.tail = bytes(buffer[size:end])
        reader.count += count_markers(buffer, end)
        if reader is self.publisher:
            self.refusals += buffer.count(b'"error"', 0, end)
        if now >= reader.next_ping:
            self._pong(reader, end)
        if reader.sampled and self.sampling:
            self._sample(end)

    def _pong(self, reader: Reader, end: int) -> None:
        keepalive = self._dialect.keepalive
        if keepalive is not None and self._buffer.find(keepalive.ping, 0, end) >= 0:
            reader.sock.send(keepalive.pong)
            reader.next_ping += keepalive.interval_s

    def _sample(self, end: int) -> None:
        buffer, arrived = self._buffer, now_us()
        step = end // SAMPLES_A_READ
        at = buffer.find(MARKER, 0, end)
        while at >= 0:
            start = at + len(MARKER)
            if start + STAMP_BYTES > end:
                return
            self.latencies_us.append(arrived - int(buffer[start : start + STAMP_BYTES]))
            at = buffer.find(MARKER, max(start, at + step), end)
