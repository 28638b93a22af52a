"""What JSON from outside must keep to beyond its grammar: bounded nesting, no half characters."""

from __future__ import annotations

import re

# Possessive: what could be given back is remembered for every character of a long string.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{\]}]', re.DOTALL)
# An escape: of a character pair, of one UTF-16 unit, or of anything else.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_REPLACEMENT = rb"\ufffd"


def is_too_deep(data: bytes, most: int) -> bool:
    """Say whether JSON has more levels of nesting than this; what reads it later may use recursion."""
    # Without as many openers it can't be, and counting them is far cheaper than reading.
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    depth = 0
    for token in _TOKEN.finditer(data):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > most:
                return True
        elif token[0] in (b"]", b"}"):
            depth -= 1
    return False


def mend_surrogates(text: bytes) -> bytes:
    """Replace escapes of half a UTF-16 pair by U+FFFD.

    JavaScript writes them when a text was cut inside a pair.
    """

    def mend(escape: re.Match[bytes]) -> bytes:
        return _REPLACEMENT if _HALF.fullmatch(escape[0]) else escape[0]

    return _ESCAPE.sub(mend, text)
