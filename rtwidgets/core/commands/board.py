"""What everybody in a scope sees of its calls: a row for each that lasts, and the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from ...protocol.json_rules import is_too_deep
from ...protocol.names import audit_of, calls_of
from ..timers import Timer
from .call import Call, Outcome, Person, person_of

if TYPE_CHECKING:
    from ..hub import Hub

ENDED_SHOWN_S = 30.0
MAX_AUDITED_ARGS_BYTES = 2_048
MAX_FAULT_CHARS = 500

_encode = msgspec.json.Encoder().encode


class Board:
    """The tables of calls and the audit channels, scope by scope."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # The rows of each scope, oldest first: those of ended calls with the timer that takes them away.
        self._rows: dict[str, dict[str, Timer | None]] = {}
        # With other hubs: the whole row of each, for them; and of theirs, which hub has which call of which
        # command.
        self._told: dict[str, dict[str, object]] = {}
        self._elsewhere: dict[str, tuple[str, str]] = {}

    def shows(self, call: Call) -> bool:
        """Say whether a call has a row."""
        return call.id in self._rows.get(call.scope, ())

    def show(self, call: Call, now: float, **more: object) -> None:
        """Give a call a row, or bring its row up to date."""
        row: dict[str, object] = {
            "id": call.id,
            "state": call.state,
            "fraction": call.fraction,
            "note": call.note,
            "cancelled_by": call.cancelled_by,
        }
        if not self.shows(call):
            if not self._make_room(call.scope, now):
                return
            self._rows.setdefault(call.scope, {})[call.id] = None
            who = call.caller
            row |= {
                "command": call.command,
                "user": who.info.user,
                "name": who.author.name,
                "client": who.client,
                "key": call.key,
                "started_ms": int(call.started_at * 1000),
                "deadline_ms": int(call.deadline * 1000),
                "ended_ms": None,
                "error": "",
            }
        row |= more
        self._hub.publish_own(calls_of(call.scope), _upsert(row), now)
        if self._hub.nodes is not None:
            told = self._told[call.id] = {**self._told.get(call.id, {}), **row}
            self._hub.nodes.tell("call", call.scope, call.id, _encode(told))

    def end(self, call: Call, outcome: Outcome, now: float) -> None:
        """Show how a call ended, for a while."""
        self.show(call, now, ended_ms=int(now * 1000), error=outcome.fault[:MAX_FAULT_CHARS])
        if self.shows(call):
            timer = self._hub.timers.at(
                now + ENDED_SHOWN_S, lambda late: self._remove(call.scope, call.id, late)
            )
            self._rows[call.scope][call.id] = timer

    def audit_start(self, call: Call, args: Raw, now: float) -> None:
        """Tell the audit that a call started."""
        raw, depth = bytes(args), self._hub.rules.limits.json_depth
        # The entry itself is a level.
        fits = len(raw) <= MAX_AUDITED_ARGS_BYTES and not (depth and is_too_deep(raw, depth - 1))
        what: dict[str, object] = {"args": args} if fits else {"args_bytes": len(raw)}
        self._audit(call, "started", person_of(call.caller), now, **what)

    def audit_cancel(self, call: Call, by: Person, now: float) -> None:
        """Tell the audit that somebody asked to cancel a call."""
        self._audit(call, "cancelling", by, now)

    def audit_end(self, call: Call, outcome: Outcome, now: float) -> None:
        """Tell the audit how a call ended."""
        what: dict[str, object] = {"duration_ms": max(0, round((now - call.started_at) * 1000))}
        if outcome.fault:
            what["error"] = outcome.fault[:MAX_FAULT_CHARS]
        self._audit(call, outcome.state, person_of(call.caller), now, **what)

    def _audit(self, call: Call, what: str, who: Person, now: float, **more: object) -> None:
        entry = {
            "what": what,
            "call": call.id,
            "command": call.command,
            **who._asdict(),
            **more,
        }
        self._hub.publish_own(audit_of(call.scope), _encode(entry), now)

    def _make_room(self, scope: str, now: float) -> bool:
        """Take the oldest ended call's row away, where that is needed; False where there is none."""
        rows, bound = self._rows.get(scope, {}), self._hub.rules.limits.call_rows
        if not bound or len(rows) < bound:
            return True
        self._hub.refused["call_rows"] += 1
        for call_id, timer in rows.items():
            if timer is not None:
                timer.cancel()
                self._remove(scope, call_id, now)
                return True
        return False

    def _remove(self, scope: str, call_id: str, now: float) -> None:
        rows = self._rows[scope]
        del rows[call_id]
        if not rows:
            del self._rows[scope]
        self._hub.publish_own(calls_of(scope), _encode({"remove": [call_id]}), now)
        if self._hub.nodes is not None:
            self._told.pop(call_id, None)
            self._hub.nodes.tell("call", scope, call_id, None)

    # calls of other hubs ------------------------------------------------------------

    def hear(self, node: str, where: str, key: str, value: bytes | None, now: float) -> None:
        """Show a row of another hub's call, or take it away."""
        if value is None:
            self._elsewhere.pop(key, None)
            self._hub.publish_own(calls_of(where), _encode({"remove": [key]}), now)
            return
        row = msgspec.json.decode(value, type=dict[str, object])
        self._elsewhere[key] = node, str(row["command"])
        self._hub.publish_own(calls_of(where), _upsert(row), now)

    def elsewhere(self, call_id: str) -> tuple[str, str] | None:
        """Return which other hub has a call, and of which command it is."""
        return self._elsewhere.get(call_id)


def _upsert(row: dict[str, object]) -> bytes:
    return _encode({"upsert": {name: [cell] for name, cell in row.items()}})
