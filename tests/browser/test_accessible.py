"""Every kind of widget under axe-core, and with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ..client.hub_process import ROOT

AXE = ROOT / "js/node_modules/axe-core/axe.min.js"
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map((node) => [node.target.join(" "), node.failureSummary])])"""
LOOKS: dict[str, tuple[Literal["light", "dark"], str]] = {
    "light": ("light", "?theme=light"),
    "dark": ("dark", "?theme=dark"),
    # Where the host sets no colours the reader's system does.
    "system light": ("light", "?"),
    "system dark": ("dark", "?"),
}


STIR = """() => {
    const bob = { client: "c9", user: "bob", name: "Bob Stone" };
    const alerts = connection.event("event:alerts");
    for (const level of ["info", "success", "warning", "error"])
        alerts.receive({ level, text: `a ${level}` });
    document.querySelector(".rtw-bell__face").click();
    const note = document.querySelector(".rtw-text input");
    note.value = "mine";
    note.dispatchEvent(new Event("input", { bubbles: true }));
    const moved = { note: "theirs", interval: 3, wrong: "x" };
    for (const [name, value] of Object.entries(moved)) connection.value(`value:${name}`).receive(value, bob);
}"""


@pytest.fixture
def show(browser: Browser, harness: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    pages: list[Page] = []

    def shown(name: str, look: str = "light", *, height: int = 2600) -> Page:
        scheme, query = LOOKS[look]
        page = browser.new_page(viewport={"width": 1240, "height": height}, color_scheme=scheme)
        page.set_default_timeout(10_000)
        # As the browser's own, so that the page's policy has no say in it.
        page.add_init_script(path=AXE)
        page.goto(f"{harness}/{name}.html{query}&careless")
        page.wait_for_function("() => globalThis.connection && document.querySelectorAll('.rtw').length > 3")
        page.wait_for_timeout(300)  # colours and the first data
        pages.append(page)
        return page

    yield shown
    for page in pages:
        page.close()


def findings(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate(RUN)
    return found


PAGES = ("harness", "commands", "controls", "dashboard")


@pytest.mark.parametrize("look", LOOKS)
def test_no_widget_has_a_serious_finding(show: Any, look: str) -> None:
    page = show("index", look)
    if "system" in look:
        assert findings(page) == []
        return
    # With everything open that opens, too.
    assert findings(page) == []
    page.get_by_role("button", name="Choose columns").first.click()
    expect(page.get_by_role("menu")).to_be_visible()
    page.locator(".rtw-status__face").first.focus()
    page.mouse.move(*middle(page, ".rtw-chart__surface"))
    expect(page.locator(".rtw-readout").first).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_no_control_has_a_serious_finding(show: Any, look: str) -> None:
    page = show("controls", look)
    assert findings(page) == []
    # With toasts, an open bell, a name of who moved something and a text that another's stands against.
    page.evaluate(STIR)
    expect(page.locator(".rtw-toast")).to_have_count(4)
    expect(page.locator(".rtw-rival:visible")).to_have_count(1)
    page.wait_for_timeout(300)
    assert findings(page) == []


@pytest.mark.parametrize("look", ["light", "system dark"])
def test_dashboard_and_its_editor_have_no_serious_finding(show: Any, look: str) -> None:
    page = show("dashboard", look)
    assert findings(page) == []
    page.get_by_role("button", name="Edit layout").click()
    assert findings(page) == []
    page.set_viewport_size({"width": 360, "height": 2600})
    page.get_by_role("button", name="Done").click()
    assert findings(page) == []


def test_every_kind_of_widget_is_on_one_of_the_pages() -> None:
    pages = "".join((ROOT / f"js/test/harness/{name}.ts").read_text() for name in PAGES)
    kinds = re.findall(r'"../widgets/(\w+).ts"', (ROOT / "js/src/lib/kinds.ts").read_text())
    assert len(kinds) > 10
    assert [kind for kind in kinds if f'"{kind}"' not in pages] == []


def test_a_serious_finding_is_found(show: Any) -> None:
    page = show("index")
    page.evaluate(
        """() => {
            const button = document.querySelector(".rtw-button button");
            button.replaceChildren();
            document.querySelector(".rtw-metric__caption").style.color = "#bbbbbb";
        }"""
    )
    assert {name for name, _ in findings(page)} == {"button-name", "color-contrast"}


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_table_says_its_size_its_order_and_which_rows_are_there(show: Any) -> None:
    page = show("index")
    table = page.get_by_role("table", name="100,000 rows")
    expect(table).to_have_attribute("aria-rowcount", "100001")
    head = table.get_by_role("columnheader", name="value")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(table.get_by_role("columnheader", name="flag")).to_have_attribute("aria-sort", "none")
    rows = table.get_by_role("row")
    expect(rows.nth(1)).to_have_attribute("aria-rowindex", "2")
    table.focus()
    for _ in range(6):
        page.keyboard.press("PageDown")
    page.wait_for_function("(el) => el.scrollTop > 800", arg=table.element_handle())
    page.wait_for_function(
        """(el) => [...el.querySelectorAll(".rtw-grid__row:not([hidden])")]
            .every((row) => +row.getAttribute("aria-rowindex") > 20)""",
        arg=table.element_handle(),
    )
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")


def test_chart_is_told_in_words_and_read_with_the_arrow_keys(show: Any) -> None:
    page = show("index", height=1200)
    chart = page.get_by_role("img", name=re.compile("^Prices by symbol: line chart of price by symbol"))
    expect(chart).to_have_attribute(
        "aria-label", re.compile(r"ACME last [\d.]+, (up|down) [\d.]+, between [\d.]+ and [\d.]+; GLOBEX")
    )
    chart.focus()
    spoken = page.locator(".rtw-chart__area [role=status]").first
    expect(spoken).to_have_text("")
    chart.press("ArrowLeft")
    expect(spoken).to_contain_text(re.compile(r"\d\d:\d\d:\d\d: ACME [\d.]+, GLOBEX [\d.]+"))
    readout = page.locator(".rtw-readout").first
    expect(readout).to_be_visible()
    newest = spoken.text_content()
    chart.press("PageDown")
    expect(spoken).not_to_have_text(newest or "")
    # What is read stays what it is while the window moves on.
    assert changes(spoken, "{ childList: true, characterData: true, subtree: true }", 1500) == 0
    chart.press("Escape")
    expect(readout).to_be_hidden()
    # It changes every few seconds, not with each value.
    assert changes(chart, "{ attributes: true, attributeFilter: ['aria-label'] }", 3000) <= 1


def changes(target: Locator, watched: str, for_ms: int) -> int:
    """Count the changes of an element in a while."""
    found: int = target.evaluate(
        f"""async (el) => {{
            let changes = 0;
            const watch = new MutationObserver(() => changes++);
            watch.observe(el, {watched});
            await new Promise((done) => setTimeout(done, {for_ms}));
            return changes;
        }}"""
    )
    return found


# The class of what has the focus; and a word where it looks no different without.
FOCUSED = """async () => {
    const el = document.activeElement;
    if (el === document.body) return null;
    const settled = () => Promise.allSettled(document.getAnimations()
        .filter((one) => one instanceof CSSTransition).map((one) => one.finished));
    const looks = () => [el.parentElement, el, ...el.querySelectorAll("*")].map((part) => {
        const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(part);
        return [outline, boxShadow, borderColor, backgroundColor].join();
    }).join();
    await settled();
    const focused = looks();
    el.blur();
    await settled();
    const left = looks();
    el.focus({ focusVisible: true, preventScroll: true });
    return `${el.className}${focused === left ? " WITHOUT FOCUS RING" : ""}`;
}"""


def test_everything_is_reached_with_the_tab_key_and_shows_its_focus(show: Any) -> None:
    page = show("dashboard")
    page.get_by_role("button", name="Edit layout").focus()
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        what = page.evaluate(FOCUSED)
        if what is None:
            break
        seen.append(what)
    assert [name for name in seen if "WITHOUT" in name] == []
    text = " ".join(seen)
    for part in ("slider__thumb", "toggle__switch", "press", "grid", "grid__sort", "columns__open"):
        assert f"rtw-{part}" in text, part
    for part in ("chart__surface", "legend__item", "chat__input", "status__face"):
        assert f"rtw-{part}" in text, part
