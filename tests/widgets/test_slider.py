from __future__ import annotations

import math
from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.slider import Slider


def test_slider_is_its_spec(channels: Any) -> None:
    slider = Slider(channels("value:limit"), 0, 500, step=5, unit="k")
    assert slider.spec["channels"] == {"value": "value:limit"}
    assert slider.spec["options"] == {"min": 0, "max": 500, "step": 5, "unit": "k"}
    assert repr(slider) == "Slider(value:limit, 0, 500, step=5)"


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
def test_slider_refuses_a_scale_that_is_none(
    channels: Any, low: Any, high: Any, step: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Slider(channels("value:limit"), low, high, step=step)


def test_slider_of_a_chat_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match=r"Slider shows a value; 'chat:desk' is a chat: use rt\.LiveChat"):
        Slider(channels("chat:desk"), 0, 1)
