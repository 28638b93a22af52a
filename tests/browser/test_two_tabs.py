"""Two browser tabs on one notebook see the same values and chat."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from .lab import Lab, open_notebook, run_all
from .watch import wait_for_transport

pytestmark = pytest.mark.alone

CELLS = (
    "import rtwidgets as rt\nhub = rt.connect()",
    'rt.Slider(hub.value("limit", default=100), 0, 500, title="Limit")',
    'rt.LiveChat(hub.chat("desk"), title="Desk")',
    'rt.Toggle(hub.value("on", default=False), title="On")',
)
LATENCY_MS = 200


@pytest.fixture
def tabs(lab: Lab, context: BrowserContext) -> tuple[Page, Page]:
    lab.write_notebook("tabs.ipynb", *CELLS)
    first, second = context.new_page(), context.new_page()
    open_notebook(first, lab, "tabs.ipynb")
    run_all(first)
    # The outputs must be in the file for the second tab to find them there.
    first.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    open_notebook(second, lab, "tabs.ipynb", workspace="second")
    for tab in (first, second):
        wait_for_transport(tab, "direct")
        expect(tab.get_by_role("slider", name="Limit")).to_be_visible()
    return first, second


def test_value_set_in_one_tab_moves_in_the_other(tabs: tuple[Page, Page]) -> None:
    first, second = tabs
    slider, follower = (tab.get_by_role("slider", name="Limit") for tab in tabs)
    expect(follower).to_have_attribute("aria-valuenow", "100")
    follower.evaluate(
        """(node) => {
        new MutationObserver(() => { window.movedAt ??= Date.now(); })
            .observe(node, { attributes: true, attributeFilter: ["aria-valuenow"] });
        }"""
    )
    slider.evaluate("(node) => node.addEventListener('keydown', () => { window.pressedAt = Date.now(); })")
    slider.press("ArrowRight")
    expect(follower).not_to_have_attribute("aria-valuenow", "100")
    moved, pressed = second.evaluate("() => window.movedAt"), first.evaluate("() => window.pressedAt")
    assert 0 <= moved - pressed < LATENCY_MS
    now = slider.get_attribute("aria-valuenow")
    assert now is not None
    expect(follower).to_have_attribute("aria-valuenow", now)
    toggle = second.get_by_role("switch", name="On")
    toggle.click()
    expect(first.get_by_role("switch", name="On")).to_have_attribute("aria-checked", "true")


def test_notice_shows_once_in_each_tab_whatever_widgets_it_has(lab: Lab, tabs: tuple[Page, Page]) -> None:
    found = lab.hub_file()
    site = FixedSite(parse_address(found["url"]), found["token"])
    with Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES) as hub:
        hub.notify("the run is <i>done</i>", level="success")
        for tab in tabs:
            expect(tab.locator(".rtw-toast")).to_have_count(1)
            expect(tab.locator(".rtw-toast__text")).to_have_text("the run is <i>done</i>")


def test_chat_message_of_one_tab_appears_in_the_other_once(tabs: tuple[Page, Page]) -> None:
    first, second = tabs
    text = "hello <b>bold</b> & all"
    first.get_by_role("textbox", name="Message").fill(text)
    first.get_by_role("textbox", name="Message").press("Enter")
    for tab in (second, first):
        expect(tab.get_by_role("log").get_by_text(text, exact=True)).to_have_count(1)
