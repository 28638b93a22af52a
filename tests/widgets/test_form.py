from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.client.commands import RegisteredCommand
from rtwidgets.client.signatures import Signature
from rtwidgets.widgets.form import Form


def halt(symbol: str) -> str:
    return symbol


def test_form_names_its_command_and_leaves_the_fields_to_the_catalogue(channels: Any) -> None:
    command = RegisteredCommand(channels.hub, halt, "morning/halt", "Halt", Signature(halt))
    form = Form(command, title="Stop trading", timeout_s=60)
    assert form.spec == {
        "kind": "form",
        "hub": "hub-1",
        "channels": {
            "commands": "table:morning/rtwidgets.commands",
            "calls": "table:morning/rtwidgets.calls",
        },
        "options": {"title": "Stop trading", "command": "morning/halt", "timeout_ms": 60_000},
    }
    assert repr(form) == "Form('morning/halt', title='Stop trading')"
    assert channels.relayed == [channels.hub]


def test_form_of_a_name_needs_a_hub(channels: Any) -> None:
    assert "title" not in Form("halt", hub=channels.hub).spec["options"]
    with pytest.raises(TypeError, match=r"'halt' is a name: say .* as in Form\('halt', hub=hub\)"):
        Form("halt")
    with pytest.raises(ValueError, match="timeout_s must be above 0 and at most 3600, not 0"):
        Form("halt", hub=channels.hub, timeout_s=0)
