from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.toggle import Toggle


def test_toggle_is_its_spec(channels: Any) -> None:
    toggle = Toggle(channels("value:on"), title="On")
    assert toggle.spec == {
        "kind": "toggle",
        "hub": "hub-1",
        "channels": {"value": "value:on"},
        "options": {"title": "On"},
    }
    assert repr(toggle) == "Toggle(value:on)"


def test_toggle_of_a_stream_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match="Toggle shows a value; 'stream:a' is a stream"):
        Toggle(channels("stream:a"))
