"""Controls in real pages: no echo for who moves one, a name for who watches, a refusal for who may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rtwidgets.client.live_session import Session

from ..client.conftest import eventually
from .hub_page import DESCRIPTION, Desk, Visit, Visitor

# Keep everything that a thumb has shown.
RECORD = """(thumb) => {
    const shown = (window.shown = [Number(thumb.getAttribute("aria-valuenow"))]);
    new MutationObserver(() => {
        const now = Number(thumb.getAttribute("aria-valuenow"));
        if (now !== shown.at(-1)) shown.push(now);
    }).observe(thumb, { attributes: true, attributeFilter: ["aria-valuenow"] });
}"""
# What somebody does who knows their way around a page.
SET_BY_HAND = """(channel) => {
    const slots = [...globalThis[Symbol.for("rtwidgets.hubs.v1")].values()];
    const connection = slots.map((slot) => slot.connection).find(Boolean);
    const want = { maxHz: 60, visible: true, onChange() {} };
    const value = connection.value(channel, want, new AbortController().signal);
    return value.set(499).then(() => "set", (error) => error.message);
}"""
CHOICES = [{"label": "Buy", "value": 1}, {"label": "Sell", "value": -1}]
PANELS: dict[str, tuple[str, dict[str, Any]]] = {
    "limit": ("slider", {"min": 0, "max": 500}),
    "band": ("range_slider", {"min": 0, "max": 100, "step": 1}),
    "side": ("select", {"choices": CHOICES}),
    "venues": ("multi_select", {"choices": CHOICES}),
    "note": ("text_input", {}),
    "lots": ("number_input", {"min": 0, "max": 10}),
    "day": ("date_input", {}),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("controls"), "[limits]\nconnections_per_ip = 0\n")
    yield desk
    desk.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    visitors: list[Visitor] = []

    def visit(**options: object) -> Visitor:
        # Everything in sight: a page is told nothing of what nobody sees.
        visitors.append(Visitor(browser, viewport={"width": 1200, "height": 1500}, **options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


def open_session(desk: Desk, name: str) -> Session:
    session = desk.owner.session(name)
    session.value("limit", default=100)
    panels = [
        {
            "id": panel,
            "x": 0,
            "y": 3 * row,
            "w": 12,
            "h": 3,
            "spec": {
                "kind": kind,
                "channels": {"value": f"value:{name}/{panel}"},
                "options": {"title": panel, **options},
            },
        }
        for row, (panel, (kind, options)) in enumerate(PANELS.items())
    ]
    session.value("dashboard").set({"title": name, "panels": panels})
    desk.owner.flush()
    return session


def widget(page: Page, title: str) -> Locator:
    return page.locator(f'.rtw--inline[aria-label="{title}"]')


def test_slider_that_is_dragged_moves_elsewhere_and_jumps_nowhere(desk: Desk, visit: Visit) -> None:
    session = open_session(desk, "drag")
    mover = visit().join(session.share("editor").url, "Bob")
    watcher = visit().join(session.share("editor").url, "Eve")
    thumbs = [page.get_by_role("slider", name="limit") for page in (mover, watcher)]
    for thumb in thumbs:
        expect(thumb).to_have_attribute("aria-valuenow", "100")
        thumb.evaluate(RECORD)
    track = widget(mover, "limit").locator(".rtw-slider__track").bounding_box()
    assert track is not None
    y = track["y"] + track["height"] / 2

    def at(share: float) -> float:
        return track["x"] + track["width"] * share

    mover.mouse.move(at(0.2), y)
    mover.mouse.down()
    for step in range(1, 61):
        mover.mouse.move(at(0.2 + 0.6 * step / 60), y)
    mover.mouse.up()
    expect(thumbs[1]).to_have_attribute("aria-valuenow", "400")
    eventually(lambda: session.value("limit").get() == 400)
    moved, watched = (page.evaluate("() => window.shown") for page in (mover, watcher))
    assert moved == sorted(moved) and moved[-1] == 400 and len(moved) > 20
    assert watched == sorted(watched) and watched[-1] == 400 and len(watched) > 3
    # Who moved it is said where somebody else sees it, and only there.
    expect(widget(watcher, "limit").locator(".rtw-by--shown")).to_have_text("Bob (guest)")
    expect(widget(mover, "limit").locator(".rtw-by--shown")).to_have_count(0)
    by = session.value("limit").changed_by
    assert by is not None and by.name == "Bob (guest)"


def test_viewer_sees_why_nothing_can_be_moved_and_the_hub_refuses_it(desk: Desk, visit: Visit) -> None:
    session = open_session(desk, "watch")
    viewer = visit()
    page = viewer.join(session.share("viewer").url, "Vera")
    why = "You can watch this, not set it: you have no right to publish on value:watch/limit."
    said = widget(page, "limit").locator(".rtw-locked")
    expect(said).to_have_text(why)
    # The same for a mouse on the control, for the keyboard at the lock, and read aloud.
    expect(widget(page, "limit").locator(".rtw-body")).to_have_attribute("title", why)
    widget(page, "limit").locator(".rtw-status__face").focus()
    expect(widget(page, "limit").locator(".rtw-status__why")).to_be_visible()
    expect(widget(page, "limit").locator(".rtw-status__why")).to_have_text(why)
    assert page.get_by_role("slider", name="limit").evaluate(DESCRIPTION) == why
    thumb = page.get_by_role("slider", name="limit")
    expect(thumb).to_have_attribute("aria-disabled", "true")
    thumb.press("End")
    for title in ("side", "note", "lots", "day"):
        expect(widget(page, title).locator(".rtw-control__field")).to_be_disabled()
    expect(widget(page, "venues").locator("input").first).to_be_disabled()
    assert page.evaluate(SET_BY_HAND, "value:watch/limit") == "setting value:watch/limit: permission denied"
    assert session.value("limit").get() == 100
    # They see what others do all the same.
    session.value("limit").set(250)
    expect(thumb).to_have_attribute("aria-valuenow", "250")


def test_what_another_sets_does_not_eat_what_is_typed(desk: Desk, visit: Visit) -> None:
    session = open_session(desk, "type")
    writer = visit().join(session.share("editor").url, "Bob")
    other = visit().join(session.share("editor").url, "Eve")
    mine, theirs = (page.get_by_role("textbox", name="note") for page in (writer, other))
    mine.press_sequentially("opening auc")
    theirs.fill("closing")
    theirs.press("Enter")
    told = widget(writer, "note").locator(".rtw-rival")
    expect(told).to_contain_text("Eve (guest) set 'closing' while you typed.")
    expect(mine).to_have_value("opening auc")
    mine.press_sequentially("tion")
    mine.press("Enter")
    expect(theirs).to_have_value("opening auction")
    expect(told).to_be_hidden()
    # And the other way: theirs is taken.
    mine.fill("mine")
    theirs.fill("theirs")
    theirs.press("Enter")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Take theirs").click()
    expect(mine).to_have_value("theirs")
    assert session.value("note").get() == "theirs"


def test_every_control_is_moved_by_keyboard_and_followed(desk: Desk, visit: Visit) -> None:
    session = open_session(desk, "keys")
    page = visit().join(session.share("editor").url, "Bob")
    other = visit().join(session.share("editor").url, "Eve")
    low, high = (page.get_by_role("slider", name=f"band, {end}") for end in ("from", "to"))
    low.press("PageUp")
    high.press("ArrowLeft")
    expect(other.get_by_role("slider", name="band, to")).to_have_attribute("aria-valuenow", "99")
    eventually(lambda: session.value("band").get() == [10, 99])
    # Thumbs do not pass each other.
    low.press("End")
    eventually(lambda: session.value("band").get() == [99, 99])
    page.get_by_role("combobox", name="side").select_option("Sell")
    expect(other.get_by_role("combobox", name="side")).to_have_value("Sell")
    page.get_by_role("checkbox", name="Buy").press("Space")
    expect(other.get_by_role("checkbox", name="Buy")).to_be_checked()
    lots = page.get_by_role("spinbutton", name="lots")
    lots.press("ArrowUp")
    lots.press("ArrowUp")
    expect(other.get_by_role("spinbutton", name="lots")).to_have_value("1")
    lots.fill("12")
    lots.press("Enter")
    expect(widget(page, "lots").get_by_role("alert")).to_have_text("from 0 to 10")
    lots.press("Escape")
    expect(lots).to_have_value("1")
    page.get_by_label("day", exact=True).last.fill("2026-11-25")
    eventually(lambda: session.value("day").get() == "2026-11-25")
    assert [session.value(name).get() for name in ("side", "venues", "lots")] == [-1, [1], 1]
    # A value that does not fit is said, and can be put right.
    session.value("side").set("swap")
    expect(widget(page, "side")).to_contain_text("the value is 'swap'; that is none of the choices here")


def test_notices_show_once_on_the_pages_of_those_addressed(desk: Desk, visit: Visit) -> None:
    session = open_session(desk, "notices")
    first, second = visit(), visit()
    bob = first.join(session.share("viewer").url, "Bob")
    eve = second.join(session.share("viewer").url, "Eve")
    desk.owner.notify("Auction in <b>five</b> minutes", level="warning", to=session)
    for page in (bob, eve):
        expect(page.locator(".rtw-toast")).to_have_count(1)
        expect(page.get_by_role("alert")).to_contain_text("Auction in <b>five</b> minutes")
        expect(page.get_by_role("button", name="Notifications, 1 new")).to_be_visible()
    # To one of them alone, from somebody who may; what has the focus keeps it.
    bob.get_by_role("slider", name="limit").focus()
    user = next(member.user for member in session.members() if member.name.startswith("Bob"))
    desk.owner.notify("Only for you", to=f"user:{user}")
    expect(bob.locator(".rtw-toast")).to_have_count(2)
    assert bob.evaluate("() => document.activeElement.getAttribute('role')") == "slider"
    expect(eve.locator(".rtw-toast")).to_have_count(1)
    bob.get_by_role("button", name="Dismiss").first.click()
    expect(bob.locator(".rtw-toast")).to_have_count(1)
    bob.get_by_role("button", name="Notifications, 2 new").click()
    expect(bob.locator(".rtw-bell__text")).to_have_text(["Only for you", "Auction in <b>five</b> minutes"])
    # What was seen stays seen, and what is old is no toast.
    bob.reload()
    expect(bob.get_by_role("button", name="Notifications, none new")).to_be_visible()
    expect(bob.locator(".rtw-toast")).to_have_count(0)
