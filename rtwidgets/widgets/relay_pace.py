"""How often the kernel may send: one pace for all its relays."""

from __future__ import annotations

from threading import Lock

# Jupyter Server drops all output of a kernel that sends over 1,000 messages a second, and cells send too.
MAX_MESSAGES_PER_S = 30


class Pace:
    """At once when idle, then at most one message per interval. Safe from any thread."""

    def __init__(self, interval_s: float = 1 / MAX_MESSAGES_PER_S) -> None:
        self._interval_s = interval_s
        self._next = 0.0
        self._lock = Lock()

    def take(self, now: float) -> float:
        """Take the turn and return 0.0, or return how many seconds to wait before asking again."""
        with self._lock:
            if now < self._next:
                return self._next - now
            self._next = now + self._interval_s
            return 0.0


kernel_pace = Pace()
