from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import ipywidgets
import numpy as np
import pytest
import traitlets

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.trait_json import from_json, to_json

AT = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("widget", "trait", "held"),
    [
        (ipywidgets.IntSlider(), "value", 7),
        (ipywidgets.FloatSlider(), "value", 2.5),
        (ipywidgets.IntRangeSlider(), "value", (25, 75)),
        (ipywidgets.Checkbox(), "value", True),
        (ipywidgets.Text(), "value", "2026-11-25"),
        (ipywidgets.Dropdown(options=["a", "b"]), "value", "b"),
        (ipywidgets.SelectMultiple(options=["a", "b", "c"]), "value", ("a", "c")),
        (ipywidgets.DatePicker(), "value", date(2026, 11, 25)),
        (ipywidgets.DatePicker(), "value", None),
        (ipywidgets.DatetimePicker(), "value", AT),
        (ipywidgets.NaiveDatetimePicker(), "value", AT.replace(tzinfo=None)),
        (ipywidgets.TimePicker(), "value", time(10, 0, 5)),
        (ipywidgets.ColorPicker(), "value", "#ff0000"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_a_widget_holds_goes_there_and_back(widget: Any, trait: str, held: object) -> None:
    blank = getattr(widget, trait)
    setattr(widget, trait, held)
    travelled = to_json(getattr(widget, trait), "here")
    back = from_json(travelled, widget.traits()[trait], blank)
    setattr(widget, trait, back)
    assert getattr(widget, trait) == held
    assert type(getattr(widget, trait)) is type(held)


class Anything(traitlets.HasTraits):
    value = traitlets.Any()
    names = traitlets.Set()


def test_what_a_trait_holds_says_what_it_takes_where_the_trait_takes_anything() -> None:
    trait = Anything.class_traits()["value"]
    assert from_json([1, 2], trait, (0,)) == (1, 2)
    assert from_json([1, 2], trait, None) == [1, 2]
    assert from_json([1, 2], trait, {3}) == {1, 2}
    assert from_json("2026-11-25", trait, date(2026, 1, 1)) == date(2026, 11, 25)
    assert from_json("2026-11-25", trait, "x") == "2026-11-25"
    assert from_json(["a"], Anything.class_traits()["names"], set()) == {"a"}


def test_numbers_of_numpy_are_numbers() -> None:
    assert to_json({"a": np.float64(1.5), "b": np.arange(2)}, "here") == {"a": 1.5, "b": [0, 1]}


@pytest.mark.parametrize("held", [b"x", memoryview(b"x"), object(), {1, "a", object()}])
def test_what_has_no_place_in_json_is_said(held: object) -> None:
    with pytest.raises(ChannelError, match="data for 'value:x' from Y can't be sent as JSON"):
        to_json(held, "'value:x' from Y")
