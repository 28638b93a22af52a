from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.client.events import Event
from rtwidgets.client.hub import Hub
from rtwidgets.core.notices import MAX_TEXT
from rtwidgets.errors import ChannelNameError, PermissionDeniedError, ReplyError

from .conftest import Join, eventually
from .hub_process import token


def listen(hub: Hub, channel: str) -> list[Event]:
    heard: list[Event] = []
    events = hub.event(channel)
    events.on_event(heard.append)
    events._wait()
    return heard


def a_user(join: Join, user: str) -> Hub:
    """Somebody without any right of their own."""
    return join(own_token=token(user, owner=False, caps={}))


def test_oneself_is_told_and_needs_no_right(join: Join) -> None:
    hub = a_user(join, "nora")
    heard = listen(a_user(join, "nora"), "event:rtwidgets.notices#nora")
    hub.notify("done", level="success")
    eventually(lambda: heard)
    assert (heard[0].data, heard[0].user) == ({"text": "done", "level": "success"}, "nora")


def test_owner_tells_a_user(join: Join) -> None:
    heard = listen(a_user(join, "otto"), "event:rtwidgets.notices#otto")
    join().notify("look at the spread", to="user:otto")
    eventually(lambda: heard)
    assert (heard[0].data, heard[0].user) == ({"text": "look at the spread"}, "ann")


def test_stranger_tells_nobody_else_and_reads_nothing(join: Join) -> None:
    stranger = a_user(join, "eve")
    with pytest.raises(PermissionDeniedError, match="no right to notify 'otto'"):
        stranger.notify("hello", to="user:otto")
    with pytest.raises(PermissionDeniedError):
        stranger.event("event:rtwidgets.notices#otto")._wait()
    with pytest.raises(PermissionDeniedError):
        stranger.notify("hello", to="event:alerts")


@pytest.mark.parametrize("to", ["event:alerts7", "desk7"])
def test_channel_and_session_are_told_by_an_event(join: Join, to: str) -> None:
    channel = to if ":" in to else f"event:{to}/notices"
    heard = listen(join(), channel)
    join().notify("open", level="warning", to=to)
    eventually(lambda: heard)
    assert (heard[0].data, heard[0].user) == ({"level": "warning", "text": "open"}, "ann")


def test_objects_name_what_they_are(join: Join) -> None:
    hub = join()
    session, events = hub.session("notify-desk"), hub.event("alerts8")
    told, heard = listen(join(), "event:notify-desk/notices"), listen(join(), "event:alerts8")
    assert hub.notify("one", to=session) == hub.notify("two", to=events) == 1
    assert hub.notify("three", to="never-there") == hub.notify("four", to="user:never-there") == 0
    eventually(lambda: told and heard)
    assert (told[0].data["text"], heard[0].data["text"]) == ("one", "two")


@pytest.mark.parametrize(
    ("text", "options", "error", "says"),
    [
        ("", {}, ValueError, "a notice is a text that can be seen, of 1 to 1,000 characters"),
        (" \u200b", {}, ValueError, "a notice is a text that can be seen, of 1 to 1,000 characters"),
        ("x" * (MAX_TEXT + 1), {}, ValueError, "shorten it or send an event"),
        (5, {}, ValueError, "a notice is a text"),
        ("x", {"level": "loud"}, ValueError, "level must be one of 'info', 'success', 'warning', 'error'"),
        ("x", {"to": "user:"}, ValueError, "'user:' names nobody"),
        (
            "x",
            {"to": 7},
            TypeError,
            "to takes a session, a channel of events or a text such as 'user:ann', not 7",
        ),
        ("x", {"to": "stream:prices"}, ChannelNameError, r"use hub\.stream"),
    ],
)
def test_what_can_not_be_told_is_said(
    join: Join, text: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        join().notify(text, **options)


def test_too_many_are_refused(join: Join) -> None:
    hub = a_user(join, "bell-ringer")
    with pytest.raises(ReplyError, match="notices_per_s"):
        for _ in range(50):
            hub.notify("ding")
