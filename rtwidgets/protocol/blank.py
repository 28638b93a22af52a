"""Texts that show nothing."""

from __future__ import annotations

import unicodedata

# Letters and signs that are drawn as nothing.
BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc\U00016fe4\U0001d159"
    # What chooses between forms of a letter; the last two choose between those of an emoji, which needs them.
    "\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d"
)


def is_blank(text: str) -> bool:
    """Say whether nothing of a text can be seen: spaces, what is drawn as nothing, marks on nothing."""
    return not any(unicodedata.category(char)[0] in "LNPS" and char not in BLANK for char in text)
