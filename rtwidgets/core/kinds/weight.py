"""About how many bytes texts take in memory."""

from __future__ import annotations

# Characters beyond the basic plane make each of a text take four bytes, others two; and there is its UTF-8.
WIDE, WIDEST = 2, 4


def widening(text: str) -> int:
    """Return what a text takes besides its UTF-8: nothing where it is ASCII."""
    if text.isascii():
        return 0
    return len(text) * (WIDEST if _is_astral(text.encode()) else WIDE)


def widenings(cells: list[object], utf8: bytes) -> int:
    """Return what the texts among cells take besides their UTF-8.

    Args:
        utf8: All of it, and whatever else.
    """
    if utf8.isascii():
        return 0
    if _is_astral(utf8):
        return sum(widening(cell) for cell in cells if type(cell) is str)
    return WIDE * sum(len(cell) for cell in cells if type(cell) is str and not cell.isascii())


def _is_astral(utf8: bytes) -> bool:
    # Only characters beyond the basic plane begin with these. Looking for a byte is far quicker than for one
    # of many characters.
    return b"\xf0" in utf8 or b"\xf1" in utf8 or b"\xf2" in utf8 or b"\xf3" in utf8 or b"\xf4" in utf8


def text_weight(text: str) -> int:
    """Return what a text takes."""
    return len(text) if text.isascii() else len(text.encode()) + widening(text)
