"""How long to wait before the next attempt: exponential, with full jitter."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Delays that grow to a cap, each drawn evenly from zero to the current bound.

    Args:
        random: Returns a float in [0, 1).
        base_s: Bound of the first delay; small, so that a broken connection comes back fast.
        cap_s: Bound that is never passed.
        growth: From one bound to the next.

    Source: "full jitter" as described in the AWS architecture blog on exponential backoff.
    """

    def __init__(
        self, random: Callable[[], float], *, base_s: float = 0.2, cap_s: float = 20.0, growth: float = 2.0
    ) -> None:
        self._random = random
        self._base_s = base_s
        self._cap_s = cap_s
        self._growth = growth
        self._attempts = 0

    def next(self) -> float:
        """Return the next delay in seconds."""
        bound = min(self._cap_s, self._base_s * self._growth ** min(self._attempts, 32))
        self._attempts += 1
        return bound * self._random()

    def reset(self) -> None:
        """Start again from the smallest bound; call it when an attempt succeeded."""
        self._attempts = 0
