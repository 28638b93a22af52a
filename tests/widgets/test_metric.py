from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.metric import LiveMetric


def test_metric_is_its_spec(channels: Any) -> None:
    metric = LiveMetric(
        channels("stream:a"), "price", reduce="mean", window="1m", unit="EUR", digits=2, max_hz=1
    )
    assert metric.spec["kind"] == "metric"
    assert metric.spec["options"] == {
        "column": "price",
        "reduce": "mean",
        "window_ms": 60_000,
        "sparkline": True,
        "unit": "EUR",
        "format": "number",
        "digits": 2,
        "max_hz": 1,
    }
    assert repr(metric) == "LiveMetric(stream:a, 'price', reduce='mean')"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"reduce": "median"}, "reduce must be one of 'last', 'mean'"),
        ({"format": "hex"}, "format must be one of 'number', 'compact', 'bytes', not 'hex'"),
        ({"digits": -1}, "digits must be a whole number from 0 to 10, not -1"),
        ({"digits": 1000}, "digits must be a whole number from 0 to 10, not 1000"),
        ({"digits": True}, "digits must be a whole number"),
    ],
)
def test_metric_says_what_is_wrong_with_an_option(channels: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LiveMetric(channels("stream:a"), "price", **options)


def test_metric_of_a_value_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match=r"'value:limit' is a value: use rt\.Slider or another control"):
        LiveMetric(channels("value:limit"), "price")
