from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rtwidgets.errors import ChannelError, ClosedError
from rtwidgets.widgets.chart import LiveChart


def test_chart_is_its_spec(channels: Any) -> None:
    chart = LiveChart(channels("stream:prices"), y="price", by="symbol", window="90s", title="Prices")
    assert chart.spec == {
        "kind": "chart",
        "hub": "hub-1",
        "channels": {"data": "stream:prices"},
        "options": {
            "kind": "line",
            "x": "time",
            "y": ["price"],
            "by": "symbol",
            "window_ms": 90_000,
            "title": "Prices",
            "height": 300,
        },
    }
    assert channels.relayed == [channels.hub]


def test_chart_has_one_trait_of_ours_and_it_holds_no_secret(channels: Any) -> None:
    chart = LiveChart(channels("stream:prices"))
    ours = {name for name in chart.keys if name in LiveChart.class_own_traits()} | {"spec"}
    assert ours == {"spec"}
    assert "token" not in str(chart.spec)


def test_chart_repr_says_what_was_asked_for(channels: Any) -> None:
    assert (
        repr(LiveChart(channels("stream:prices"), y="price"))
        == "LiveChart(stream:prices, x='time', y=['price'])"
    )
    assert repr(LiveChart(channels("stream:prices"))) == "LiveChart(stream:prices, x='time')"


@pytest.mark.parametrize(
    ("window", "ms"), [("5m", 300_000), (30, 30_000), (timedelta(hours=1), 3_600_000), (None, None)]
)
def test_chart_window_takes_durations(channels: Any, window: Any, ms: int | None) -> None:
    assert LiveChart(channels("stream:a"), window=window).spec["options"].get("window_ms") == ms


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"kind": "pie"}, ValueError, "kind must be one of 'line', 'area', not 'pie'"),
        ({"window": "soon"}, ValueError, "'soon' is not a duration"),
        ({"window": 0}, ValueError, "window must be at least 100 ms"),
        ({"y": []}, ValueError, "y is empty"),
        ({"y": ["a", "a"]}, ValueError, "y names a column twice"),
        ({"y": [1]}, TypeError, "y must be the name of a column, not 1"),
        ({"x": ""}, ValueError, "x must be the name of a column; it is empty"),
        ({"max_hz": 0}, ValueError, "max_hz must be from 0.01 to 1000 updates a second, not 0"),
        ({"max_hz": "fast"}, TypeError, "max_hz must be a number, not 'fast'"),
        ({"height": 5}, ValueError, "height must be a whole number of pixels from 60 to 4000"),
        ({"title": 7}, TypeError, "title must be a text"),
        ({"colour": "red"}, TypeError, "colour"),
    ],
)
def test_chart_says_what_is_wrong_with_an_option(
    channels: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        LiveChart(channels("stream:a"), **options)


def test_chart_of_a_table_names_the_widget_that_shows_it(channels: Any) -> None:
    with pytest.raises(
        ChannelError, match=r"LiveChart shows a stream; 'table:orders' is a table: use rt\.LiveTable"
    ):
        LiveChart(channels("table:orders"))


def test_chart_of_no_channel_says_what_is_one(channels: Any) -> None:
    nothing: Any = "prices"
    with pytest.raises(ChannelError, match=r"such as hub\.stream\('name'\); 'prices' is no channel"):
        LiveChart(nothing)


def test_chart_ends_with_its_block(channels: Any) -> None:
    with LiveChart(channels("stream:a")) as chart:
        assert chart.comm is not None
    assert chart.comm is None


def test_chart_of_a_closed_hub_says_how_to_go_on(channels: Any) -> None:
    channels.hub.is_closed = True
    with pytest.raises(ClosedError, match=r"the hub of LiveChart was closed: connect again with rt\.connect"):
        LiveChart(channels("stream:a"))
    assert channels.relayed == []
