"""The dashboard's layout editor in a real browser, on a pretend hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

ROW_PX = 48
SENT = (
    "() => value.sent.map((sent) => Object.fromEntries(sent.panels.map((p) => [p.id, [p.x, p.y, p.w, p.h]])))"
)

# What of titles, controls and states is cut off or outside of its panel, in panels of one row and two.
CLIPPED = """() => [...document.querySelectorAll(".rtw-panels__widget > .rtw--inline")].flatMap((card) => {
    const outer = card.getBoundingClientRect(), title = card.querySelector(".rtw-head__title");
    const cut = title.scrollHeight > title.clientHeight + 1 || title.scrollWidth > title.clientWidth + 1;
    const parts = ".rtw-status__face, button, input, select, [role=slider], .rtw-slider__value";
    const outside = [...card.querySelectorAll(parts)].filter((part) => {
        const { left, right, top, bottom } = part.getBoundingClientRect();
        const isWide = left < outer.left || right > outer.right;
        return part.checkVisibility() && (isWide || top < outer.top - 1 || bottom > outer.bottom + 1);
    });
    return [...(cut ? [title] : []), ...outside].map((part) => title.textContent + part.className);
})"""


# Fields in which there is no room for their value.
CUT = """() => {
    const fields = document.querySelectorAll(".rtw-number input, .rtw-date input, .rtw-select select");
    const dates = { date: "12/30/2026", "datetime-local": "12/30/2026, 10:30 PM" };
    return [...fields].filter((field) => {
        const { font, letterSpacing, paddingLeft, paddingRight } = getComputedStyle(field);
        const pen = Object.assign(document.createElement("canvas").getContext("2d"), { font, letterSpacing });
        const shown = dates[field.type] ?? field.selectedOptions?.[0].text ?? field.value;
        const room = field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
        return pen.measureText(shown).width > room;
    }).map((field) => `${field.clientWidth} ${field.ariaLabel}`);
}"""


@pytest.fixture
def desk(browser: Browser, harness: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1240, "height": 1300})
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"{harness}/dashboard.html?theme=light&calm")
    expect(panel(page, "Prices by symbol")).to_be_visible()
    yield page
    assert faults == []
    page.close()


def panel(page: Page, title: str) -> Locator:
    return page.locator(f".rtw-panels__panel[aria-label='{title}']")


def handle(page: Page, name: str) -> Locator:
    # "Remove CPU" has "move CPU" in it.
    return page.get_by_role("button", name=name, exact=True)


def edit(page: Page) -> None:
    page.get_by_role("button", name="Edit layout").click()
    expect(page.get_by_role("button", name="Done")).to_have_attribute("aria-pressed", "true")


def grid_places(page: Page) -> dict[str, list[int]]:
    """Where panels are drawn: column, row, columns and rows, by title."""
    found: dict[str, list[int]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".rtw-panels__panel")].map((el) => {
            const [x, , w] = el.style.gridColumn.match(/\\d+|span/g);
            const [y, , h] = el.style.gridRow.match(/\\d+|span/g);
            return [el.getAttribute("aria-label"), [x - 1, y - 1, +w, +h]];
        }))"""
    )
    return found


def last_sent(page: Page) -> dict[str, list[int]]:
    page.wait_for_function("() => value.sent.length > 0")
    found: dict[str, list[int]] = page.evaluate(SENT)[-1]
    return found


def drag(page: Page, grip: Locator, columns: float, rows: float, *, drop: bool = True) -> None:
    """Drag a handle by so many columns and rows."""
    column_px = page.evaluate("() => (document.querySelector('.rtw-panels__grid').clientWidth + 8) / 12")
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + 40 if box["width"] > 60 else box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + columns * column_px / 2, y + rows * ROW_PX / 2, steps=4)
    page.mouse.move(x + columns * column_px, y + rows * ROW_PX, steps=4)
    if drop:
        page.mouse.up()


def mark(page: Page) -> None:
    """Leave something in each widget that a new one would not have."""
    page.evaluate(
        "() => document.querySelectorAll('.rtw-panels__widget').forEach((el, i) => { el.marked = i + 1; })"
    )


def unmarked(page: Page) -> int:
    found: int = page.evaluate(
        "() => [...document.querySelectorAll('.rtw-panels__widget')].filter((el) => !el.marked).length"
    )
    return found


def test_panel_is_dragged_others_make_room_and_no_widget_is_made_anew(desk: Page) -> None:
    desk.get_by_role("textbox", name="Message to Desk").fill("not sent yet")
    edit(desk)
    mark(desk)
    drag(desk, handle(desk, "Move Processes"), 4, -9)
    sent = last_sent(desk)
    assert (sent["processes"], sent["prices"], sent["chat"]) == ([4, 3, 8, 8], [0, 11, 7, 8], [7, 11, 5, 8])
    assert grid_places(desk)["Processes"] == [4, 3, 8, 8]
    assert desk.evaluate("() => value.sent.length") == 1
    assert unmarked(desk) == 0
    expect(desk.get_by_role("textbox", name="Message to Desk", include_hidden=True)).to_have_value(
        "not sent yet"
    )
    expect(desk.get_by_role("status").filter(has_text="Processes moved")).to_have_text(
        "Processes moved to column 5, row 4."
    )
    # What is read one after the other stands so in the page, too.
    titles = desk.locator(".rtw-panels__panel").evaluate_all("(all) => all.map((el) => el.ariaLabel)")
    assert titles.index("Processes") < titles.index("Prices by symbol")


def test_drag_shows_where_the_panel_goes_before_it_is_let_go(desk: Page) -> None:
    edit(desk)
    before = grid_places(desk)
    drag(desk, handle(desk, "Move CPU"), 9, 0, drop=False)
    target = desk.locator(".rtw-panels__target")
    expect(target).to_be_visible()
    assert grid_places(desk)["CPU"] == [9, 0, 3, 3]
    assert grid_places(desk)["Ticks"] == [9, 3, 3, 3]
    desk.keyboard.press("Escape")
    expect(target).to_be_hidden()
    assert grid_places(desk) == before
    desk.mouse.up()
    assert grid_places(desk) == before
    assert desk.evaluate(SENT) == []
    assert desk.locator(".rtw-panels__panel[style*=transform]").count() == 0


def test_panel_is_resized_with_the_mouse(desk: Page) -> None:
    edit(desk)
    drag(desk, handle(desk, "Resize Prices by symbol"), 3, 2)
    sent = last_sent(desk)
    assert (sent["prices"], sent["chat"]) == ([0, 3, 10, 10], [7, 13, 5, 8])
    canvas = panel(desk, "Prices by symbol").locator("canvas").bounding_box()
    box = panel(desk, "Prices by symbol").bounding_box()
    assert canvas is not None and box is not None
    assert box["width"] - canvas["width"] < 40
    assert box["y"] + box["height"] - canvas["y"] - canvas["height"] < 20


def test_panels_are_moved_resized_removed_and_brought_back_with_the_keyboard(desk: Page) -> None:
    edit(desk)
    mover = handle(desk, "Move Prices by symbol")
    spoken = desk.locator(".rtw-dash > .rtw-body > [role=status]")
    mover.focus()
    # One stop for each panel, in reading order.
    desk.keyboard.press("Tab")
    expect(handle(desk, "Move Desk")).to_be_focused()
    desk.keyboard.press("Shift+Tab")
    expect(mover).to_be_focused()
    for key, place, said in (
        ("ArrowDown", [0, 11, 7, 8], "Prices by symbol moved to column 1, row 12."),
        ("ArrowDown", [0, 12, 7, 8], "Prices by symbol moved to column 1, row 13."),
        ("ArrowUp", [0, 11, 7, 8], "Prices by symbol moved to column 1, row 12."),
        ("ArrowLeft", [0, 11, 7, 8], "Prices by symbol can't move further."),
        ("ArrowUp", [0, 3, 7, 8], "Prices by symbol moved to column 1, row 4."),
        ("ArrowRight", [1, 3, 7, 8], "Prices by symbol moved to column 2, row 4."),
        ("Shift+ArrowRight", [1, 3, 8, 8], "Prices by symbol is 8 columns wide and 8 rows high."),
        ("Shift+ArrowUp", [1, 3, 8, 7], "Prices by symbol is 8 columns wide and 7 rows high."),
    ):
        desk.keyboard.press(key)
        expect(spoken).to_have_text(said)
        assert last_sent(desk)["prices"] == place
        expect(mover).to_be_focused()
    resize = handle(desk, "Resize Prices by symbol")
    resize.press("ArrowDown")
    expect(spoken).to_have_text("Prices by symbol is 8 columns wide and 8 rows high.")
    mover.press("Delete")
    expect(panel(desk, "Prices by symbol")).to_have_count(0)
    expect(spoken).to_have_text("Prices by symbol removed. Undo brings it back.")
    assert desk.evaluate("() => document.activeElement.className") == "rtw-panels__move"
    undo = desk.get_by_role("button", name="Undo")
    undo.press("Enter")
    expect(panel(desk, "Prices by symbol")).to_be_visible()
    assert last_sent(desk)["prices"][2:] == [8, 8]
    while undo.is_enabled():
        undo.click()
        # The button says with the next drawing whether there is more.
        desk.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert grid_places(desk)["Prices by symbol"] == [0, 3, 7, 8]


def test_another_editor_s_change_under_the_hand_breaks_nothing(desk: Page) -> None:
    edit(desk)
    processes = handle(desk, "Move Processes")
    drag(desk, processes, 4, 0, drop=False)
    before = desk.locator(".rtw-panels__panel--held").bounding_box()
    desk.evaluate(
        """() => value.receive({ ...layout, title: "Changed", panels: layout.panels
            .filter((p) => p.id !== "newer" && p.id !== "outside")
            .map((p) => p.id === "prices" ? { ...p, h: 10 } : p) })"""
    )
    expect(desk.get_by_role("group", name="Changed")).to_be_visible()
    expect(panel(desk, "Places")).to_have_count(0)
    assert desk.locator(".rtw-panels__panel--held").bounding_box() == before
    desk.mouse.up()
    sent = last_sent(desk)
    assert (sent["processes"], sent["prices"]) == ([4, 13, 8, 8], [0, 3, 7, 10])
    drag(desk, processes, -4, 0, drop=False)
    desk.evaluate("() => value.receive({ panels: layout.panels.filter((p) => p.id !== 'processes') })")
    expect(panel(desk, "Processes")).to_have_count(0)
    expect(desk.get_by_role("status").filter(has_text="Another editor")).to_be_attached()
    desk.mouse.move(600, 600)
    desk.mouse.up()
    drag(desk, handle(desk, "Move CPU"), 3, 0)
    assert last_sent(desk)["cpu"] == [3, 0, 3, 3]


def test_keyboard_goes_to_the_next_panel_when_another_editor_removes_the_one_it_is_on(desk: Page) -> None:
    edit(desk)
    handle(desk, "Move Places").focus()
    gone = "(...ids) => value.receive({ panels: layout.panels.filter((p) => !ids.includes(p.id)) })"
    desk.evaluate(f"() => ({gone})('newer', 'outside')")
    expect(desk.get_by_role("status").filter(has_text="Another editor has removed Places.")).to_be_attached()
    expect(handle(desk, "Move Processes")).to_be_focused()
    desk.keyboard.press("Shift+ArrowLeft")
    assert last_sent(desk)["processes"] == [0, 12, 7, 8]
    desk.evaluate("() => value.receive({ panels: [] })")
    expect(handle(desk, "Done")).to_be_focused()


def test_one_s_own_echo_moves_nothing_while_the_hand_goes_on(desk: Page) -> None:
    edit(desk)
    desk.evaluate("() => { value.delayMs = 1500; }")
    cpu = handle(desk, "Move CPU")
    drag(desk, cpu, 3, 0)
    drag(desk, cpu, 3, 0, drop=False)
    assert grid_places(desk)["CPU"] == [6, 0, 3, 3]
    seen = desk.evaluate(
        """async () => {
            const places = new Set(), el = document.querySelector(".rtw-panels__panel[aria-label=CPU]");
            const end = performance.now() + 2000;
            while (performance.now() < end) {
                places.add(el.style.gridColumn);
                await new Promise((done) => requestAnimationFrame(done));
            }
            return [...places];
        }"""
    )
    assert seen == ["7 / span 3"]
    desk.mouse.up()
    assert last_sent(desk)["cpu"] == [6, 0, 3, 3]


def test_panel_that_goes_and_comes_back_within_a_frame_shows_what_comes(desk: Page) -> None:
    mark(desk)
    desk.evaluate("() => { value.receive({ panels: [] }); value.receive(layout); }")
    desk.evaluate(
        "() => connection.chat('chat:morning/desk').receive('bob', 'Bob', 'after that', Date.now())"
    )
    expect(desk.get_by_text("after that")).to_be_visible()
    assert unmarked(desk) == desk.locator(".rtw-panels__widget").count()


def test_hub_that_has_lost_the_layout_takes_no_panel_and_no_word_from_the_page(desk: Page) -> None:
    mark(desk)
    desk.evaluate("() => connection.setStatus({ phase: 'connecting' })")
    box = desk.get_by_role("textbox", name="Message to Desk")
    box.fill("said meanwhile")
    box.press("Enter")
    expect(desk.get_by_text("waits for the connection")).to_be_visible()
    desk.evaluate("() => { connection.setStatus({ phase: 'live' }); value.lose(); }")
    expect(desk.locator(".rtw-chat__row").filter(has_text="said meanwhile")).to_be_visible()
    desk.evaluate("() => value.receive(layout)")
    assert unmarked(desk) == 0


def test_viewer_has_no_editor_and_a_refusal_is_said(browser: Browser, harness: str) -> None:
    page = browser.new_page(viewport={"width": 1240, "height": 1300})
    page.goto(f"{harness}/dashboard.html?calm&viewer")
    expect(panel(page, "CPU")).to_be_visible()
    expect(page.get_by_role("button", name="Edit layout")).to_be_hidden()
    for width in (1240, 360):
        page.set_viewport_size({"width": width, "height": 1300})
        page.goto(f"{harness}/dashboard.html?calm&others&viewer")
        expect(page.locator(".rtw-status--locked")).to_have_count(11)
        assert page.evaluate(CLIPPED) == []
    # Where its fields stand one below the other a form takes more rows than it was given.
    page.evaluate("() => value.receive({ panels: others.panels.map((panel) => ({ ...panel, h: 1 })) })")
    form = page.locator(".rtw-form > .rtw-body")
    rows = "[...document.querySelectorAll('.rtw-panels__panel')].map(({ style }) => style.gridRow)"
    page.wait_for_function(f"() => {rows}.every((row) => row.endsWith('span 1'))")
    assert form.evaluate("(el) => el.scrollHeight === el.clientHeight && el.clientHeight > 200")
    page.set_viewport_size({"width": 1240, "height": 1300})
    page.goto(f"{harness}/dashboard.html?calm&others")
    edit(page)
    # A form is called what its command is; what is in one row can be seen under its handles.
    expect(handle(page, "Move Halt")).to_be_visible()
    assert page.evaluate(CLIPPED) == []
    page.goto(f"{harness}/dashboard.html?calm&refuse")
    edit(page)
    before = grid_places(page)
    handle(page, "Move CPU").press("ArrowRight")
    expect(page.get_by_role("alert").filter(has_text="not saved")).to_have_text(
        "The change was not saved: permission denied (code 103)"
    )
    assert grid_places(page) == before
    # Who loses the right while editing loses the handles.
    page.evaluate("() => { connection.may = () => false; connection.setStatus({}); }")
    expect(handle(page, "Move CPU")).to_be_hidden()
    page.close()


def test_panels_stack_in_reading_order_where_it_is_narrow(desk: Page) -> None:
    for width, columns in ((1600, 12), (720, 6), (400, 1), (360, 1), (1000, 12)):
        desk.set_viewport_size({"width": width, "height": 900})
        desk.wait_for_function(
            """(n) => getComputedStyle(document.querySelector(".rtw-panels__grid"))
                .gridTemplateColumns.split(" ").length === n""",
            arg=columns,
        )
        desk.wait_for_timeout(100)
        assert desk.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), width
        boxes = desk.evaluate(
            """() => [...document.querySelectorAll(".rtw-panels__panel")]
                .map((el) => el.getBoundingClientRect())
                .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
        )
        tops = [box[1] for box in boxes]
        assert tops == sorted(tops), "the page's order is what is read"
        for i, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[i + 1 :]:
                apart = other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top
                assert apart, f"panels cover each other at {width} px"
    # Six fields in a row have little room, and show what they hold.
    desk.evaluate("() => value.receive(fields)")
    for width in (1300, 1000, 360):
        desk.set_viewport_size({"width": width, "height": 900})
        desk.wait_for_function(
            "(n) => document.querySelectorAll('.rtw--tight').length === n",
            arg={1300: 12, 1000: 16}.get(width, 0),
        )
        assert desk.evaluate(CUT) == desk.evaluate(CLIPPED) == [], width
    desk.evaluate("() => value.receive(layout)")
    edit(desk)
    # While it is edited the grid is whole, and scrolls.
    assert grid_places(desk)["Ticks"] == [9, 0, 3, 3]
    assert desk.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_panel_that_can_t_be_shown_says_why(desk: Page) -> None:
    expect(panel(desk, "Places")).to_contain_text("no widget of kind 'globe' in this release")
    expect(panel(desk, "Shut down")).to_contain_text("the command 'shutdown' is not of this session")
    expect(panel(desk, "Shut down").get_by_role("button")).to_have_count(0)
    desk.evaluate("() => value.receive({ panels: [{ id: 7 }, ...layout.panels] })")
    expect(desk.get_by_text("panel 1 can't be shown: its id is 7")).to_be_visible()
    desk.evaluate("() => value.receive({ panels: [] })")
    expect(desk.get_by_text("There are no panels yet.")).to_be_visible()
    desk.evaluate("() => value.receive(7)")
    expect(desk.get_by_text("the layout is 7, not an object")).to_be_visible()


def counts(cdp: CDPSession) -> dict[str, float]:
    cdp.send("HeapProfiler.collectGarbage")
    metrics: list[dict[str, Any]] = cdp.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in metrics if one["name"] in ("Nodes", "JSEventListeners")}


def test_many_changes_leave_no_element_and_no_listener_behind(desk: Page) -> None:
    cdp = desk.context.new_cdp_session(desk)
    cdp.send("Performance.enable")
    churn = """async (rounds) => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        const renamed = (p, title) => ({ ...p, spec: { ...p.spec, options: { ...p.spec.options, title } } });
        for (let i = 0; i < rounds; i++) {
            const panels = layout.panels.filter((_, k) => (i + k) % 3)
                .map((p, k) => (i + k) % 4 ? p : renamed(p, `${i}`));
            value.receive({ ...layout, panels });
            await frame();
        }
        value.receive(layout);
        await frame(); await frame();
    }"""
    desk.evaluate(churn, 10)
    before = counts(cdp)
    desk.evaluate(churn, 90)
    desk.wait_for_timeout(1_500)  # timers of what ended
    after = counts(cdp)
    assert after["JSEventListeners"] <= before["JSEventListeners"] * 1.05 + 20, (before, after)
    assert after["Nodes"] <= before["Nodes"] * 1.1 + 100, (before, after)
    heard = desk.evaluate("() => [...connection.streams.values()].map((f) => f.heard)")
    assert max(heard) < 20, heard


def test_panel_is_dragged_with_a_finger(browser: Browser, harness: str) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 1000}, has_touch=True)
    page = context.new_page()
    page.goto(f"{harness}/dashboard.html?calm")
    edit(page)
    box = handle(page, "Move CPU").bounding_box()
    assert box is not None
    cdp = context.new_cdp_session(page)
    x, y = box["x"] + 40, box["y"] + 20
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9):
        point = {"x": x + 28 * step, "y": y + 2 * step}
        cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert last_sent(page)["cpu"] == [3, 0, 3, 3]
    context.close()
