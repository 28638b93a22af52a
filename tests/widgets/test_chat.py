from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.errors import ChannelError
from rtwidgets.widgets.chat import LiveChat

TALK = {"subscribe", "publish", "history", "presence"}


def test_chat_is_its_spec(channels: Any) -> None:
    chat = LiveChat(channels("chat:desk"), title="Desk", height=200)
    assert chat.spec["channels"] == {"chat": "chat:desk"}
    assert chat.spec["options"] == {"title": "Desk", "height": 200}
    assert repr(chat) == "LiveChat(chat:desk)"
    assert LiveChat(channels("chat:desk"), commands=False).spec["options"] == {
        "height": 360,
        "commands": False,
    }


def test_chat_needs_its_direct_chats_its_notices_and_the_commands_of_its_scope(channels: Any) -> None:
    with LiveChat(channels("chat:morning/desk")):
        assert {target: set(verbs) for target, verbs in channels.scope.caps().items()} == {
            "chat:morning/desk": {*TALK, "command"},
            "chat:morning/desk#*": TALK,
            "event:rtwidgets.notices#ann": {"subscribe"},
            "table:morning/rtwidgets.commands": {"subscribe"},
            "table:morning/rtwidgets.calls": {"subscribe"},
            "command:morning/*": {"command"},
        }
    assert channels.scope.caps() == {}
    with LiveChat(channels("chat:desk#ann,bob"), commands=False):
        assert set(channels.scope.caps()) == {
            "chat:desk#ann,bob",
            "chat:desk#*",
            "event:rtwidgets.notices#ann",
        }
    with LiveChat(channels("chat:desk")):
        assert {"command:*", "table:rtwidgets.commands"} < set(channels.scope.caps())


def test_a_star_in_a_chats_name_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match="a name with a star is for patterns"):
        LiveChat(channels("chat:*"))


def test_chat_of_an_event_channel_is_refused(channels: Any) -> None:
    with pytest.raises(ChannelError, match="LiveChat shows a chat; 'event:alerts' is an event"):
        LiveChat(channels("event:alerts"))
