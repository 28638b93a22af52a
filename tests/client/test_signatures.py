"""What a command takes: schema, help, and checks of a call's arguments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, time
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional

import msgspec
import pytest

from rtwidgets.client.docstrings import read_docstring
from rtwidgets.client.signatures import Signature


class Side(Enum):
    BUY = "buy"
    SELL = "sell"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Unlike(Enum):
    PAIR = (1, 2)


def halt(
    symbol: str,
    levels: list[int],
    side: Literal["buy", "sell"] = "buy",
    price: float | None = None,
    note: Optional[str] = None,  # noqa: UP045
    *,
    hard: bool = False,
) -> str:
    """Halt trading of a symbol.

    At once, at every venue.
    Open orders stay.

    Args:
        symbol: Its ticker,
            in capitals.
        levels (list of int): Which levels.
        hard: Also for
            market makers.

    Returns:
        symbol: What was said.
    """
    return symbol + side + str(levels) + str(price) + str(note) + str(hard)


def test_schema_comes_from_hints_defaults_and_docstring() -> None:
    signature = Signature(halt)
    assert signature.title == "Halt trading of a symbol"
    assert signature.schema == {
        "type": "object",
        "properties": {
            "symbol": {"type": "string", "description": "Its ticker, in capitals."},
            "levels": {"type": "array", "items": {"type": "integer"}, "description": "Which levels."},
            "side": {"enum": ["buy", "sell"], "default": "buy"},
            "price": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "hard": {"type": "boolean", "default": False, "description": "Also for market makers."},
        },
        "required": ["symbol", "levels"],
        "additionalProperties": False,
        "description": "At once, at every venue.\nOpen orders stay.",
    }
    assert signature.bind({"symbol": "A", "levels": [1], "price": 2}) == {
        "symbol": "A",
        "levels": [1],
        "price": 2.0,
    }


def test_enums_dates_and_bounds() -> None:
    def plan(
        side: Side,
        day: date,
        level: Level = Level.HIGH,
        until: datetime | None = None,
        at: time = time(9, 30),
        share: Annotated[float, msgspec.Meta(ge=0, lt=1, description="Of all.")] = 0.5,
        names: Annotated[list[str], msgspec.Meta(min_length=1)] = ["a"],  # noqa: B006
        anything: Any = object(),  # noqa: B008
    ) -> None:
        del side, day, level, until, at, share, names, anything

    signature = Signature(plan)
    assert signature.title == "Plan"
    assert signature.schema["properties"] == {
        "side": {"enum": ["buy", "sell"]},
        "day": {"type": "string", "format": "date"},
        "level": {"enum": [1, 2], "default": 2},
        "until": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None},
        "at": {"type": "string", "format": "time", "default": "09:30:00"},
        "share": {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": 1,
            "description": "Of all.",
            "default": 0.5,
        },
        "names": {"type": "array", "items": {"type": "string"}, "minItems": 1, "default": ["a"]},
        "anything": {},
    }
    bound = signature.bind({"side": "buy", "day": "2026-11-25", "until": "2026-11-25T10:00:00Z", "level": 1})
    assert bound == {
        "side": Side.BUY,
        "day": date(2026, 11, 25),
        "until": datetime(2026, 11, 25, 10, tzinfo=UTC),
        "level": Level.LOW,
    }
    for args, words in (
        ({"side": "hold"}, "'side'.*hold"),
        ({"side": "buy", "day": "yesterday"}, "'day'"),
        ({"side": "buy", "day": "2026-01-01", "share": 1}, "'share'.* < 1"),
        ({"side": "buy", "day": "2026-01-01", "names": []}, "'names'"),
    ):
        with pytest.raises(TypeError, match=words):
            signature.bind(args)


def test_moment_without_a_zone_is_local_time() -> None:
    def at(when: datetime, others: list[datetime]) -> None:
        del when, others

    text = "2026-11-25T10:00:00"
    bound = Signature(at).bind({"when": text, "others": [text]})
    local = datetime.fromisoformat(text).astimezone()
    assert bound == {"when": local, "others": [local]}
    assert bound["when"].tzinfo is not None


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "'a' is missing"),
        ({"a": "x"}, r"'a'.*`int`"),
        ({"a": 1, "c": 2}, r"no argument 'c'; arguments are a, b"),
    ],
)
def test_arguments_that_do_not_fit_are_named(args: dict[str, object], message: str) -> None:
    def add(a: int, b: int = 1) -> int:
        return a + b

    with pytest.raises(TypeError, match=message):
        Signature(add).bind(args)


def test_signatures_that_can_not_be_called_by_name_are_refused() -> None:
    with pytest.raises(TypeError, match=r"\*args"):
        Signature(lambda *args: None)

    def takes_bytes(blob: bytes) -> None:
        del blob

    def takes_odd(what: Unlike) -> None:
        del what

    def takes_two_texts(what: date | str) -> None:
        del what

    def takes_key(key: str) -> None:
        del key

    def yields() -> Iterator[int]:
        yield 1

    async def yields_later() -> AsyncIterator[int]:
        yield 1

    for fn, words in (
        (
            yields,
            r"command 'yields' is a generator, and a call has one result: return it, and say how far it is",
        ),
        (yields_later, "'yields_later' is a generator"),
        (takes_bytes, r"'blob' has the type <class 'bytes'>; use int, float"),
        (takes_odd, "argument 'what'"),
        (takes_two_texts, "argument 'what'"),
        (takes_key, "'takes_key' can't have the parameter 'key': hub.call takes it for itself"),
    ):
        with pytest.raises(TypeError, match=words):
            Signature(fn)


def test_docstring_without_much_to_say() -> None:
    assert read_docstring("") == ("", "", {})
    assert read_docstring("Go.") == ("Go", "", {})
    assert read_docstring("Go.\n\nArgs:\n    x: One.\n\n    y: Two.").arguments == {"x": "One.", "y": "Two."}
    assert read_docstring("Go.\n\nNotes: of no section\n").text == "Notes: of no section"
