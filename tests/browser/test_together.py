"""One session on three screens: JupyterLab (owner), Notebook 7 (editor) and the hub's page (viewer)."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from ..client.conftest import eventually
from ..server.sockets import Line, bare_line
from .hub_page import Visitor
from .lab import Lab, open_notebook, run_all
from .test_hub_page import CONNECTION

pytestmark = pytest.mark.alone

OWNER = """
import json, rtwidgets as rt
hub = rt.connect()
session = hub.session("morning", title="Morning desk")

@session.command
def halt(symbol: str = "ACME") -> str:
    return f"{symbol} halted"

dashboard = session.dashboard([
    [rt.LiveMetric(session.stream("px"), "price"), rt.Slider(session.value("limit", default=0), 0, 500)],
    [rt.Button("Halt", halt)],
    [rt.LiveChat(session.chat("desk"))],
])
links = {role: session.share(role).url for role in ("editor", "viewer")}
open("links.json", "w").write(json.dumps(links))
dashboard
"""
EDITOR = """
import rtwidgets as rt

hub = rt.connect({link!r}, name="Eve")
session = hub.session("morning")
session.dashboard()
"""
BOTS, EACH = 30, 10
# What each change of an element showed, and when.
RECORD = """([selector, attribute]) => {
    const element = document.querySelector(selector);
    const read = () => attribute ? element.getAttribute(attribute) : element.textContent;
    const seen = (globalThis.rtwShown ??= {});
    const list = (seen[selector] = [[read(), Date.now()]]);
    new MutationObserver(() => {
        if (list.at(-1)[0] !== read()) list.push([read(), Date.now()]);
    }).observe(element, { attributes: true, childList: true, characterData: true, subtree: true });
}"""
NUMBER = ".rtw-metric__value"
SLIDER = ".rtw-slider [role=slider]"


class Screens:
    """The three of them, and a publisher that needs no notebook."""

    def __init__(self, lab: Lab, pages: list[Page]) -> None:
        self.all = pages
        self.owner, self.editor, self.viewer = pages
        found = lab.hub_file()
        self.hub_url = found["url"]
        site = FixedSite(parse_address(found["url"]), found["token"])
        self.hub = Hub(site, name="outside", buffer_bytes=DEFAULT_BUFFER_BYTES)
        self.session = self.hub.session("morning")


@pytest.fixture(scope="module")
def screens(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screens]:
    labs = [
        Lab(tmp_path_factory.mktemp(app), app=app, base_url=base)
        for app, base in (("jupyterlab", "/"), ("notebook", "/nb/"))
    ]
    with ExitStack() as stack:
        for lab in labs:
            lab.start()
            stack.callback(lab.stop)
        pages: list[Page] = []
        for lab, cell in zip(labs, (OWNER, EDITOR), strict=True):
            if pages:
                links = json.loads((labs[0].directory / "links.json").read_text())
                cell = EDITOR.format(link=links["editor"])
            lab.write_notebook("desk.ipynb", cell)
            context = browser.new_context(viewport={"width": 1200, "height": 1000})
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            pages.append(context.new_page())
            open_notebook(pages[-1], lab, "desk.ipynb")
            run_all(pages[-1])
        viewer = Visitor(browser)
        stack.callback(viewer.context.close)
        viewer.join(links["viewer"], "Vic")
        found = Screens(labs[0], [*pages, viewer.page])
        stack.callback(found.hub.close)
        yield found


def shown(page: Page, selector: str) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = page.evaluate("(selector) => rtwShown[selector]", selector)
    return found


@pytest.mark.timeout(180)
def test_the_same_numbers_are_on_all_screens_at_once(screens: Screens) -> None:
    prices = screens.session.stream("px")
    prices.append(price=1.0)
    for page in screens.all:
        expect(page.locator(NUMBER)).to_contain_text("1")
        page.evaluate(RECORD, [NUMBER, ""])
    spreads, ages = [], []
    for number in range(101, 111):
        sent = time.time() * 1000
        prices.append(price=number)
        for page in screens.all:
            expect(page.locator(NUMBER)).to_contain_text(str(number))
        times = [next(at for text, at in shown(page, NUMBER) if str(number) in text) for page in screens.all]
        spreads.append(max(times) - min(times))
        ages.append(max(times) - sent)
    assert statistics.median(spreads) <= 200 and statistics.median(ages) <= 500, (spreads, ages)


@pytest.mark.timeout(120)
def test_slider_that_the_editor_drags_moves_on_the_others_without_jumping_back(screens: Screens) -> None:
    for page in screens.all:
        page.evaluate(RECORD, [SLIDER, "aria-valuenow"])
    box = screens.editor.locator(".rtw-slider__track").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    mouse = screens.editor.mouse
    mouse.move(box["x"] + 10, middle)
    mouse.down()
    for step in range(10, int(box["width"]) - 5, 6):
        mouse.move(box["x"] + step, middle)
    mouse.up()
    eventually(
        lambda: len({page.locator(SLIDER).get_attribute("aria-valuenow") for page in screens.all}) == 1
    )
    for page in screens.all:
        values = [float(value) for value, _ in shown(page, SLIDER)]
        assert values == sorted(values) and len(values) > 5, values
    assert screens.session.value("limit").get() == values[-1] > 400


@pytest.mark.timeout(60)
def test_what_a_viewer_may_not_do_is_refused_by_the_hub(screens: Screens) -> None:
    expect(screens.viewer.locator(SLIDER)).to_have_attribute("aria-disabled", "true")
    before = screens.session.value("limit").get()
    refusal = screens.viewer.evaluate(
        "async () => {"
        + CONNECTION
        + """
        const feed = connection.value("value:morning/limit", want, forever);
        const tries = [feed.set(7), connection.call("morning/halt", {})];
        return (await Promise.allSettled(tries)).map(({ reason }) => reason?.code ?? null);
        }"""
    )
    assert refusal == [103, 103]
    assert screens.session.value("limit").get() == before


def messages(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => {"
        + CONNECTION
        + """
        const feed = connection.chat("chat:morning/desk", want, forever);
        return feed.messages.map(({ user, text }) => `${user}: ${text}`);
        }"""
    )
    return found


@pytest.mark.timeout(120)
def test_chat_of_many_ends_with_the_same_list_on_all_screens(screens: Screens) -> None:
    with ExitStack() as stack:
        bots: list[Line] = []
        for number in range(BOTS):
            made = screens.hub._link.rpc(
                "rtwidgets.token",
                {
                    "ttl_s": 600,
                    "sub": f"bot{number}",
                    "info": {"name": f"Bot {number}"},
                    "caps": {"chat:morning/*": ["publish"]},
                },
            )
            bot = stack.enter_context(bare_line(_Place(screens.hub_url)))
            assert "connect" in bot.ask(connect={"token": json.loads(made)["token"]})
            bots.append(bot)
        start = time.monotonic()
        for round_ in range(EACH):
            for number, bot in enumerate(bots):
                form = {"type": "message", "id": f"{number}-{round_}", "text": f"message {round_}"}
                assert "error" not in bot.ask(publish={"channel": "chat:morning/desk", "data": form})
                # Fifty a second in all.
                time.sleep(max(0.0, start + (round_ * BOTS + number) / 50 - time.monotonic()))
    said = {f"bot{number}: message {round_}" for number in range(BOTS) for round_ in range(EACH)}

    def lists() -> list[list[str]]:
        return [messages(page) for page in screens.all]

    eventually(lambda: all(set(found) == said for found in lists()))
    found = lists()
    assert found[0] == found[1] == found[2] and len(found[0]) == BOTS * EACH


class _Place:
    def __init__(self, url: str) -> None:
        self.port = int(url.rpartition(":")[2])


@pytest.mark.timeout(180)
def test_views_go_on_while_the_owners_kernel_starts_anew(screens: Screens) -> None:
    button = screens.editor.locator(".rtw-press")
    expect(button).to_be_enabled()
    screens.owner.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    for page in (screens.editor, screens.viewer):
        expect(page.locator(".rtw-button")).to_contain_text("halt", ignore_case=True)
    expect(button).to_be_disabled()
    expect(screens.editor.locator(".rtw-button__state")).not_to_have_text("")
    screens.session.stream("px").append(price=777)
    for page in (screens.editor, screens.viewer):
        expect(page.locator(NUMBER)).to_contain_text("777")
    screens.owner.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    run_all(screens.owner)
    expect(button).to_be_enabled()
    button.click()
    expect(screens.editor.locator(".rtw-button__state")).to_contain_text("ACME halted")
    screens.session.stream("px").append(price=888)
    for page in screens.all:
        expect(page.locator(NUMBER)).to_contain_text("888")


def test_screens_are_something_to_show(screens: Screens, tmp_path: Path) -> None:
    # Looked at by a person; here only that there is no error on any of them.
    for name, page in zip(("owner", "editor", "viewer"), screens.all, strict=True):
        page.screenshot(path=str(tmp_path / f"{name}.png"))
        faults: Any = page.locator(".rtw-fault").count()
        assert faults == 0
