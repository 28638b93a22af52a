"""Outcomes of calls with a key, so that asking again does not start the call again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from ...protocol import codes
from ...protocol.messages import Error
from .call import Outcome, Place

KEPT_S = 600.0
# About what an entry takes besides what it holds.
_ENTRY_BYTES = 500
# A result that takes a larger part of the room than this is not kept.
_LARGEST_PART = 8


class Kept(Struct, frozen=True):
    """An outcome, and what the call was asked with.

    Args:
        outcome: How it ended.
        digest: Stands for its arguments.
        until: When it is forgotten, in seconds since the Unix epoch.
        size: What it takes, in bytes.
    """

    outcome: Outcome
    digest: bytes
    until: float
    size: int


class Outcomes:
    """Outcomes by place, each for ten minutes or until there is no room for it.

    Args:
        max_bytes: Room for all of them; 0 is no bound.
        on_full: Called when there is none.
    """

    def __init__(self, max_bytes: int, on_full: Callable[[], object]) -> None:
        self._max_bytes = max_bytes
        self._on_full = on_full
        # Of each owner, oldest first.
        self._kept: dict[str, dict[Place, Kept]] = {}
        self._sizes: Counter[str] = Counter()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._kept)

    def get(self, place: Place, now: float) -> Kept | None:
        """Return what is kept of a call."""
        kept = self._kept.get(place.owner, {}).get(place)
        return kept if kept is not None and kept.until > now else None

    def keep(self, place: Place, digest: bytes, outcome: Outcome, now: float) -> None:
        """Keep an outcome. When there is no room the owner with the most gives way, oldest first."""
        self._remove(place)
        size = _size_of(place, outcome)
        if self._max_bytes and size > self._max_bytes // _LARGEST_PART:
            self._on_full()
            outcome = _without_result(place.command, outcome)
            size = _size_of(place, outcome)
        self._kept.setdefault(place.owner, {})[place] = Kept(outcome, digest, now + KEPT_S, size)
        self._sizes[place.owner] += size
        self._size += size
        if self._max_bytes and self._size > self._max_bytes:
            self._on_full()
            # An eighth below the bound, so that this is not done for every outcome.
            while self._size > self._max_bytes - self._max_bytes // 8:
                owner = self._sizes.most_common(1)[0][0]
                self._remove(next(iter(self._kept[owner])))

    def forget(self, now: float) -> None:
        """Forget those whose time has come."""
        for of_owner in list(self._kept.values()):
            while of_owner:
                place, kept = next(iter(of_owner.items()))
                if kept.until > now:
                    break
                self._remove(place)

    def _remove(self, place: Place) -> None:
        of_owner = self._kept.get(place.owner, {})
        kept = of_owner.pop(place, None)
        if kept is None:
            return
        self._size -= kept.size
        self._sizes[place.owner] -= kept.size
        if not of_owner:
            del self._kept[place.owner], self._sizes[place.owner]


def digest_of(args: Raw) -> bytes:
    """Return what stands for a call's arguments: the same for the same JSON, however it is written.

    Raises:
        ValueError: If they are no JSON.
    """
    plain = msgspec.json.encode(msgspec.json.decode(args), order="sorted")
    return hashlib.blake2b(plain, digest_size=16).digest()


def _size_of(place: Place, outcome: Outcome) -> int:
    held = len(outcome.data or b"") + len(outcome.fault)
    return _ENTRY_BYTES + len(place.owner) + len(place.command) + len(place.key) + held


def _without_result(command: str, outcome: Outcome) -> Outcome:
    size = len(outcome.data or b"")
    message = f"{command!r} was carried out, but its result of {size} bytes is not kept: outcomes_bytes"
    return Outcome(outcome.state, error=Error(codes.LIMIT_EXCEEDED.code, message))
