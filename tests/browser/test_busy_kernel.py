"""What is fed from outside a kernel goes on while the kernel is busy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab, open_notebook, run_all, start_cell
from .watch import assert_once_and_in_order, forget_seen, seen, wait_for_transport, watch_stream

pytestmark = pytest.mark.alone

SETUP = """
import time
import rtwidgets as rt

hub = rt.connect()
rt.LiveChart(hub.stream("{stream}"), y="n", window="30s")
"""
BUTTON = 'rt.Button("Ping", "ping", hub=hub)'
SLEEP = "time.sleep(5)"
SPIN = """
end = time.monotonic() + 5
while time.monotonic() < end:
    sum(range(1000))
"""


@pytest.mark.parametrize("busy", [SLEEP, SPIN], ids=["sleep", "spin"])
def test_widgets_and_buttons_go_on_while_a_cell_runs(
    lab: Lab, page: Page, outside: Callable[[Lab], str], busy: str
) -> None:
    stream = outside(lab)
    lab.write_notebook("busy.ipynb", SETUP.format(stream=stream), BUTTON, busy)
    open_notebook(page, lab, "busy.ipynb")
    run_all(page, first=0, last=1)
    wait_for_transport(page, "direct")
    watch_stream(page, f"stream:{stream}", "n")
    start_cell(page, 2)
    page.wait_for_timeout(300)
    forget_seen(page)
    button = page.get_by_role("button", name="Ping")
    button.click()
    expect(page.get_by_text("pong")).to_be_visible(timeout=2_000)
    page.wait_for_timeout(3_000)
    found = seen(page)
    expect(page.locator(".jp-InputPrompt").nth(2)).to_have_text("[*]:", timeout=1)
    assert found["gap_ms"] < 250
    assert len(found["cells"]) > 100
    assert_once_and_in_order(found["cells"])
    assert (found["gaps"], found["repeats"], found["lost"]) == (0, 0, 0)
