"""The colours of people: always the same one for a user, here and in the pages."""

from __future__ import annotations

# The pages' `--rtw-series-1` to `-8`, as they are on white. See js/src/lib/base.css.
_PALETTE = ("#2563c9", "#d9660d", "#0b8a70", "#c94f9b", "#6f5600", "#2f98dc", "#7a1f2b", "#1f2a60")


def color_of(user: str) -> str:
    """Return a user's colour, such as ``"#2563c9"``.

    Source: FNV-1a, 32 bits, over code points; `colorOfName` in js/src/lib/palette.ts is the same.
    """
    value = 0x811C9DC5
    for char in user:
        value = ((value ^ ord(char)) * 0x01000193) & 0xFFFFFFFF
    return _PALETTE[value % len(_PALETTE)]
