"""How much a message of a chat is."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ...protocol.chat import ChatMessage
from .weight import text_weight

# What a message counts for besides its text.
OVERHEAD_BYTES = 256
# What it takes in memory besides its text, about, and one of its reactions besides who reacts.
MESSAGE_BYTES = 512
REACTION_BYTES = 256

_encode = msgspec.json.Encoder().encode


class Measure(NamedTuple):
    """How much a message is.

    Args:
        size: What it counts for in its chat.
        weight: What it takes in memory, about.
    """

    size: int
    weight: int


NOTHING = Measure(0, 0)


def measure(message: ChatMessage | None) -> Measure:
    """Measure a message; None is one that was deleted."""
    if message is None:
        return Measure(OVERHEAD_BYTES, MESSAGE_BYTES)
    weight = MESSAGE_BYTES + text_weight(message.text)
    if message.command is not None:
        weight += len(_encode(message.command))
    for users in message.reactions.values():
        weight += REACTION_BYTES + sum(map(text_weight, users)) + 64 * len(users)
    return Measure(OVERHEAD_BYTES + len(message.text.encode()), weight)


def text_growth(before: str, after: str) -> int:
    """Return how much more the new text of a message takes in memory."""
    return text_weight(after) - text_weight(before)
