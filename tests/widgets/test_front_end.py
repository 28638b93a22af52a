from __future__ import annotations

import base64
import gzip
import re
from typing import Any

import pytest

from rtwidgets.widgets import front_end
from rtwidgets.widgets.button import Button
from rtwidgets.widgets.chart import LiveChart
from rtwidgets.widgets.front_end import packed_kit
from rtwidgets.widgets.relay import Relay

MAX_STUB_BYTES = 4_000
MAX_PACKED_BYTES = 180_000
BUILD = re.compile(r'"([0-9a-f]{16})"')


def read(name: str) -> str:
    return front_end.front_end(name).read_text(encoding="utf-8")


def test_every_widget_sends_the_same_small_stub(channels: Any) -> None:
    chart, button = LiveChart(channels("stream:a")), Button("Go", "go", hub=channels.hub)
    for widget in (chart, button):
        assert widget.get_state("_esm") == {"_esm": read("stub.js")}
    assert len(read("stub.js").encode()) <= MAX_STUB_BYTES
    assert not hasattr(chart, "_css")


def test_the_packed_kit_is_the_plain_one() -> None:
    kit = gzip.decompress(base64.b64decode(packed_kit())).decode()
    assert kit == read("kit.js")
    assert len(packed_kit()) <= MAX_PACKED_BYTES
    assert Relay.class_traits(sync=True)["kit"].default_value == packed_kit()


def test_stub_loader_and_kit_name_one_build() -> None:
    builds = {name: set(BUILD.findall(read(name))) for name in ("stub.js", "loader.js", "kit.js")}
    assert len(builds["stub.js"]) == 1
    assert builds["stub.js"] == builds["loader.js"] == builds["kit.js"]


def test_a_front_end_that_was_not_built_says_how_to_build_it() -> None:
    with pytest.raises(FileNotFoundError, match=r"kit2\.js is missing. Run `make setup`"):
        front_end.front_end("kit2.js")
