"""One dashboard in JupyterLab and on the hub's page: its owner, an editor and a viewer at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from .lab import Lab, open_notebook, run_all
from .watch import wait_for_transport

SETUP = """
import rtwidgets as rt
hub = rt.connect()
session = hub.session("desk", title="Morning desk")
prices, limit = session.stream("prices"), session.value("limit", default=100)
prices.append(price=101.5)
"""
SHOW = """
metric, slider = rt.LiveMetric(prices, "price"), rt.Slider(limit, 0, 500, title="Limit")
session.dashboard([[metric, slider], [rt.LiveChat(session.chat("desk"))]], title="Morning desk")
"""
LINKS = 'print(session.share("editor").url, session.share("viewer").url)'
# What a page that does not care for its missing button could do.
PUBLISH = """async () => {
    const slots = [...globalThis[Symbol.for("rtwidgets.hubs.v1")].values()];
    const want = { maxHz: 60, visible: true, onChange() {} };
    const value = slots[0].connection.value("value:desk/dashboard", want, new AbortController().signal);
    try { await value.set({ panels: [] }); return "done"; } catch (error) { return error.message; }
}"""


@pytest.fixture
def desk(lab: Lab, page: Page) -> Page:
    lab.write_notebook("desk.ipynb", SETUP, SHOW, LINKS)
    open_notebook(page, lab, "desk.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    return page


@pytest.fixture
def join(browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    contexts: list[BrowserContext] = []

    def joined(url: str, name: str) -> Page:
        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        context.set_default_timeout(15_000)
        contexts.append(context)
        guest = context.new_page()
        guest.goto(url)
        guest.fill(".rtw-host__input", name)
        guest.click(".rtw-host__join")
        return guest

    yield joined
    for context in contexts:
        context.close()


def panel(page: Page, title: str) -> Locator:
    return page.locator(f".rtw-panels__panel[aria-label='{title}']")


def order(page: Page) -> list[str]:
    found: list[str] = page.locator(".rtw-panels__panel").evaluate_all(
        "(all) => all.map((el) => el.ariaLabel)"
    )
    return found


def test_owner_editor_and_viewer_share_one_dashboard(desk: Page, join: Callable[[str, str], Page]) -> None:
    said = desk.locator(".jp-OutputArea-output pre").last.inner_text()
    editor_link, viewer_link = re.findall(r"http\S+", said)
    editor, viewer = join(editor_link, "Bob"), join(viewer_link, "Eve")
    for page in (desk, editor, viewer):
        expect(panel(page, "price").locator(".rtw-metric__value")).to_have_text("101.5")
        assert order(page) == ["price", "Limit", "desk"]
    expect(desk.locator(".rtw-dash .rtw-faces")).to_have_attribute(
        "aria-label", re.compile("^3 here: .*Bob.*Eve")
    )

    # The editor moves a panel with the keyboard: all see it, and no widget is made anew.
    desk.get_by_role("textbox", name="Message to desk").fill("not sent yet")
    editor.get_by_role("button", name="Edit layout").click()
    editor.get_by_role("button", name="Move desk", exact=True).press("ArrowUp")
    for page in (desk, viewer):
        expect(page.locator(".rtw-panels__panel").first).to_have_attribute("aria-label", "desk")
    expect(desk.get_by_role("textbox", name="Message to desk")).to_have_value("not sent yet")

    # The owner's browser is an editor in the session, whatever else its notebook shows.
    desk.get_by_role("button", name="Edit layout").click()
    desk.get_by_role("button", name="Move Limit", exact=True).press("Delete")
    for page in (editor, viewer):
        expect(panel(page, "Limit")).to_have_count(0)
    desk.get_by_role("button", name="Undo").click()
    expect(panel(viewer, "Limit")).to_be_visible()

    # A viewer has no button, and the hub refuses a page that goes without.
    expect(viewer.get_by_role("button", name="Edit layout")).to_be_hidden()
    assert "permission denied" in viewer.evaluate(PUBLISH)
    expect(panel(editor, "Limit")).to_be_visible()

    # Running the cell again lays it out anew, in the same place for all.
    run_all(desk, 1, 1)
    for page in (editor, viewer):
        expect(page.locator(".rtw-panels__panel").first).to_have_attribute("aria-label", "price")
        assert page.locator(".rtw-dash").count() == 1
