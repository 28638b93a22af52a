from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.log import LiveLog
from rtwidgets.widgets.notifications import Notifications
from rtwidgets.widgets.scope import SEE


def test_log_is_its_spec(channels: Any) -> None:
    log = LiveLog(channels("event:alerts"), title="Alerts", height=200, level="warning")
    assert log.spec == {
        "kind": "log",
        "hub": "hub-1",
        "channels": {"events": "event:alerts"},
        "options": {"title": "Alerts", "height": 200, "level": "warning"},
    }
    assert channels.scope.caps() == {"event:alerts": SEE}
    assert repr(log) == "LiveLog(event:alerts)"


def test_notifications_are_their_spec(channels: Any) -> None:
    bell = Notifications(channels("event:alerts"))
    assert (bell.spec["kind"], bell.spec["channels"]) == ("notifications", {"events": "event:alerts"})
    assert channels.scope.caps() == {"event:alerts": SEE}


@pytest.mark.parametrize("widget", [LiveLog, Notifications])
def test_other_channels_are_refused(channels: Any, widget: Any) -> None:
    with pytest.raises(ChannelError, match=rf"{widget.__name__} shows an event; 'table:a' is a table"):
        widget(channels("table:a"))


def test_log_refuses_what_is_no_level(channels: Any) -> None:
    with pytest.raises(ValueError, match=r"level must be one of 'debug', .*, not 'loud'"):
        LiveLog(channels("event:a"), level="loud")
