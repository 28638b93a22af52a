"""Writing to NATS JetStream."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import SourceAwayError
from .extras import need
from .pulls import Message

ANSWER_S = 10.0
# Where a message's key stands.
KEY_HEADER = "Key"


class NatsWriter:
    """Publishes into a stream; the server has a message when it has acknowledged it."""

    def __init__(self, connection: Any, subject: str) -> None:
        self._connection = connection
        self._subject = subject
        self._errors = need("nats.errors", "nats")

    async def write(self, messages: list[Message]) -> None:
        """Publish messages, with their keys in a header."""
        jetstream = self._connection.jetstream()
        try:
            async with asyncio.timeout(ANSWER_S):
                waiting = [
                    await jetstream.publish_async(
                        self._subject,
                        message.value or b"",
                        headers={KEY_HEADER: message.key} if message.key else None,
                    )
                    for message in messages
                ]
                for acknowledgement in waiting:
                    await acknowledgement
        except (self._errors.Error, OSError, TimeoutError) as error:
            raise SourceAwayError(f"NATS is away: {type(error).__name__}") from None

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()
