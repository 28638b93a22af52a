"""Calls of scripts: by their hash, and with their text where the server has forgotten them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1

from .client import Command

_sources: dict[object, str] = {}


class Script:
    """A script of Redis."""

    def __init__(self, source: str) -> None:
        self._sha = sha1(source.encode(), usedforsecurity=False).hexdigest()
        _sources[self._sha] = source

    def call(self, keys: Sequence[str], *arguments: str | bytes | int) -> Command:
        """Return the command that runs it."""
        return ("EVALSHA", self._sha, len(keys), *keys, *arguments)


def in_full(command: Command) -> Command:
    """Return a command that runs a script with the script's text."""
    return ("EVAL", _sources[command[1]], *command[2:])
