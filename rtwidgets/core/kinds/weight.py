"""About how many bytes texts take in memory."""

from __future__ import annotations

import re

# Characters beyond the basic plane make each of a text take four bytes, others two; and there is its UTF-8.
WIDE, WIDEST = 2, 4

_is_astral = re.compile("[\U00010000-\U0010ffff]").search


def widening(text: str) -> int:
    """Return what a text takes besides its UTF-8: nothing where it is ASCII."""
    if text.isascii():
        return 0
    return len(text) * (WIDEST if _is_astral(text) else WIDE)


def text_weight(text: str) -> int:
    """Return what a text takes."""
    return len(text) if text.isascii() else len(text.encode()) + widening(text)
