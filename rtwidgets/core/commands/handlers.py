"""Who serves which command, and the catalogue that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ...protocol import codes
from ...protocol.names import catalogue_of, scope_of
from ..refusal import Refusal
from .messages import CommandSpec

if TYPE_CHECKING:
    from ..connection import Connection
    from ..hub import Hub

MAX_TITLE_CHARS = 200
MAX_SCHEMA_BYTES = 32_768

_encode = msgspec.json.Encoder().encode


class Handlers:
    """The connections that serve commands, and how many calls each has under way."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._by_command: dict[str, list[Connection]] = {}
        self._commands: dict[Connection, dict[str, None]] = {}

    def of(self, command: str) -> list[Connection]:
        """Return who serves a command, those whose turn comes first at the front."""
        return self._by_command.get(command, [])

    def served_by(self, connection: Connection) -> list[str]:
        """Return the commands that a connection serves."""
        return list(self._commands.get(connection, ()))

    def add(self, connection: Connection, specs: list[CommandSpec], now: float) -> None:
        """Let a connection serve commands, and list them.

        Raises:
            Refusal: If it serves too many, or says too much about one.
            DataError: If a schema can't be listed.
        """
        served = self._commands.get(connection, {})
        self._hub.check(
            "commands_per_connection",
            len({*served, *(spec.name for spec in specs)}) - 1,
            "commands served by a connection",
        )
        for spec in specs:
            _check(spec)
        for spec in specs:
            others = [handler for handler in self.of(spec.name) if handler is not connection]
            row: dict[str, list[object]] = {
                "name": [spec.name],
                "title": [spec.title or spec.name],
                "schema": [spec.schema],
                "handlers": [len(others) + 1],
            }
            # First, so that what can't be listed is not served.
            self._hub.channel(catalogue_of(scope_of(spec.name))).publish(_encode({"upsert": row}), now=now)
            self._by_command[spec.name] = [connection, *others]
            self._commands.setdefault(connection, {})[spec.name] = None

    def remove(self, connection: Connection, names: list[str], now: float) -> None:
        """End serving some commands."""
        served = self._commands.get(connection, {})
        for name in names:
            if name not in served:
                continue
            del served[name]
            handlers = self._by_command[name]
            handlers.remove(connection)
            change: dict[str, object] = {"remove": [name]}
            if handlers:
                change = {"upsert": {"name": [name], "handlers": [len(handlers)]}}
            else:
                del self._by_command[name]
            self._hub.publish_own(catalogue_of(scope_of(name)), _encode(change), now)
        if not served:
            self._commands.pop(connection, None)

    def take_turn(self, command: str, handler: Connection) -> None:
        """Put who got a call behind the other handlers of the command."""
        handlers = self._by_command[command]
        handlers.remove(handler)
        handlers.append(handler)


def _check(spec: CommandSpec) -> None:
    if len(spec.title) > MAX_TITLE_CHARS:
        raise Refusal(
            codes.BAD_REQUEST, f"the title of {spec.name!r} has at most {MAX_TITLE_CHARS} characters"
        )
    size = len(bytes(spec.schema))
    if size > MAX_SCHEMA_BYTES:
        bound = f"at most {MAX_SCHEMA_BYTES} bytes, not {size}: shorten its docstring"
        raise Refusal(codes.BAD_REQUEST, f"the schema of {spec.name!r} has {bound}")
