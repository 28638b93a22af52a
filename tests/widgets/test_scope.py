from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rtwidgets.core.tokens import MAX_TOKEN_CHARS, Tokens
from rtwidgets.errors import ChannelError
from rtwidgets.widgets.button import Button
from rtwidgets.widgets.chart import LiveChart
from rtwidgets.widgets.chat import LiveChat
from rtwidgets.widgets.form import Form
from rtwidgets.widgets.metric import LiveMetric
from rtwidgets.widgets.scope import MODERATE, MOVE, SEE, TALK, Scope
from rtwidgets.widgets.slider import Slider
from rtwidgets.widgets.table import LiveTable
from rtwidgets.widgets.toggle import Toggle


def test_each_widget_needs_what_it_shows_and_no_more(channels: Any) -> None:
    made = [
        LiveChart(channels("stream:px")),
        LiveMetric(channels("stream:cpu"), "busy"),
        LiveTable(channels("table:orders")),
        Slider(channels("value:limit"), 0, 10),
        Toggle(channels("value:on")),
        LiveChat(channels("chat:desk"), commands=False),
        Button("Halt", "halt", hub=channels.hub),
        Form("morning/halt", hub=channels.hub),
    ]
    assert channels.scope.caps() == {
        "stream:px": SEE,
        "stream:cpu": SEE,
        "table:orders": SEE,
        "value:limit": MOVE,
        "value:on": MOVE,
        "chat:desk": TALK | MODERATE,
        "chat:desk#*": TALK,
        "event:rtwidgets.notices#ann": SEE,
        "command:halt": frozenset(("command",)),
        "table:rtwidgets.commands": SEE,
        "table:rtwidgets.calls": SEE,
        "command:morning/halt": frozenset(("command",)),
        "table:morning/rtwidgets.commands": SEE,
        "table:morning/rtwidgets.calls": SEE,
    }
    for widget in made:
        widget.close()
        widget.close()
    assert channels.scope.caps() == {}


def test_right_stays_until_the_last_widget_that_needs_it_is_closed(channels: Any) -> None:
    first, second = LiveTable(channels("table:orders")), LiveTable(channels("table:orders"))
    first.close()
    assert channels.scope.caps() == {"table:orders": SEE}
    second.close()
    assert channels.scope.caps() == {}


def test_name_with_a_star_is_refused_as_it_would_give_a_page_more(channels: Any) -> None:
    with pytest.raises(ChannelError, match="a name with a star is for patterns"):
        LiveChart(channels("stream:*"))
    with pytest.raises(ChannelError, match="star"):
        Button("All", "*", hub=channels.hub)
    assert channels.scope.caps() == {}


def test_growth_is_told_and_nothing_else() -> None:
    told: list[int] = []
    scope = Scope(lambda: told.append(1))
    scope.add({"value:a": SEE})
    scope.add({"value:a": SEE})
    assert len(told) == 1
    scope.add({"value:a": MOVE})
    assert len(told) == 2
    scope.remove({"value:a": SEE})
    assert scope.caps() == {"value:a": MOVE}
    scope.remove({"value:b": SEE})
    assert len(told) == 2


def test_scope_of_very_many_widgets_keeps_the_newest_that_fit_into_a_token() -> None:
    scope = Scope()
    for number in range(2_000):
        scope.add({f"stream:{'long/' * 20}{number}": SEE})
    scope.add({f"stream:{'long/' * 20}0": SEE})
    caps = scope.caps()
    assert 50 < len(caps) < 2_000
    assert {f"stream:{'long/' * 20}{number}" for number in (0, 1_999)} <= set(caps)
    secret = "a secret of thirty-two characters"
    text = Tokens(secret).mint(
        user="u" * 64, caps=caps, now=0.0, token_id="t" * 32, ttl_s=900, info={"n": "x"}
    )
    assert len(text) < MAX_TOKEN_CHARS
    assert len(msgspec.json.encode(text)) < MAX_TOKEN_CHARS
