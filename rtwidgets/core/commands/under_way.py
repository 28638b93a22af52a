"""The calls under way, and how each of them is found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from .call import Call, Place

if TYPE_CHECKING:
    from ..connection import Connection
    from .remote import Remote

K = TypeVar("K")


class UnderWay:
    """Calls by id, by key, by handler and by user, and how many answers each connection waits for."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._keyed: dict[Place, Call] = {}
        self._served: dict[Connection | Remote, dict[Call, None]] = {}
        self._users: Counter[str] = Counter()
        self._waits: Counter[Connection] = Counter()

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call_id: str) -> Call | None:
        """Return a call by its id."""
        return self._calls.get(call_id)

    def at(self, place: Place) -> Call | None:
        """Return a call by user, command and key."""
        return self._keyed.get(place)

    def served_by(self, handler: Connection | Remote) -> list[Call]:
        """Return the calls that a connection serves."""
        return list(self._served.get(handler, ()))

    def count_served_by(self, handler: Connection | Remote) -> int:
        """Return how many that are."""
        return len(self._served.get(handler, ()))

    def count_of(self, user: str) -> int:
        """Return how many calls of a user there are."""
        return self._users[user]

    def count_awaited_by(self, connection: Connection) -> int:
        """Return how many answers a connection waits for."""
        return self._waits[connection]

    def add(self, call: Call) -> None:
        """Take a call in."""
        self._calls[call.id] = call
        if call.key:
            self._keyed[call.place] = call
        self._served.setdefault(call.handler, {})[call] = None
        self._users[call.caller.info.user] += 1

    def wait(self, call: Call, connection: Connection, request_id: int) -> None:
        """Let a connection's request wait for the outcome of a call."""
        call.waiting.append((connection, request_id))
        self._waits[connection] += 1

    def remove(self, call: Call) -> list[tuple[Connection, int]]:
        """Take a call out, and return who waits for its outcome."""
        del self._calls[call.id]
        if call.key:
            del self._keyed[call.place]
        served = self._served[call.handler]
        del served[call]
        if not served:
            del self._served[call.handler]
        _less(self._users, call.caller.info.user)
        for connection, _ in call.waiting:
            _less(self._waits, connection)
        return call.waiting

    def leave(self, connection: Connection) -> list[Call]:
        """Wait no more for a connection that has gone, and return the calls that it made."""
        if not self._waits.pop(connection, 0):
            return []
        for call in self._calls.values():
            call.waiting = [waiter for waiter in call.waiting if waiter[0] is not connection]
        return [call for call in self._calls.values() if call.caller is connection]


def _less(counts: Counter[K], key: K) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
