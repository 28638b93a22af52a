"""Commands: who serves them, and the calls under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ..protocol import codec, codes
from ..protocol.messages import Error, Push, PushedMessage, Reply, RpcResult
from .channel import Channel
from .kinds import Table
from .refusal import Refusal
from .timers import Timer

if TYPE_CHECKING:
    from .connection import Connection
    from .hub import Hub

CATALOGUE = "table:rtwidgets.commands"
DEFAULT_TIMEOUT_MS = 30_000
MAX_TIMEOUT_MS = 3_600_000

_encode = msgspec.json.Encoder().encode


class CommandSpec(Struct):
    """What a handler says about itself."""

    name: str
    title: str = ""
    schema: Raw = Raw(b"{}")


class Failure(Struct):
    """How a handler failed."""

    type: str
    message: str = ""


class _Call(Struct):
    caller: Connection
    request_id: int
    handler: Connection
    timer: Timer
    command: str


class Commands:
    """Route calls to the connections that serve them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._handlers: dict[str, list[Connection]] = {}
        self._calls: dict[str, _Call] = {}

    def register(self, connection: Connection, specs: list[CommandSpec], now: float) -> None:
        """Let a connection serve commands from now on."""
        served = {name for name, who in self._handlers.items() if connection in who}
        self._hub.check(
            "commands_per_connection",
            len(served.union(spec.name for spec in specs)) - 1,
            "commands served by a connection",
        )
        for spec in specs:
            others = [who for who in self._handlers.get(spec.name, ()) if who is not connection]
            row: dict[str, list[object]] = {
                "name": [spec.name],
                "title": [spec.title or spec.name],
                "schema": [spec.schema],
                "handlers": [len(others) + 1],
            }
            # First, as there may be no room for it: what is not in the catalogue is not served.
            self._catalogue().publish(_encode({"upsert": row}), now=now)
            self._handlers[spec.name] = [*others, connection]

    def unregister(self, connection: Connection, names: list[str], now: float) -> None:
        """End serving some commands."""
        for name in names:
            handlers = self._handlers.get(name, [])
            if connection not in handlers:
                continue
            handlers.remove(connection)
            if handlers:
                row = {"name": [name], "handlers": [len(handlers)]}
                self._catalogue().publish(_encode({"upsert": row}), now=now)
            else:
                del self._handlers[name]
                self._catalogue().publish(_encode({"remove": [name]}), now=now)

    def call(
        self,
        caller: Connection,
        request_id: int,
        command: str,
        args: Raw,
        timeout_ms: int,
        now: float,
    ) -> None:
        """Pass a call to a handler; several handlers of a command take turns.

        Raises:
            Refusal: If nobody serves the command, or the caller has too many calls under way.
        """
        handlers = self._handlers.get(command)
        if not handlers:
            raise Refusal(Error(codes.HANDLER_AWAY, f"nobody serves the command {command!r} now"))
        under_way = sum(call.caller is caller for call in self._calls.values())
        self._hub.check("calls_per_connection", under_way, "calls under way at a time")
        handler = handlers.pop(0)
        handlers.append(handler)
        call_id = self._hub.make_id()
        timeout_s = min(max(timeout_ms, 1), MAX_TIMEOUT_MS) / 1000
        timer = self._hub.timers.at(now + timeout_s, lambda _: self._on_deadline(call_id))
        self._calls[call_id] = _Call(caller, request_id, handler, timer, command)
        message = {
            "rtwidgets": {
                "call": {
                    "id": call_id,
                    "command": command,
                    "args": args,
                    "caller": caller.info,
                    "deadline_ms": int((now + timeout_s) * 1000),
                }
            }
        }
        handler.notify(codec.encode(Reply(push=Push(message=PushedMessage(Raw(_encode(message)))))))

    def finish(self, handler: Connection, call_id: str, result: Raw, failure: Failure | None) -> None:
        """Pass a handler's answer to the caller. An answer after the deadline is dropped."""
        call = self._calls.get(call_id)
        if call is None or call.handler is not handler:
            return
        self._end(call_id)
        if failure is not None:
            message = f"{failure.type}: {failure.message}" if failure.message else failure.type
            call.caller.fail(call.request_id, Error(codes.HANDLER_FAILED, message))
        else:
            data = Raw(_encode({"result": result}))
            # Not what its connection waits for: many may come at once, from whoever answers.
            call.caller.notify(codec.encode(Reply(id=call.request_id, rpc=RpcResult(data))))

    def gone(self, connection: Connection, now: float) -> None:
        """Forget a connection: its handlers, its calls, and the calls it was serving."""
        self.unregister(connection, [name for name, who in self._handlers.items() if connection in who], now)
        for call_id, call in list(self._calls.items()):
            if call.caller is connection:
                self._end(call_id)
            elif call.handler is connection:
                self._end(call_id)
                message = f"the handler of {call.command!r} went away; whether it acted is unknown"
                call.caller.fail(call.request_id, Error(codes.OUTCOME_UNKNOWN, message))

    def _on_deadline(self, call_id: str) -> None:
        call = self._end(call_id)
        message = f"the command {call.command!r} did not answer in time"
        call.caller.fail(call.request_id, Error(codes.DEADLINE_PASSED, message))

    def _end(self, call_id: str) -> _Call:
        call = self._calls.pop(call_id)
        call.timer.cancel()
        return call

    def _catalogue(self) -> Channel:
        channel = self._hub.channel(CATALOGUE)
        if isinstance(channel.kind, Table):
            channel.kind.declare("name")
        return channel
