"""The chat in a real browser, on a page of a real hub and on the page of made-up data."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import rtwidgets as rt
from rtwidgets.client.live_session import Session

from ..client.conftest import eventually
from ..client.hub_process import Proxy
from .hub_page import Desk, Visit, Visitor
from .test_accessible import AXE, findings

NAME = "talk"
# Whether all of an element is where its ancestors do not cut it off, and on the page.
SCROLL = "mark.scrollIntoView({ block: 'center' });"
SEEN = """
const isSeen = (mark) => {
  const { left, right, top, bottom } = mark.getBoundingClientRect();
  if (right - left < 20 || left < 0 || right > innerWidth) return false;
  for (let around = mark.parentElement; around; around = around.parentElement) {
    const box = around.getBoundingClientRect();
    if (getComputedStyle(around).overflowX === "visible") continue;
    if (left < box.left - 1 || right > box.right + 1) return false;
    if (top < box.top - 1 || bottom > box.bottom + 1) return false;
  }
  return true;
};
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"), "[limits]\nconnections_per_ip = 0\n")
    yield desk
    desk.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    visitors: list[Visitor] = []

    def visit(**options: object) -> Visitor:
        visitors.append(Visitor(browser, **options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def session(desk: Desk, request: pytest.FixtureRequest) -> Session:
    """A session of this test alone, whose dashboard is a chat beside a number."""
    name = re.sub(r"\W", "-", request.node.name)[:60]
    session = desk.owner.session(name, title="Talk")
    session.stream("px").append(price=1.25)
    panels = {
        "chat": {"kind": "chat", "channels": {"chat": f"chat:{name}/desk"}, "options": {"title": "Desk"}},
        "metric": {
            "kind": "metric",
            "channels": {"data": f"stream:{name}/px"},
            "options": {"column": "price", "title": "Last price"},
        },
    }
    session.value("dashboard").set(
        {
            "title": "Talk",
            "panels": [
                {"id": kind, "x": 6 * at, "y": 0, "w": 6, "h": 13, "spec": spec}
                for at, (kind, spec) in enumerate(panels.items())
            ],
        }
    )
    desk.owner.flush()
    return session


def talk(page: Page) -> Locator:
    return page.locator(".rtw-chat")


def texts(page: Page) -> list[str]:
    """What the chat shows, in order; on its way or not."""
    return talk(page).locator(".rtw-chat__text").all_inner_texts()


def say(page: Page, text: str) -> None:
    box = talk(page).locator("textarea")
    box.fill(text)
    box.press("Enter")


@pytest.mark.timeout(150)
def test_what_is_typed_while_the_hub_is_away_is_sent_on_return_and_there_once(
    desk: Desk, visit: Visit, session: Session
) -> None:
    proxy = Proxy(desk.process.port)
    url = session.share("editor").url
    bob = visit().join(url.replace(f":{desk.process.port}/", f":{proxy.port}/"), "Bob")
    eve = visit().join(url, "Eve")
    say(bob, "before")
    expect(talk(eve).get_by_text("before", exact=True)).to_be_visible()
    proxy.pause()
    proxy.cut()
    said = ["one", "two", "three"]
    for text in said:
        say(bob, text)
    expect(talk(bob).get_by_text("waits for the connection")).to_have_count(3, timeout=10_000)
    assert texts(eve) == ["before"]
    proxy.resume()
    for page in (bob, eve):
        expect(talk(page).locator(".rtw-chat__row .rtw-chat__text")).to_have_text(["before", *said])
        expect(talk(page).locator(".rtw-chat__pending")).to_have_count(0)
    # However the connection breaks between a message and its acknowledgement.
    random = Random(5)
    for number in range(20):
        said.append(f"cut {number}")
        say(bob, said[-1])
        bob.wait_for_timeout(random.choice((0, 1, 3, 10)))
        proxy.cut()
        if number % 5 == 4:
            expect(talk(bob).locator(".rtw-chat__pending")).to_have_count(0)
    for page in (bob, eve):
        expect(talk(page).locator(".rtw-chat__row .rtw-chat__text")).to_have_text(["before", *said])
    assert [message.text for message in session.chat("desk").history()] == ["before", *said]
    proxy.close()


def test_older_messages_come_when_the_reader_scrolls_up_and_nothing_jumps(
    visit: Visit, session: Session
) -> None:
    room = session.chat("desk")
    for number in range(350):
        room.say(f"line {number}")
    session.hub.flush()
    page = visit().join(session.share("editor").url, "Bob")
    log = talk(page).locator(".rtw-chat__scroll")
    rows = talk(page).locator(".rtw-chat__row")
    expect(talk(page).get_by_text("line 349", exact=True)).to_be_visible()
    assert rows.count() == 100
    log.hover()
    # Where a row stands does not change when others come above or below it.
    watched = talk(page).get_by_text("line 255", exact=True)
    log.evaluate("(node) => { node.scrollTop = 120; }")
    expect(rows).not_to_have_count(100)
    before = watched.bounding_box()
    room.say("line 350")
    expect(talk(page).get_by_role("button", name="1 new")).to_be_visible()
    after = watched.bounding_box()
    assert before is not None and after is not None and abs(before["y"] - after["y"]) <= 1
    for _ in range(60):
        page.mouse.wheel(0, -4_000)
        page.wait_for_timeout(50)
        if talk(page).get_by_text("The beginning of what is kept").is_visible():
            break
    assert texts(page) == [f"line {number}" for number in range(351)]
    talk(page).get_by_role("button", name="1 new").click()
    expect(talk(page).get_by_text("line 350", exact=True)).to_be_in_viewport()


def test_new_messages_stand_under_a_line_after_an_absence(visit: Visit, session: Session) -> None:
    room = session.chat("desk")
    room.say("old")
    visitor = visit()
    page = visitor.join(session.share("editor").url, "Bob")
    expect(talk(page).get_by_text("old")).to_be_visible()
    expect(talk(page).locator(".rtw-chat__new")).to_have_count(0)
    page.wait_for_function(
        "() => Object.keys(localStorage).some((name) => name.startsWith('rtwidgets.read:'))"
    )
    page.goto("about:blank")
    room.say("while away")
    room.say("and more")
    page.go_back()
    expect(talk(page).locator(".rtw-chat__entry", has=page.locator(".rtw-chat__new"))).to_contain_text(
        "while away"
    )
    say(page, "here again")
    expect(talk(page).locator(".rtw-chat__new")).to_have_count(0)


def test_answers_reactions_edits_and_deletions_are_seen_by_all(visit: Visit, session: Session) -> None:
    url = session.share("editor").url
    bob, eve = visit().join(url, "Bob"), visit().join(url, "Eve")
    say(bob, "look at **ACME**")
    row = talk(eve).locator(".rtw-chat__row", has_text="look at ACME")
    expect(row.locator("strong")).to_have_text("ACME")
    row.hover()
    row.get_by_role("button", name="React").click()
    row.get_by_role("button", name="React with 👀").click()
    expect(talk(bob).get_by_role("button", name=re.compile("👀, 1: Eve"))).to_be_visible()
    row.hover()
    row.get_by_role("button", name="Reply").click()
    expect(talk(eve).locator(".rtw-chat__banner")).to_contain_text("Reply to Bob")
    say(eve, "looking")
    answer = talk(bob).locator(".rtw-chat__row", has_text="looking")
    expect(answer.locator(".rtw-chat__quote")).to_contain_text("look at ACME")
    # The keyboard does the same: the last message of one's own is edited with the arrow.
    talk(bob).locator("textarea").press("ArrowUp")
    expect(talk(bob).locator(".rtw-chat__banner")).to_have_text("Editing your message")
    say(bob, "look at GLOBEX")
    expect(row).to_have_count(0)
    expect(talk(eve).locator(".rtw-chat__quote")).to_contain_text("look at GLOBEX")
    expect(talk(eve).locator(".rtw-chat__edited")).to_have_count(1)
    # Nobody is offered what is not theirs.
    talk(eve).locator(".rtw-chat__row", has_text="GLOBEX").first.hover()
    expect(talk(eve).get_by_role("button", name="Delete")).to_have_count(0)
    own = talk(bob).locator(".rtw-chat__row", has_text="look at GLOBEX").first
    own.hover()
    own.get_by_role("button", name="Delete").click()
    own.get_by_role("button", name="Delete? Press again").click()
    expect(talk(eve).locator(".rtw-chat__quote")).to_have_text("a deleted message")
    assert [message.text for message in session.chat("desk").history()] == ["looking"]


def test_two_write_alone_beside_the_others(visit: Visit, session: Session) -> None:
    url = session.share("editor").url
    bob, eve, zoe = (visit().join(url, name) for name in ("Bob", "Eve", "Zoe"))
    talk(bob).get_by_role("button", name="3 here").click()
    bob.get_by_role("menuitem", name=re.compile("^Eve")).click()
    say(bob, "only for you")
    expect(talk(bob).locator(".rtw-chat__with")).to_contain_text("Only Eve")
    people = talk(eve).get_by_role("button", name=re.compile("unread messages for you alone"))
    expect(people).to_be_visible()
    expect(talk(eve).get_by_text("only for you", exact=True)).to_have_count(0)
    people.click()
    eve.get_by_role("menuitem", name=re.compile("^Bob.*unread")).click()
    expect(talk(eve).get_by_text("only for you", exact=True)).to_be_visible()
    expect(people).to_have_count(0)
    talk(bob).get_by_role("button", name="Back to Desk").click()
    say(bob, "for all")
    expect(talk(zoe).get_by_text("for all", exact=True)).to_be_visible()
    expect(talk(zoe).get_by_text("only for you", exact=True)).to_have_count(0)
    expect(talk(zoe).get_by_role("button", name="3 here", exact=True)).to_be_visible()


def test_somebody_types_and_mentions_with_completion(visit: Visit, session: Session) -> None:
    url = session.share("editor").url
    bob, eve = visit().join(url, "Bob"), visit().join(url, "Eve")
    talk(bob).locator("textarea").press_sequentially("hello @ev")
    expect(talk(eve).get_by_text("Bob (guest) is typing…")).to_be_visible()
    expect(talk(bob).get_by_role("option")).to_have_count(1)
    talk(bob).locator("textarea").press("Enter")
    talk(bob).locator("textarea").press_sequentially("look")
    talk(bob).locator("textarea").press("Enter")
    expect(talk(eve).locator(".rtw-chat__mention--me")).to_have_text(re.compile("^@Eve"))
    expect(talk(eve).get_by_text("is typing…")).to_have_count(0)


@pytest.mark.timeout(90)
def test_a_command_called_in_the_chat_tells_all_how_far_it_is_and_is_stopped_by_another(
    visit: Visit, session: Session
) -> None:
    @session.command
    def replay(day: str, speed: float = 1) -> str:
        """Play a day again."""
        for step in range(600):
            rt.progress(step / 600, f"{step} of 600")
            time.sleep(0.1)
        return f"{day} at {speed}"

    @session.command
    def halt(symbol: str) -> str:
        """Stop trading a symbol."""
        if symbol == "NOPE":
            raise ValueError("no such symbol")
        return f"{symbol} halted"

    url = session.share("editor").url
    bob, eve = visit().join(url, "Bob"), visit().join(url, "Eve")
    talk(bob).locator("textarea").fill("/")
    expect(talk(bob).get_by_role("option")).to_have_count(2)
    talk(bob).locator("textarea").press_sequentially("ha")
    talk(bob).locator("textarea").press("Tab")
    expect(talk(bob).get_by_text("/halt symbol — Stop trading a symbol")).to_be_visible()
    talk(bob).locator("textarea").press("Enter")
    expect(talk(bob).get_by_text("argument 'symbol' is missing")).to_be_visible()
    say(bob, "/halt ACME")
    for page in (bob, eve):
        expect(talk(page).locator(".rtw-chat__command--done")).to_contain_text("ACME halted")
        expect(talk(page).locator(".rtw-chat__command-by")).to_have_text("says Bob (guest)")
    say(bob, "/halt NOPE")
    expect(talk(eve).locator(".rtw-chat__command--failed")).to_contain_text("ValueError: no such symbol")
    say(bob, "/replay yesterday speed=10")
    expect(talk(eve).locator(".rtw-chat__command--running")).to_contain_text(re.compile(r"\d+ of 600"))
    talk(eve).get_by_role("button", name="Stop /replay").click()
    for page in (bob, eve):
        expect(talk(page).locator(".rtw-chat__command--cancelled")).to_be_visible()
        expect(talk(page).get_by_role("button", name="Stop /replay")).to_have_count(0)
    # A text is a text: who only quotes a command calls nothing.
    say(bob, "//halt ACME")
    expect(talk(eve).get_by_text("/halt ACME", exact=True)).to_have_count(2)
    expect(talk(eve).locator(".rtw-chat__command")).to_have_count(3)


def test_labels_and_results_are_their_authors_word(visit: Visit, session: Session) -> None:
    room = session.chat("desk")
    room.say("101.2", label="Eve")
    room._send(
        {
            "type": "message",
            "id": "forged",
            "text": "all is well",
            "command": {"name": f"{session.name}/halt", "state": "done", "key": "k"},
        }
    )
    page = visit().join(session.share("editor").url, "Bob")
    labelled = talk(page).locator(".rtw-chat__row", has_text="101.2")
    expect(labelled.locator(".rtw-chat__by")).to_contain_text(re.compile(r"^Eve\s*bot\s*by\s*Ann"))
    expect(talk(page).locator(".rtw-chat__command")).to_contain_text(re.compile("done.*says Ann"))
    # The hub knows of no such call: there is nothing to stop, and nothing in its own tables.
    expect(talk(page).get_by_role("button", name="Stop /halt")).to_have_count(0)


def test_who_may_only_read_is_told_so_and_a_message_of_a_megabyte_is_refused(
    visit: Visit, session: Session
) -> None:
    viewer = visit().join(session.share("viewer").url, "Vic")
    expect(talk(viewer).get_by_text("you may read here, and not write")).to_be_visible()
    expect(talk(viewer).locator("textarea")).to_have_attribute("readonly", "")
    page = visit().join(session.share("editor").url, "Bob")
    talk(page).locator("textarea").evaluate(
        """(box) => {
            box.value = "x".repeat(1_000_000);
            box.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(talk(page).get_by_text("1,000,000 of 16,384 characters")).to_be_visible()
    expect(talk(page).get_by_role("button", name="Send")).to_be_disabled()
    # Few enough characters, and more bytes than the hub takes in one message.
    say(page, "🙂" * 16_384)
    expect(talk(page).get_by_text(re.compile("not sent: .* bytes, the hub takes 65536"))).to_be_visible()
    talk(page).get_by_role("button", name="Discard").click()
    say(page, "short")
    expect(talk(viewer).get_by_text("short", exact=True)).to_be_visible()
    expect(page.locator(".rtw-host__state")).to_have_text("live")


def test_a_link_leads_to_a_panel_of_the_dashboard(visit: Visit, session: Session) -> None:
    session.chat("desk").say("see [[Last price]] and [[nothing]]")
    page = visit().join(session.share("viewer").url, "Vic")
    talk(page).get_by_role("button", name="Last price").click()
    expect(page.locator(".rtw-metric")).to_have_class(re.compile("rtw--flash"))
    talk(page).get_by_role("button", name="nothing").click()
    expect(talk(page).get_by_role("button", name="nothing")).to_have_attribute(
        "title", "there is no panel 'nothing' here"
    )


@pytest.fixture
def made_up(browser: Browser, harness: str) -> Iterator[Any]:
    pages: list[Page] = []

    def open_page(query: str, **options: Any) -> Page:
        page = browser.new_page(viewport={"width": 780, "height": 720}, **options)
        page.add_init_script(path=AXE)
        page.goto(f"{harness}/chat.html?careless&{query}")
        page.wait_for_selector(".rtw-chat__row, .rtw-empty:visible")
        page.wait_for_timeout(300)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.mark.parametrize(
    "query", ["theme=light", "theme=dark", "theme=light&scene=away", "theme=dark&scene=empty"]
)
def test_the_chat_has_no_serious_finding_with_everything_open(made_up: Any, query: str) -> None:
    page = made_up(query)
    assert findings(page) == []
    page.get_by_role("textbox").fill("@")
    if "scene" not in query:
        expect(page.get_by_role("option").first).to_be_visible()
        assert findings(page) == []
        page.locator(".rtw-chat__row").nth(-3).hover()
        expect(page.get_by_role("toolbar")).to_be_visible()
        page.locator(".rtw-chat__people").click()
        expect(page.get_by_role("menu")).to_be_visible()
        assert findings(page) == []


def test_a_lack_of_room_cuts_long_names_and_no_mark_of_a_guest(made_up: Any) -> None:
    page = made_up("theme=light")
    page.set_viewport_size({"width": 360, "height": 700})
    expect(page.locator(".rtw--narrow")).to_be_visible()
    page.evaluate("() => desk.types('guest-4f2a', desk.members[3].name)")
    page.get_by_role("textbox").fill("@")
    expect(page.get_by_role("option").first).to_be_visible()
    marks = page.locator(".rtw-chat__row, .rtw-chat__typing, .rtw-chat__choice").locator(".rtw-names__guest")
    expect(marks).to_have_count(3)
    # At one go: the menu is made anew when somebody types.
    seen = f"(marks) => {{ {SEEN} return marks.map((mark) => {{ {SCROLL} return isSeen(mark); }}); }}"
    assert marks.evaluate_all(seen) == [True] * 3
    page.locator(".rtw-chat__people").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert page.locator(".rtw-chat__person .rtw-names__guest").evaluate_all(seen) == [True]


def test_everything_is_done_with_the_keyboard_alone(made_up: Any) -> None:
    page = made_up("theme=light")
    box = page.get_by_role("textbox")
    box.focus()
    page.keyboard.press("PageUp")
    focused = "() => document.activeElement.closest('.rtw-chat__row')?.textContent ?? ''"
    assert "Looking at the last hour" in page.evaluate(focused)
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    assert "can you take the close" in page.evaluate(focused)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="React")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="React with 👍")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^👎, 1: Ann"))).to_be_visible()
    # The row was built anew, and has the focus still.
    assert "can you take the close" in page.evaluate(focused)
    page.keyboard.press("r")
    expect(page.locator(".rtw-chat__banner")).to_contain_text("Reply to Bob Stone")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".rtw-chat__banner")).to_be_hidden()
    page.keyboard.press("PageUp")
    page.keyboard.press("Home")
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    # What the chat has no use for is the host's.
    typed: list[str] = page.evaluate(
        """async () => {
        const heard = [];
        document.addEventListener("keydown", ({ key }) => heard.push(key));
        const row = document.querySelector(".rtw-chat__row");
        row.focus();
        for (const key of ["x", "d", "ArrowUp", "r"])
            row.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        return heard;
        }"""
    )
    assert typed == ["x", "d"]


def test_new_messages_are_read_aloud_and_history_is_not(made_up: Any) -> None:
    page = made_up("theme=light")
    spoken = page.locator(".rtw-chat .rtw-unseen[aria-live=polite]")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    expect(spoken).to_have_text("")
    page.locator(".rtw-chat__scroll").evaluate("(node) => { node.scrollTop = 0; }")
    page.wait_for_timeout(500)
    expect(spoken).to_have_text("")
    page.evaluate("() => { desk.receive('bob', 'Bob Stone', 'the **close** is yours', Date.now()); }")
    expect(spoken).to_have_text("Bob Stone: the close is yours")
    page.evaluate("() => { desk.receive('ann', 'Ann', 'mine', Date.now()); }")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    expect(spoken).to_have_text("Bob Stone: the close is yours")
    page.evaluate("() => { for (let i = 0; i < 9; i++) desk.receive('bob', 'Bob', `${i}`, Date.now()); }")
    expect(spoken).to_have_text("9 new messages")


def test_code_is_copied(made_up: Any, tmp_path: Path) -> None:
    page = made_up("theme=light")
    page.evaluate(
        """() => {
            globalThis.copied = [];
            navigator.clipboard.writeText = async (text) => void copied.push(text);
        }"""
    )
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copy code")).to_have_text("Copied")
    assert page.evaluate("() => copied")[0].startswith("spread = book.ask")


def test_the_chat_outlives_blocked_storage(browser: Browser, harness: str) -> None:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{harness}/chat.html?scene=empty")
    page.add_init_script(
        """for (const name of ["getItem", "setItem"])
            Storage.prototype[name] = () => { throw new DOMException("blocked", "SecurityError"); };"""
    )
    page.reload()
    page.get_by_role("textbox").fill("hello")
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".rtw-chat__row")).to_contain_text("hello")
    eventually(lambda: not faults)
    page.close()
