"""Addresses as logs and errors may show them."""

from __future__ import annotations

import re


def shown(address: str) -> str:
    """Return an address without what may be secret in it: user and password, query and fragment."""
    scheme, mark, rest = address.partition("://") if "://" in address else ("", "", address)
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    if "@" in rest and "@" not in place:
        # A password may have a question mark: nobody can tell where it ends.
        return f"{scheme}{mark}…"
    return f"{scheme}{mark}{place.rpartition('@')[2]}"
