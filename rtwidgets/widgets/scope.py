"""What the widgets of one hub need of it: the most that a page's token gives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..core.capabilities import Caps
from ..core.rules import Verb

# So much fits into the longest token that the hub takes: some 250 channels.
MAX_SCOPE_BYTES = 9_000

SEE: frozenset[Verb] = frozenset(("subscribe",))
MOVE: frozenset[Verb] = frozenset(("subscribe", "publish"))
TALK: frozenset[Verb] = frozenset(("subscribe", "publish", "history", "presence"))
# For who may: owners delete what others said in a chat.
MODERATE: frozenset[Verb] = frozenset(("command",))
CALL: frozenset[Verb] = frozenset(("command",))


class Scope:
    """The needs of the widgets that were made and not closed. Safe from any thread.

    Args:
        on_growth: Called, on the thread that adds, when something is needed that was not.
    """

    def __init__(self, on_growth: Callable[[], object] = lambda: None) -> None:
        self.on_growth = on_growth
        self._lock = threading.Lock()
        # How many widgets need a right; those that were asked for last are at the end.
        self._needs: dict[tuple[str, Verb], int] = {}

    def add(self, needs: Caps) -> None:
        """Take in what a new widget needs."""
        with self._lock:
            known = len(self._needs)
            for right in _rights(needs):
                self._needs[right] = self._needs.pop(right, 0) + 1
            grew = len(self._needs) > known
        if grew:
            self.on_growth()

    def remove(self, needs: Caps) -> None:
        """Forget what a widget needed that was closed."""
        with self._lock:
            for right in _rights(needs):
                left = self._needs.get(right, 0) - 1
                if left > 0:
                    self._needs[right] = left
                else:
                    self._needs.pop(right, None)

    def caps(self) -> Caps:
        """Return what all of them need, or the newest of it where that is too much for a token."""
        caps: dict[str, set[Verb]] = {}
        size = 0
        with self._lock:
            for target, verb in reversed(self._needs):
                size += len(verb) + (3 if target in caps else len(target) + 8)
                if size > MAX_SCOPE_BYTES:
                    break
                caps.setdefault(target, set()).add(verb)
        return {target: frozenset(verbs) for target, verbs in caps.items()}


def _rights(needs: Caps) -> list[tuple[str, Verb]]:
    return [(target, verb) for target, verbs in needs.items() for verb in sorted(verbs)]
