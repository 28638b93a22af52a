"""Patterns of channels and commands: in them ``*`` stands for any characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .rules import Verb

# In the names of channels in which the hub tells of everybody; see `about_hub`.
HUB_MARK = ":rtwidgets.hub/"

# What one connection shows, in all of its tokens. Who may make tokens may choose the patterns, and each right
# that is asked for is looked up in all that have a star.
MAX_PATTERNS = 1_000
MAX_WITH_STARS = 128
MAX_PATTERN_CHARS = 255
MAX_STARS = 4
# No channel or command has a longer name, with the ``command:`` before it.
MAX_TARGET_CHARS = 512


class Pattern(NamedTuple):
    """A pattern with a star, taken apart at its stars.

    Args:
        names_hub: Whether it names what the hub tells of everybody.
    """

    first: str
    middle: tuple[str, ...]
    last: str
    names_hub: bool

    def fits(self, target: str) -> bool:
        """Say whether it matches a name.

        No regular expression: users may have tokens made with patterns of their own, and one with many stars
        would try every way to share the characters out among them.
        """
        start, stop = len(self.first), len(target) - len(self.last)
        if start > stop or not target.startswith(self.first) or not target.endswith(self.last):
            return False
        # The first place where a part fits leaves the most for those behind it.
        for part in self.middle:
            found = target.find(part, start, stop)
            if found < 0:
                return False
            start = found + len(part)
        return True


def pattern_of(text: str) -> Pattern:
    """Return a pattern that has a star in its text."""
    first, *middle, last = text.split("*")
    return Pattern(first, tuple(filter(None, middle)), last, HUB_MARK in text)


class Rights:
    """What capabilities give, made ready to be looked up.

    What the hub tells of everybody is reached by patterns that name it only: who may read every table is not
    by that allowed to see who is connected.
    """

    def __init__(self, caps: Mapping[str, frozenset[Verb]]) -> None:
        self._exact = {text: verbs for text, verbs in caps.items() if "*" not in text}
        self._patterns: Sequence[tuple[Pattern, frozenset[Verb]]] = [
            (pattern_of(text), verbs) for text, verbs in caps.items() if "*" in text
        ]
        self._of_hub = [(pattern, verbs) for pattern, verbs in self._patterns if pattern.names_hub]
        self._texts = caps

    def give(self, verb: Verb, target: str) -> bool:
        """Say whether they give a verb on a channel name or ``command:<name>``."""
        return verb in self._exact.get(target, ()) or verb in self.verbs_on(target)

    def give_some(self, verb: Verb, scope: str) -> bool:
        """Say whether they give a verb on some name in a scope such as ``command:morning/``."""
        return any(verb in verbs and reaches(text, scope) for text, verbs in self._texts.items())

    def cover(self, narrow: Mapping[str, frozenset[Verb]]) -> bool:
        """Say whether every right in `narrow` is among them, pattern by pattern.

        A narrow pattern is covered when a wide one matches its text; a star in it then stands for no more
        than the star that matched it.
        """
        return all(asked <= self.verbs_on(target) for target, asked in narrow.items())

    def verbs_on(self, target: str) -> frozenset[Verb]:
        """Return the verbs that they give on a channel name or ``command:<name>``."""
        found = self._exact.get(target, frozenset())
        for pattern, verbs in self._patterns_for(target):
            # Most fit at neither end, and that is found out soonest here.
            if target.endswith(pattern.last) and target.startswith(pattern.first) and pattern.fits(target):
                found |= verbs
        return found

    def _patterns_for(self, target: str) -> Sequence[tuple[Pattern, frozenset[Verb]]]:
        """Return those with a star that may match a name at all."""
        if len(target) > MAX_TARGET_CHARS:
            return ()
        return self._of_hub if HUB_MARK in target else self._patterns


def matches(text: str, target: str) -> bool:
    """Say whether a pattern matches a channel or command."""
    return Rights({text: frozenset(("subscribe",))}).give("subscribe", target)


def reaches(text: str, scope: str) -> bool:
    """Say whether a pattern matches some name right in a scope: the scope's text, then any without a slash.

    Args:
        text: A pattern, with or without stars.
        scope: How the names start, such as ``command:morning/``.
    """
    literals = 0
    # What is behind the scope has no slash: it begins behind the last one.
    tail = text.rfind("/") + 1
    for place in range(tail, len(text)):
        head = text[:place]
        if place == tail or head[-1] == scope[-1:] or head[-1] == "*":
            literals = len(head) - head.count("*")
            if literals > len(scope):
                return False
            if head == scope or ("*" in head and pattern_of(head).fits(scope)):
                return True
        if text[place] == "*" and pattern_of(text[: place + 1]).fits(scope):
            return True  # the star reaches from the scope into the name
    return False


def check_patterns(caps: Mapping[str, frozenset[Verb]]) -> None:
    """Check that so many patterns are no burden.

    Raises:
        ValueError: If they are too many, too long, or have too many stars.
    """
    if len(caps) > MAX_PATTERNS:
        raise ValueError(f"tokens have at most {MAX_PATTERNS} patterns together; these have {len(caps)}")
    with_stars = sum("*" in text for text in caps)
    if with_stars > MAX_WITH_STARS:
        raise ValueError(
            f"tokens have at most {MAX_WITH_STARS} patterns with a star together; these have {with_stars}"
        )
    for text in caps:
        if len(text) > MAX_PATTERN_CHARS:
            raise ValueError(
                f"a pattern has at most {MAX_PATTERN_CHARS} characters; {text[:40]!r}... has {len(text)}"
            )
        if text.count("*") > MAX_STARS:
            raise ValueError(f"a pattern has at most {MAX_STARS} stars; {text[:80]!r} has {text.count('*')}")
