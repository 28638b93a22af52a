from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from rtwidgets.widgets import base
from rtwidgets.widgets.scope import Scope


@dataclass(eq=False)
class StandInHub:
    """What a widget needs of a hub."""

    key: str = "hub-1"
    user: str = "ann"
    is_closed: bool = False


@dataclass(eq=False)
class Channels:
    """Makes channels of one hub, and knows for which hubs a relay was made."""

    hub: StandInHub = field(default_factory=StandInHub)
    relayed: list[Any] = field(default_factory=list)
    scope: Scope = field(default_factory=Scope)

    def __call__(self, name: str) -> Any:
        return StandInChannel(name, name.partition(":")[0], self.hub)


@dataclass(eq=False)
class StandInChannel:
    name: str
    kind: str
    hub: StandInHub


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channels]:
    made = Channels()

    class Relay:
        scope = made.scope

        @classmethod
        def of(cls, hub: Any) -> type[Relay]:
            made.relayed.append(hub)
            return cls

    monkeypatch.setattr(base, "Relay", Relay)
    yield made
