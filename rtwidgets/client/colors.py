"""The colours of people: the same ones here and in the pages, and apart for those who are present at once."""

from __future__ import annotations

from collections.abc import Iterable

# The pages' `--rtw-series-1` to `-8`, as they are on white. See js/src/lib/base.css.
_PALETTE = ("#2563c9", "#d9660d", "#0b8a70", "#c94f9b", "#6f5600", "#2f98dc", "#7a1f2b", "#1f2a60")


def colors_of(present: Iterable[str]) -> dict[str, str]:
    """Return the colours of users who are present at once, such as ``"#2563c9"``, by user.

    Each has the one of their name; where several have the same, the first of them keeps it, and the others
    move on to one that is free. `colorsOf` in js/src/lib/palette.ts is the same.
    """
    # As JavaScript sorts texts.
    users = sorted(set(present), key=lambda user: user.encode("utf-16-be", "surrogatepass"))
    places: dict[str, int] = {}
    used = [0] * len(_PALETTE)
    for user in users:
        place = _place_of(user)
        if used[place] == 0:
            places[user] = place
            used[place] = 1
    for user in users:
        if user not in places:
            fewest = min(used)
            place = _place_of(user)
            while used[place] != fewest:
                place = (place + 1) % len(_PALETTE)
            places[user] = place
            used[place] += 1
    return {user: _PALETTE[place] for user, place in places.items()}


def _place_of(user: str) -> int:
    """Return the place of a name in the palette, always the same.

    Source: FNV-1a, 32 bits, over code points.
    """
    value = 0x811C9DC5
    for char in user:
        value = ((value ^ ord(char)) * 0x01000193) & 0xFFFFFFFF
    return value % len(_PALETTE)
