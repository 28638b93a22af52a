"""The driver: keeps one session connected and moves its bytes. Everything here runs in the portal's loop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Raw

from ..errors import (
    ClosedError,
    HubError,
    HubUnreachableError,
    TokenRefusedError,
)
from ..protocol import codec, codes
from ..protocol.messages import Command, ConnectResult, Error, Reply, RpcRequest
from .address import Address
from .backoff import Backoff
from .exchange import Exchange
from .notices import Answered, Garbled, Notice, Online, Refused, Silent, Unanswered
from .publisher import Publisher
from .replies import greeting_of, outcome_of, reply_error
from .session import Session
from .sockets import Socket, SocketClosedError, open_socket

CONNECT_TIMEOUT_S = 5.0
FLUSH_INTERVAL_S = 0.004
_TICK_S = 0.5
_TOKEN_CODES = {codes.UNAUTHORIZED.code, codes.TOKEN_EXPIRED.code, codes.INVALID_TOKEN.code}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect and as whom."""

    address: Address
    token: str = field(repr=False)


class Listener(Protocol):
    """What the driver tells its owner, in the loop."""

    def on_online(self, result: ConnectResult) -> None:
        """The hub accepted us; what is asked now goes out before the subscriptions."""

    def on_notice(self, notice: Notice) -> None:
        """Something arrived for a channel or for this connection."""

    def on_status(self, status: str) -> None:
        """``"connected"`` or ``"disconnected: reason"``."""


class Driver:
    """Connect, read, write, and connect again, until closed or refused for good.

    Args:
        session: The protocol's state.
        publisher: Where batches come from.
        locate: Returns the endpoint, anew before each connection.
        relocates: Whether a refused token may be another one next time (the local hub's file).
        listener: Who hears of it.
    """

    def __init__(
        self,
        session: Session,
        publisher: Publisher,
        locate: Callable[[], Awaitable[Endpoint]],
        *,
        relocates: bool,
        listener: Listener,
    ) -> None:
        self.session = session
        self.exchange = Exchange(session, self.wake)
        self.hub_id = ""
        # Which of the hub's processes it is, where there are several: what one knows of calls no other does.
        self.process_id = ""
        self._publisher = publisher
        self._locate = locate
        self._relocates = relocates
        self._listener = listener
        # So slowly that after an outage we are back in half of the time that it took.
        self._backoff = Backoff(random.random, growth=1.3)
        self._again = Backoff(random.random, base_s=0.1, cap_s=2.0)
        self._resuming: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._batches: dict[int, int] = {}
        self._refusal: Error | None = None
        self._problem = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> str:
        """``"connected"`` or ``"disconnected: reason"``."""
        return self.exchange.status

    @property
    def fatal(self) -> HubError | ClosedError | None:
        """Why it will not connect again, or None."""
        return self.exchange.fatal

    async def start(self) -> None:
        """Connect for the first time, then stay connected in the background.

        Raises:
            HubUnreachableError: If there is no hub.
            TokenRefusedError: If it does not accept the token.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(first))
        try:
            await first
        except asyncio.CancelledError:  # the caller gave up, as by an interrupt
            self._task.cancel()
            raise

    async def close(self) -> None:
        """End the connection; whatever waits for an answer raises ClosedError."""
        self._end(ClosedError("the hub object was closed: call rtwidgets.connect() again"))
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def wake(self) -> None:
        """Send what there is to send, soon."""
        self._wake.set()

    # the connection -------------------------------------------------------------

    async def _run(self, first: asyncio.Future[None]) -> None:
        while self.fatal is None:
            try:
                reason = await self._connection(first)
            except asyncio.CancelledError:
                if not first.done():
                    first.cancel()
                self._listener.on_status("disconnected: closed")
                raise
            except Exception as error:
                if not first.done():
                    first.set_exception(error)
                    return
                reason = str(error)
                if isinstance(error, TokenRefusedError) and not self._relocates:
                    self._end(error)
            self._set_status(f"disconnected: {reason}")
            if self.fatal is not None:
                return
            await asyncio.sleep(self._backoff.next())

    async def _connection(self, first: asyncio.Future[None]) -> str:
        """Live through one connection and return why it ended."""
        endpoint = await self._locate()
        socket = await open_socket(endpoint.address)
        self._refusal, self._problem = None, ""
        self.session.open(endpoint.token, time.monotonic())
        self._wake.set()
        tasks = [
            asyncio.create_task(self._read(socket, first)),
            asyncio.create_task(self._write(socket)),
            asyncio.create_task(self._watch()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            was_online = self.session.online
            ended = next((t.exception() for t in tasks if t.done() and not t.cancelled()), None)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._lost()
            await asyncio.shield(asyncio.ensure_future(socket.close()))
        return self._ending(endpoint, ended, was_online)

    def _ending(self, endpoint: Endpoint, ended: BaseException | None, was_online: bool) -> str:
        """Return why a connection ended; raise when that settles more than this one connection."""
        where = endpoint.address.shown
        code = ended.code if isinstance(ended, SocketClosedError) else 0
        reason = self._problem or (str(ended) if ended is not None else "ended")
        if self._refusal is not None:
            code, reason = self._refusal.code, self._refusal.message
        if not was_online and code in _TOKEN_CODES:
            raise TokenRefusedError(
                f"the hub at {where} did not accept the token ({reason}): get a new one and give it as "
                "connect(url, token=...) or RTWIDGETS_HUB_TOKEN; who came by a link asks for a new link"
            )
        if not was_online:
            raise HubUnreachableError(
                f"no hub at {where}: it took the connection but did not answer: {reason}"
            )
        if 3500 <= code < 4000 and not (self._relocates and code == codes.INVALID_TOKEN.code):
            text = f"the hub at {where} ended the connection for good: {reason} (code {code})"
            if code == codes.REVOKED.code:
                text += "; ask an owner for a new token or link, and connect with it"
            self._end(HubError(text))
        elif ended is not None and not isinstance(ended, SocketClosedError):
            raise ended
        return reason

    async def _read(self, socket: Socket, first: asyncio.Future[None]) -> None:
        while True:
            frame = await socket.recv()
            for notice in self.session.receive(frame, time.monotonic()):
                match notice:
                    case Online(result):
                        self._on_online(result)
                        if not first.done():
                            first.set_result(None)
                    case Refused(error):
                        self._refusal = error
                        return
                    case Garbled(problem):
                        self._problem = f"it sent what is not the protocol: {problem}"
                        return
                    case Answered(id, reply):
                        self._on_answer(id, reply)
                    case _:
                        self._listener.on_notice(notice)
            self._wake.set()  # for a pong

    async def _write(self, socket: Socket) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            published = False
            while self.session.online and (batch := self._publisher.next()) is not None:
                request = RpcRequest("rtwidgets.publish", Raw(batch.payload))
                self._batches[self.session.ask(Command(rpc=request))] = batch.seq
                published = True
            for frame in _frames(self.session.take(), self._publisher.max_message_bytes):
                await socket.send(frame)
            if published:  # at once when idle, joined when busy
                await asyncio.sleep(FLUSH_INTERVAL_S)

    async def _watch(self) -> None:
        give_up = time.monotonic() + CONNECT_TIMEOUT_S
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            if not self.session.online and now > give_up:
                self._problem = f"no reply to connect in {CONNECT_TIMEOUT_S:g} s"
                return
            if any(isinstance(notice, Silent) for notice in self.session.tick(now)):
                self._problem = "the hub has gone silent"
                return
            self._wake.set()

    def _on_online(self, result: ConnectResult) -> None:
        greeting = greeting_of(result)
        self.hub_id = greeting.hub
        self.process_id = greeting.process or greeting.hub
        self._publisher.max_message_bytes = max(1024, greeting.max_message_bytes)
        self._backoff.reset()
        self._listener.on_online(result)
        self.session.restore()
        self._publisher.set_online(True)
        self.exchange.online()
        self._set_status("connected")
        self._wake.set()

    def _on_answer(self, id: int, reply: Reply) -> None:
        seq = self._batches.pop(id, None)
        if seq is None:
            self.exchange.answer(id, reply)
            return
        if reply.error is not None:
            self._publisher.refuse(seq, reply_error(reply.error.code, reply.error.message))
        else:
            errors, postponed, versions = outcome_of(reply)
            if postponed:
                self._publisher.postpone(seq, errors, postponed)
                self._resume_later()
            else:
                self._publisher.acknowledge(seq, errors, versions)
                if self._resuming is None:
                    self._again.reset()
        self._wake.set()

    def _resume_later(self) -> None:
        """Send what the hub could not take again in a while."""
        if self._resuming is None:
            self._resuming = asyncio.get_running_loop().call_later(self._again.next(), self._resume)

    def _resume(self) -> None:
        self._resuming = None
        self._publisher.resume()
        self._wake.set()

    def _lost(self) -> None:
        self._batches.clear()
        if self._resuming is not None:  # all of them are sent again on the next connection
            self._resuming.cancel()
            self._resuming = None
        self.exchange.offline(n.id for n in self.session.lost() if isinstance(n, Unanswered))
        self._publisher.set_online(False)

    def _end(self, error: HubError | ClosedError) -> None:
        self.exchange.end(error)
        self._publisher.end(error)

    def _set_status(self, status: str) -> None:
        if status != self.exchange.status:
            self.exchange.status = status
            self._listener.on_status(status)


def _frames(lines: list[bytes], max_bytes: int) -> Iterator[str]:
    """Join lines into frames the hub takes."""
    joined: list[bytes] = []
    size = 0
    for line in lines:
        if joined and size + len(line) + 1 > max_bytes:
            yield codec.join(joined).decode()
            joined, size = [], 0
        joined.append(line)
        size += len(line) + 1
    if joined:
        yield codec.join(joined).decode()
