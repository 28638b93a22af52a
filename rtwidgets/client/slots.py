"""How many calls run here at a time, so that those that never return leave room for others."""

from __future__ import annotations

import threading
from collections import Counter

# As many as a connection may wait for, so that no single caller is refused what the hub lets through.
MAX_CALLS_OF_BOTH = 64
MAX_CALLS_OF_CALLER = 128
MAX_CALLS_OF_COMMAND = 192
MAX_CALLS = 512


class Slots:
    """Counts the calls of each command and each caller until their function has really ended.

    A thread can't be ended from outside: a function that never returns keeps its place past its deadline.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[object] = Counter()

    def take(self, command: object, caller: str, name: str) -> str:
        """Take a place for a call; returns an empty text, or why there is none.

        Args:
            command: What serves it.
            caller: Who calls.
            name: The command's name, for the text.
        """
        bounds = (
            ((command, caller), MAX_CALLS_OF_BOTH, f"{name!r} for this caller"),
            (command, MAX_CALLS_OF_COMMAND, f"{name!r}"),
            (caller, MAX_CALLS_OF_CALLER, "all commands for this caller"),
            (None, MAX_CALLS, "all commands"),
        )
        with self._lock:
            for key, bound, whose in bounds:
                if self._held[key] >= bound:
                    return (
                        f"{name!r} was not started: its process runs {bound} calls of {whose}, the most "
                        "there may be; wait until some have ended, or restart that process if they never do"
                    )
            self._held.update(key for key, _, _ in bounds)
        return ""

    def give_back(self, command: object, caller: str) -> None:
        """Free the place of a call whose function has ended."""
        with self._lock:
            for key in ((command, caller), command, caller, None):
                self._held[key] -= 1
                if not self._held[key]:
                    del self._held[key]
