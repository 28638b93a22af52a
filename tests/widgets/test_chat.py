from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.chat import LiveChat


def test_chat_is_its_spec(channels: Any) -> None:
    chat = LiveChat(channels("chat:desk"), title="Desk", height=200)
    assert chat.spec["channels"] == {"chat": "chat:desk"}
    assert chat.spec["options"] == {"title": "Desk", "height": 200}
    assert repr(chat) == "LiveChat(chat:desk)"


def test_chat_of_an_event_channel_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match="LiveChat shows a chat; 'event:alerts' is an event"):
        LiveChat(channels("event:alerts"))
