"""Records: messages of another system as they come, and how they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from ..errors import ConfigError

Decode: TypeAlias = Literal["json", "text"] | Callable[[bytes], Any]
OnError: TypeAlias = Literal["stop", "skip"]
Start: TypeAlias = Literal["oldest", "newest"]


@dataclass(frozen=True, slots=True)
class Record:
    """A message of another system.

    Args:
        mark: What the system needs to be told that the message was published.
        place: Where it stands, for people: ``"topic 'orders', partition 0, offset 17"``.
        value: Its bytes; None when it says that its key is gone.
        key: What it is about; None where the system has no such thing.
        time: Seconds since the Unix epoch; None where the system does not tell.
    """

    mark: Any
    place: str
    value: bytes | None
    key: bytes | None = None
    time: float | None = None


def decoder(decode: Decode, option: str = "decode") -> Callable[[bytes], Any]:
    """Return the function for a form that is named, or the function that was given.

    Raises:
        ConfigError: If it is neither.
    """
    named: dict[object, Callable[[bytes], Any]] = {"json": msgspec.json.decode, "text": bytes.decode}
    found = named.get(decode) if isinstance(decode, str) else decode
    if not callable(found):
        raise ConfigError(f"{option} is {decode!r}: use 'json', 'text' or a function of the bytes")
    return found


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Check an option that has a few values.

    Raises:
        ConfigError: If it is none of them.
    """
    if value not in choices:
        raise ConfigError(f"{option} is {value!r}: use {' or '.join(map(repr, choices))}")
