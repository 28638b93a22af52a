"""What a docstring says of a command: title, text, and a sentence for each argument."""

from __future__ import annotations

import re
from typing import NamedTuple

_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?|Source):")
_ARGUMENTS = ("Args", "Arguments", "Parameters")
_ARGUMENT = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
MAX_TEXT_CHARS = 2_000


class Documentation(NamedTuple):
    """What a docstring says.

    Args:
        title: Its first line, without the full stop.
        text: What follows, up to the first section.
        arguments: Descriptions by the argument's name.
    """

    title: str
    text: str
    arguments: dict[str, str]


def read_docstring(doc: str) -> Documentation:
    """Read a docstring whose indentation is gone, with sections as ``Args:`` (Google's style)."""
    first, _, rest = doc.strip().partition("\n")
    text: list[str] = []
    arguments: dict[str, str] = {}
    section = argument = ""
    for line in rest.splitlines():
        words = line.strip()
        head = _SECTION.fullmatch(words) if line == words else None
        if head is not None:
            section, argument = head[1], ""
        elif not section:
            text.append(line)
        elif section in _ARGUMENTS and words:
            found = _ARGUMENT.fullmatch(words) if _indent(line) <= 4 else None
            if found is not None:
                argument = found[1]
                arguments[argument] = found[2]
            elif argument:
                arguments[argument] = f"{arguments[argument]} {words}".strip()
    plain = "\n".join(text).strip()[:MAX_TEXT_CHARS]
    return Documentation(first.strip().rstrip("."), plain, arguments)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
