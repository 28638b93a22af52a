from __future__ import annotations

import math
from typing import Any

import pytest

from rtwidgets.client.commands import RegisteredCommand
from rtwidgets.client.signatures import Signature
from rtwidgets.widgets.button import Button


def halt(symbol: str, reason: str = "") -> str:
    return f"{symbol} {reason}"


@pytest.fixture
def command(channels: Any) -> RegisteredCommand[..., Any]:
    return RegisteredCommand(channels.hub, halt, "halt", "Halt", Signature(halt))


def test_button_of_a_command_knows_its_hub(channels: Any, command: RegisteredCommand[..., Any]) -> None:
    button = Button("Halt ACME", command, symbol="ACME")
    assert button.spec == {
        "kind": "button",
        "hub": "hub-1",
        "channels": {"commands": "table:rtwidgets.commands", "calls": "table:rtwidgets.calls"},
        "options": {
            "title": "Halt ACME",
            "command": "halt",
            "args": {"symbol": "ACME"},
            "timeout_ms": 30_000,
        },
    }
    assert repr(button) == "Button('Halt ACME', 'halt', symbol='ACME')"
    assert channels.relayed == [channels.hub]


def test_button_of_a_name_needs_a_hub(channels: Any) -> None:
    assert Button("Halt", "halt", hub=channels.hub).spec["options"]["command"] == "halt"
    with pytest.raises(TypeError, match="'halt' is a name: say which hub serves it"):
        Button("Halt", "halt")


def test_button_refuses_an_argument_the_command_does_not_take(command: RegisteredCommand[..., Any]) -> None:
    with pytest.raises(TypeError, match="command 'halt' has no argument 'symbl'; it takes symbol, reason"):
        Button("Halt", command, symbl="ACME")


def test_button_refuses_what_is_no_command(channels: Any) -> None:
    plain: Any = halt
    with pytest.raises(TypeError, match=r"command must be a function of @hub\.command or a name"):
        Button("Halt", plain)


def test_button_sends_arguments_as_json(channels: Any) -> None:
    button = Button("Go", "go", hub=channels.hub, pair=(1, 2), level=math.inf)
    assert button.spec["options"]["args"] == {"pair": [1, 2], "level": None}
    with pytest.raises(TypeError, match="argument 'what' can't be sent as JSON"):
        Button("Go", "go", hub=channels.hub, what=object())


def test_button_waits_as_long_as_it_is_told(channels: Any) -> None:
    assert Button("Go", "go", hub=channels.hub, timeout_s=0.5).spec["options"]["timeout_ms"] == 500
    for wrong in (0, -1, 3601):
        with pytest.raises(ValueError, match=f"timeout_s must be above 0 and at most 3600, not {wrong}"):
            Button("Go", "go", hub=channels.hub, timeout_s=wrong)
    with pytest.raises(ValueError, match="timeout_s must be finite, not inf"):
        Button("Go", "go", hub=channels.hub, timeout_s=math.inf)
