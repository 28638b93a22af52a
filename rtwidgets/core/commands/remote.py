"""Calls whose handler is at another hub: carried there, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ...protocol import codec
from ...protocol.messages import Push, PushedMessage, Reply
from ..node_messages import Answered, Carry, Progressed
from .call import behind
from .messages import Answer, Failure, Progress

if TYPE_CHECKING:
    from ..connection import Connection
    from ..hub import Hub
    from .handlers import Handlers

_encode = msgspec.json.Encoder().encode


class Remote:
    """The handlers at another hub, as what a call is given to."""

    closing = None

    def __init__(self, node: str) -> None:
        self.node = node


class _Carried(Struct, eq=False):
    """A call of another hub whose handler is here."""

    node: str
    handler: Connection
    state: str = "running"


class Carrier:
    """The calls of other hubs whose handlers are here."""

    def __init__(self, hub: Hub, handlers: Handlers) -> None:
        self._hub = hub
        self._handlers = handlers
        self._calls: dict[str, _Carried] = {}

    def count_served_by(self, handler: Connection) -> int:
        """Return how many a connection serves."""
        return sum(carried.handler is handler for carried in self._calls.values())

    def take(self, message: Carry) -> None:
        """Give a handler here what another hub has for it."""
        carried = self._calls.get(message.call)
        if message.what == "call":
            handlers = [one for one in self._handlers.of(message.command) if one.closing is None]
            if not handlers or carried is not None:
                self._send(message.node, Answered(self._node, message.call, away=True))
                return
            handler = min(handlers, key=self.count_served_by)
            if handler.is_behind(len(message.data), 2):
                self._hub.refused["handler_behind"] += 1
                answer = Answer(message.call, error=Failure("Busy", behind(message.command)))
                self._send(message.node, Answered(self._node, message.call, _encode(answer)))
                return
            self._handlers.take_turn(message.command, handler)
            carried = self._calls[message.call] = _Carried(message.node, handler)
        if carried is None:
            return
        if message.what == "cancel":
            carried.state = "cancelling"
        elif message.what == "deadline":
            del self._calls[message.call]
        push = PushedMessage(Raw(message.data))
        carried.handler.notify(codec.encode(Reply(push=Push(message=push))))

    def progress(self, handler: Connection, report: Progress) -> str:
        """Pass on how far a call is, and return its state, ``"ended"`` if there is none."""
        carried = self._of(handler, report.call)
        if carried is None:
            return "ended"
        self._send(carried.node, Progressed(self._node, report.call, report.fraction, report.note))
        return carried.state

    def finish(self, handler: Connection, answer: Answer) -> None:
        """Pass on a handler's answer."""
        carried = self._of(handler, answer.call)
        if carried is not None:
            del self._calls[answer.call]
            self._send(carried.node, Answered(self._node, answer.call, _encode(answer)))

    def gone(self, handler: Connection) -> None:
        """Say that a handler has gone: of what it was serving nobody knows the outcome."""
        for call, carried in list(self._calls.items()):
            if carried.handler is handler:
                del self._calls[call]
                self._send(carried.node, Answered(self._node, call, lost=True))

    def node_gone(self, node: str) -> None:
        """Forget the calls of a hub that has ended; nobody waits for them any more."""
        for call in [call for call, carried in self._calls.items() if carried.node == node]:
            del self._calls[call]

    def _of(self, handler: Connection, call: str) -> _Carried | None:
        carried = self._calls.get(call)
        return None if carried is None or carried.handler is not handler else carried

    @property
    def _node(self) -> str:
        assert self._hub.nodes is not None
        return self._hub.nodes.node

    def _send(self, node: str, message: Answered | Progressed) -> None:
        assert self._hub.nodes is not None
        self._hub.nodes.send(node, message)
