"""Who serves which command, and the catalogue that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ...protocol import codes
from ...protocol.names import catalogue_of, scope_of
from ..refusal import Refusal
from .messages import CommandSpec

if TYPE_CHECKING:
    from ..connection import Connection
    from ..hub import Hub

MAX_TITLE_CHARS = 200
MAX_SCHEMA_BYTES = 32_768
# Of all commands that a connection serves.
MAX_SCHEMAS_BYTES = 256 * 1024
# In which it serves commands: each has a catalogue.
MAX_SCOPES = 32

_encode = msgspec.json.Encoder().encode


class Offer(Struct):
    """What one hub says of a command that is served there."""

    title: str
    schema: Raw
    handlers: int


class Handlers:
    """The connections that serve commands, and how many calls each has under way."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._by_command: dict[str, list[Connection]] = {}
        # With how many bytes its schema has.
        self._commands: dict[Connection, dict[str, int]] = {}
        # What was said of each command that is served here; and by other hubs, of those served there.
        self._offers: dict[str, Offer] = {}
        self._elsewhere: dict[str, dict[str, Offer]] = {}

    def of(self, command: str) -> list[Connection]:
        """Return who serves a command, those whose turn comes first at the front."""
        return self._by_command.get(command, [])

    def elsewhere(self, command: str) -> dict[str, Offer]:
        """Return the other hubs that serve a command."""
        return self._elsewhere.get(command, {})

    def served_by(self, connection: Connection) -> list[str]:
        """Return the commands that a connection serves."""
        return list(self._commands.get(connection, ()))

    def add(self, connection: Connection, specs: list[CommandSpec], now: float) -> None:
        """Let a connection serve commands, and list them.

        Raises:
            Refusal: If it serves too many, in too many scopes, or says too much about one.
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
        sizes = {**served, **{spec.name: len(bytes(spec.schema)) for spec in specs}}
        if sum(sizes.values()) > MAX_SCHEMAS_BYTES:
            self._hub.refused["schemas_bytes"] += 1
            bound = f"{MAX_SCHEMAS_BYTES} bytes together: schemas_bytes; shorten docstrings"
            raise Refusal(
                codes.LIMIT_EXCEEDED, f"the schemas of a connection's commands have at most {bound}"
            )
        if len(set(map(scope_of, sizes))) > MAX_SCOPES:
            self._hub.refused["command_scopes"] += 1
            raise Refusal(
                codes.LIMIT_EXCEEDED,
                f"a connection serves commands in at most {MAX_SCOPES} scopes: command_scopes",
            )
        for spec in specs:
            others = [handler for handler in self.of(spec.name) if handler is not connection]
            # A copy, as a piece of the request would keep all of that.
            offer = Offer(spec.title or spec.name, Raw(bytes(spec.schema)), len(others) + 1)
            # First, so that what can't be listed is not served.
            catalogue = self._hub.channel(catalogue_of(scope_of(spec.name)))
            self._hub.makers.note(catalogue, connection)
            catalogue.publish(self._row(spec.name, offer), now=now)
            self._offer(spec.name, offer)
            self._by_command[spec.name] = [connection, *others]
            self._commands.setdefault(connection, {})[spec.name] = sizes[spec.name]

    def remove(self, connection: Connection, names: list[str], now: float) -> None:
        """End serving some commands."""
        served = self._commands.get(connection, {})
        for name in names:
            if name not in served:
                continue
            del served[name]
            handlers = self._by_command[name]
            handlers.remove(connection)
            if handlers:
                self._offer(name, replace(self._offers[name], handlers=len(handlers)))
            else:
                del self._by_command[name]
                self._offer(name, None)
            self._show(name, now)
        if not served:
            self._commands.pop(connection, None)

    def hear(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        """Hear what another hub says of a command."""
        offers = self._elsewhere.setdefault(where, {})
        if value is not None:
            offers[node] = msgspec.json.decode(value, type=Offer)
        else:
            offers.pop(node, None)
            if not offers:
                del self._elsewhere[where]
        self._show(where, now)

    def _offer(self, command: str, offer: Offer | None) -> None:
        nodes = self._hub.nodes
        if offer is None:
            del self._offers[command]
        else:  # the schema is in the catalogue; other hubs are told it again
            self._offers[command] = offer if nodes is not None else replace(offer, schema=Raw())
        if nodes is not None:
            nodes.tell("handler", command, "", None if offer is None else _encode(offer))

    def _show(self, command: str, now: float) -> None:
        """Bring the catalogue's row of a command up to date."""
        offer = self._offers.get(command) or next(iter(self.elsewhere(command).values()), None)
        change = _encode({"remove": [command]})
        if offer is not None:
            change = self._row(command, self._offers.get(command) or replace(offer, handlers=0))
        self._hub.publish_own(catalogue_of(scope_of(command)), change, now)

    def _row(self, command: str, offer: Offer) -> bytes:
        others = sum(other.handlers for other in self.elsewhere(command).values())
        row: dict[str, list[object]] = {
            "name": [command],
            "title": [offer.title],
            "handlers": [offer.handlers + others],
        }
        if bytes(offer.schema):
            row["schema"] = [offer.schema]
        return _encode({"upsert": row})

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
