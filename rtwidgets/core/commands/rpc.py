"""The rpc methods about commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import CommandNameError
from ...protocol import codes
from ...protocol.names import check_command
from ..refusal import Refusal
from ..rules import Verb
from .call import Call
from .messages import Answer, CallRequest, CancelRequest, Progress, Register, Unregister

if TYPE_CHECKING:
    from ..connection import Connection


def _register(connection: Connection, request_id: int, data: Register, now: float) -> object:
    for spec in data.commands:
        try:
            check_command(spec.name)
        except CommandNameError as error:
            raise Refusal(codes.BAD_REQUEST, str(error)) from None
        _require(connection, "publish", spec.name)
    connection.hub.commands.register(connection, data.commands, now)
    return {}


def _unregister(connection: Connection, request_id: int, data: Unregister, now: float) -> object:
    connection.hub.commands.unregister(connection, data.names, now)
    return {}


def _call(connection: Connection, request_id: int, data: CallRequest, now: float) -> None:
    _require(connection, "command", data.command)
    connection.hub.commands.call(connection, request_id, data, now)


def _cancel(connection: Connection, request_id: int, data: CancelRequest, now: float) -> object:
    call = _meant(connection, data)
    if call is None:
        commands = connection.hub.commands
        found = commands.elsewhere(data.call) if data.call else None
        if found is not None:
            node, command = found
            _require(connection, "command", command)
            commands.cancel_at(node, data.call, connection)
            return {"state": "cancelling"}
        # It may have ended while the request was on its way; who asks finds out how by other ways.
        return {"state": "ended"}
    _require(connection, "command", call.command)
    connection.hub.commands.cancel(connection, call, now)
    return {"state": call.state}


def _meant(connection: Connection, data: CancelRequest) -> Call | None:
    commands = connection.hub.commands
    if data.call:
        return commands.find(data.call)
    return commands.find_own(connection, data.command, data.key)


def _progress(connection: Connection, request_id: int, data: Progress, now: float) -> object:
    return {"state": connection.hub.commands.progress(connection, data, now)}


def _answer(connection: Connection, request_id: int, data: Answer, now: float) -> object:
    connection.hub.commands.finish(connection, data, now)
    return {}


def _require(connection: Connection, verb: Verb, command: str) -> None:
    assert connection.credentials is not None
    if not connection.credentials.may(verb, f"command:{command}"):
        what = "call" if verb == "command" else "serve"
        raise Refusal(codes.PERMISSION_DENIED, f"no right to {what} the command {command!r}")


METHODS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Connection, int, Any, float], object]]] = {
    "register": (msgspec.json.Decoder(Register), _register),
    "unregister": (msgspec.json.Decoder(Unregister), _unregister),
    "call": (msgspec.json.Decoder(CallRequest), _call),
    "cancel": (msgspec.json.Decoder(CancelRequest), _cancel),
    "progress": (msgspec.json.Decoder(Progress), _progress),
    "reply": (msgspec.json.Decoder(Answer), _answer),
}
