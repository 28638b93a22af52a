"""What JSON from outside must keep to beyond its grammar: bounded nesting and numbers, no half characters."""

from __future__ import annotations

import math
import re

# Possessive: what could be given back is remembered for every character of a long string.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{\]}]', re.DOTALL)
# An escape: of a character pair, of one UTF-16 unit, or of anything else.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_REPLACEMENT = rb"\ufffd"
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[0-9][0-9.eE+-]*+', re.DOTALL)
# Exponents that may lead beyond what a float holds; one letter each, as two would cost many times as much.
_HIGH_EXPONENTS = tuple(re.compile(letter + rb"\+?[0-9]{3}").search for letter in (b"e", b"E"))
# Of a number without such an exponent at least so many digits in a row would.
_RUN_DIGITS = 200
_QUOTE = ord('"')


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


def has_number_out_of_range(data: bytes) -> bool:
    """Say whether JSON has a number beyond what a float holds, which some readers refuse."""
    # What has no high exponent and no long run of digits can't, and that is far cheaper to see.
    if not any(search(data) for search in _HIGH_EXPONENTS) and not _has_long_run(data):
        return False
    tokens = _STRING_OR_NUMBER.findall(data)
    return any(token[0] != _QUOTE and math.isinf(float(token)) for token in tokens)


def _has_long_run(data: bytes) -> bool:
    """Say whether there may be a run of `_RUN_DIGITS` digits; there is none of more if this says no."""
    step = _RUN_DIGITS // 2
    return len(data) > _RUN_DIGITS and any(
        data[start : start + step].isdigit() for start in range(0, len(data), step)
    )


def mend_surrogates(text: bytes) -> bytes:
    """Replace escapes of half a UTF-16 pair by U+FFFD.

    JavaScript writes them when a text was cut inside a pair.
    """

    def mend(escape: re.Match[bytes]) -> bytes:
        return _REPLACEMENT if _HALF.fullmatch(escape[0]) else escape[0]

    return _ESCAPE.sub(mend, text)
