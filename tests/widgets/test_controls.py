from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.inputs import DateInput, NumberInput, TextInput
from rtwidgets.widgets.scope import MOVE
from rtwidgets.widgets.select import MAX_CHOICES, MultiSelect, Select
from rtwidgets.widgets.slider import RangeSlider, Slider
from rtwidgets.widgets.toggle import Toggle

CONTROLS: list[tuple[Any, str, dict[str, Any]]] = [
    (Slider, "slider", {"min": 0, "max": 5}),
    (RangeSlider, "range_slider", {"min": 0, "max": 5}),
    (Toggle, "toggle", {}),
    (Select, "select", {"choices": ["a"]}),
    (MultiSelect, "multi_select", {"choices": ["a"]}),
    (TextInput, "text_input", {}),
    (NumberInput, "number_input", {}),
    (DateInput, "date_input", {}),
]
every_control = pytest.mark.parametrize(("control", "kind", "needed"), CONTROLS, ids=lambda item: str(item))


@every_control
def test_every_control_shows_and_sets_its_value(
    channels: Any, control: Any, kind: str, needed: dict[str, Any]
) -> None:
    shown = control(channels("value:x"), **needed, title="X")
    assert shown.spec["kind"] == kind
    assert shown.spec["channels"] == {"value": "value:x"}
    assert shown.spec["options"]["title"] == "X"
    assert channels.scope.caps() == {"value:x": MOVE}
    assert repr(shown).startswith(f"{control.__name__}(value:x")
    shown.close()
    assert channels.scope.caps() == {}


@every_control
def test_every_control_refuses_what_is_no_value(
    channels: Any, control: Any, kind: str, needed: dict[str, Any]
) -> None:
    with pytest.raises(
        ChannelError, match=rf"{control.__name__} shows a value; 'chat:x' is a chat: use rt\.LiveChat"
    ):
        control(channels("chat:x"), **needed)
    with pytest.raises(TypeError, match="title must be a text, not 5"):
        control(channels("value:x"), **needed, title=5)


@pytest.mark.parametrize("control", [Slider, RangeSlider])
@pytest.mark.parametrize(
    ("low", "high", "step", "error", "says"),
    [
        (5, 5, None, ValueError, "min must be below max; they are 5 and 5"),
        (0, math.inf, None, ValueError, "max must be finite, not inf"),
        (math.nan, 1, None, ValueError, "min must be finite, not nan"),
        ("0", 1, None, TypeError, "min must be a number, not '0'"),
        (0, 10, 0, ValueError, r"step must be above 0 and at most max - min = 10, not 0"),
        (0, 10, 11, ValueError, "step must be above 0"),
    ],
)
def test_sliders_refuse_a_scale_that_is_none(
    channels: Any, control: Any, low: Any, high: Any, step: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        control(channels("value:limit"), low, high, step=step)


def test_slider_is_its_spec(channels: Any) -> None:
    slider = Slider(channels("value:limit"), 0, 500, step=5, unit="k")
    assert slider.spec["options"] == {"min": 0, "max": 500, "step": 5, "unit": "k"}
    assert repr(slider) == "Slider(value:limit, min=0, max=500, step=5)"


@pytest.mark.parametrize("control", [Select, MultiSelect])
def test_choices_are_values_or_values_by_label(channels: Any, control: Any) -> None:
    plain = control(channels("value:x"), ["a", 2, None, date(2026, 1, 2)])
    assert plain.spec["options"]["choices"] == [
        {"label": "a", "value": "a"},
        {"label": "2", "value": 2},
        {"label": "None", "value": None},
        {"label": "2026-01-02", "value": "2026-01-02"},
    ]
    named = control(channels("value:x"), {"Buy": 1, "Sell": -1})
    assert named.spec["options"]["choices"] == [{"label": "Buy", "value": 1}, {"label": "Sell", "value": -1}]


@pytest.mark.parametrize(
    ("choices", "error", "says"),
    [
        ([], ValueError, f"there must be 1 to {MAX_CHOICES} choices, not 0"),
        (list(range(MAX_CHOICES + 1)), ValueError, f"not {MAX_CHOICES + 1}"),
        (["a", "b", "a"], ValueError, "the choices 'a' and 'a' are the same value, 'a'"),
        ({"one": 1, "eins": 1}, ValueError, "the choices 'one' and 'eins' are the same value, 1"),
        ([object()], ChannelError, "data for the choice .* can't be sent as JSON"),
        ("abc", TypeError, "choices must be a list of values, or values by label, not 'abc'"),
        (7, TypeError, "choices must be a list"),
        ({1: "a"}, TypeError, "the label of a choice is a text, not 1"),
    ],
)
def test_choices_that_are_none_are_refused(
    channels: Any, choices: Any, error: type[Exception], says: str
) -> None:
    for control in (Select, MultiSelect):
        with pytest.raises(error, match=says):
            control(channels("value:x"), choices)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"min": 5, "max": 4}, ValueError, "min must not be above max; they are 5 and 4"),
        ({"step": 0}, ValueError, "step must be above 0, not 0"),
        ({"min": math.nan}, ValueError, "min must be finite"),
        ({"max": "9"}, TypeError, "max must be a number, not '9'"),
        ({"unit": 1}, TypeError, "unit must be a text, not 1"),
    ],
)
def test_number_input_refuses_bounds_that_are_none(
    channels: Any, options: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        NumberInput(channels("value:x"), **options)


def test_inputs_are_their_specs(channels: Any) -> None:
    number = NumberInput(channels("value:n"), min=0, step=0.5, unit="s")
    assert number.spec["options"] == {"min": 0, "step": 0.5, "unit": "s"}
    assert repr(number) == "NumberInput(value:n, min=0)"
    assert TextInput(channels("value:t"), placeholder="note").spec["options"] == {"placeholder": "note"}
    assert DateInput(channels("value:d"), time=True).spec["options"] == {"time": True}
