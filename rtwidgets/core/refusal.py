"""A request that is answered with an error."""

from __future__ import annotations

from ..protocol.messages import Error


class Refusal(Exception):
    """Carry the protocol's error from a rule to the reply.

    Args:
        error: The error of the protocol.
        message: What to say instead of the error's own words.
    """

    def __init__(self, error: Error, message: str | None = None) -> None:
        super().__init__(message or error.message)
        self.error = error
        self.message = message
