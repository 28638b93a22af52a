"""Requests and their replies, over a session whose connection may end in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from msgspec import Raw

from ..errors import ClosedError, HubError, OutcomeUnknownError, ReplyTimeoutError
from ..protocol.messages import Command, Error, Reply, RpcRequest
from .replies import error_of
from .session import Session

log = logging.getLogger("rtwidgets")

# What the hub can't take for now is told again after this.
AGAIN_S = 1.0


class UnansweredError(OutcomeUnknownError):
    """The connection ended before the reply to a request that is not asked twice."""


class Exchange:
    """Who waits for which reply. Everything here runs in the portal's loop.

    Args:
        session: Numbers and queues the requests.
        wake: Makes the driver send them.
    """

    def __init__(self, session: Session, wake: Callable[[], None]) -> None:
        self.status = "disconnected: not connected yet"
        self.fatal: HubError | ClosedError | None = None  # why there will be no connection again
        self._session = session
        self._wake = wake
        self._online = asyncio.Event()
        self._connection = 0
        self._waiting: dict[int, asyncio.Future[Reply | None]] = {}

    async def request(self, command: Command, timeout_s: float, *, once: bool = False) -> Reply:
        """Ask the hub and return its reply; ask again when the connection ended before it came.

        Args:
            command: The request.
            timeout_s: Time for all of it, waiting for a connection included.
            once: Do not ask twice: the request may have been carried out.

        Raises:
            ReplyError: If the hub answers with an error; for commands, a CommandError.
            ReplyTimeoutError: If the time ran out.
            UnansweredError: With ``once``, if the connection ended in between.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while (reply := await self._ask(command)) is None:
                    if once:
                        raise UnansweredError(
                            "the connection to the hub ended before the answer: "
                            "it may or may not have happened"
                        )
        except TimeoutError:
            waiting = "the hub did not answer" if self._session.online else f"no connection ({self.status})"
            raise ReplyTimeoutError(f"no reply in {timeout_s:g} s: {waiting}") from None
        if reply.error is not None:
            raise error_of(reply.error)
        return reply

    def tell(self, method: str, data: bytes, on_error: Callable[[Error], None]) -> None:
        """Send an rpc on the present connection only, again if the hub can't take it for now.

        Call it while online.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply | None] = loop.create_future()
        connection = self._connection

        def again() -> None:
            if self._session.online and self._connection == connection:
                self.tell(method, data, on_error)

        def done(answered: asyncio.Future[Reply | None]) -> None:
            reply = None if answered.cancelled() else answered.result()
            if reply is None or reply.error is None:
                return
            if reply.error.temporary:
                log.warning("the hub can't take %s now: %s; it is asked again", method, reply.error.message)
                loop.call_later(AGAIN_S, again)
            else:
                on_error(reply.error)

        future.add_done_callback(done)
        self._waiting[self._session.ask(Command(rpc=RpcRequest(method, Raw(data))))] = future
        self._wake()

    def online(self) -> None:
        """Let requests out that waited for a connection."""
        self._online.set()

    def offline(self, unanswered: Iterable[int]) -> None:
        """Hold requests back; those without a reply go again or fail, as they were asked to."""
        self._connection += 1
        if self.fatal is None:
            self._online.clear()
        for id in unanswered:
            self._settle(id, None)

    def end(self, error: HubError | ClosedError) -> None:
        """Fail what waits and what comes with this error."""
        self.fatal = error
        self._online.set()

    def answer(self, id: int, reply: Reply) -> None:
        """Pass a reply to who waits for it, if anybody still does."""
        self._settle(id, reply)

    async def connected(self) -> None:
        """Wait for a connection.

        Raises:
            HubError, ClosedError: If there will be none.
        """
        while not self._session.online:
            if self.fatal is not None:
                raise self.fatal
            await self._online.wait()

    async def _ask(self, command: Command) -> Reply | None:
        await self.connected()
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        id = self._session.ask(command)
        self._waiting[id] = future
        self._wake()
        try:
            return await future
        finally:
            self._waiting.pop(id, None)

    def _settle(self, id: int, reply: Reply | None) -> None:
        future = self._waiting.pop(id, None)
        if future is not None and not future.done():
            future.set_result(reply)
