"""The hub's own pages in a real browser: coming in by a link, being there together, and being sent away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from ..client.conftest import eventually
from ..client.hub_process import free_port
from ..deploy.front import Certificates, Front
from .hub_page import Desk, Visit, Visitor, show
from .test_accessible import AXE, findings

EXAMPLES = """[hub]
examples = true
[limits]
connections_per_ip = 0
"""
# The page's own connection, as somebody at the console reaches it.
CONNECTION = """
const slots = [...globalThis[Symbol.for("rtwidgets.hubs.v1")].values()];
const connection = slots.map((slot) => slot.connection).find(Boolean);
const want = { maxHz: 60, visible: true, onChange() {} };
const forever = new AbortController().signal;
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"), EXAMPLES)
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


def test_guest_comes_in_by_the_link_and_sees_it_live(desk: Desk, visit: Visit) -> None:
    session = desk.session("morning", "Morning desk")
    guest = visit()
    url = session.share("editor").url
    page = guest.page
    page.goto(url)
    # What opens the hub is gone from the address before anything else happens.
    assert page.url == f"{desk.url}/s/morning"
    expect(page.locator("h1")).to_have_text("Join morning")
    guest.join(url, "Bob")
    expect(page.locator("h1")).to_have_text("Morning desk")
    expect(page.locator(".rtw-host__sub")).to_have_text("by Ann · you are an editor")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    expect(page.locator(".rtw-metric")).to_contain_text("1.25")
    session.stream("px").append(price=7.5)
    expect(page.locator(".rtw-metric")).to_contain_text("7.5")
    page.locator(".rtw-slider [role=slider]").focus()
    page.keyboard.press("End")
    eventually(lambda: session.value("limit").get() == 500)
    # The tab stays in, another tab does not, and the name is remembered.
    page.reload()
    expect(page.locator(".rtw-metric")).to_contain_text("7.5")
    other = guest.new_page()
    other.goto(f"{desk.url}/s/morning")
    expect(other.locator("h1")).to_have_text("You need a link to come in")
    other.goto(url)
    expect(other.locator(".rtw-host__input")).to_have_value("Bob")
    invite = url.partition("#")[2]
    kept = page.evaluate("() => JSON.stringify([{...sessionStorage}, {...localStorage}, history.state])")
    assert invite not in kept and "token" in kept
    page.click("[aria-label=Leave]")
    expect(page.locator("h1")).to_have_text("You have left")
    assert page.evaluate("() => sessionStorage.length") == 0


def test_links_that_let_nobody_in_say_why(desk: Desk, visit: Visit) -> None:
    session = desk.session("doors")
    revoked, short = session.share(), session.share(expires=1)
    revoked.revoke()
    invite = short.url.partition("#")[2]
    guest = visit()
    links = {
        f"{desk.url}/s/doors#{invite[:-3]}abc": "This link is not valid here",
        f"{desk.url}/s/doors#rubbish": "This link is not valid here",
        revoked.url: "This link was revoked",
    }
    for url, title in links.items():
        guest.page.goto("about:blank")
        guest.page.goto(url)
        if guest.page.locator(".rtw-host__join").count():
            guest.page.fill(".rtw-host__input", "Bob")
            guest.page.click(".rtw-host__join")
        expect(guest.page.locator("h1")).to_have_text(title)
    # Another link in the same tab changes the fragment only.
    guest.page.evaluate("(url) => { location.href = url; }", session.share().url)
    expect(guest.page.locator("h1")).to_have_text("Join doors")
    guest.page.fill(".rtw-host__input", " \u200b ")
    guest.page.click(".rtw-host__join")
    expect(guest.page.locator(".rtw-host__fault")).to_contain_text("A name is needed")
    time.sleep(max(0.0, short.expires_at.timestamp() + 5.5 - time.time()))
    guest.page.evaluate("(url) => { location.href = url; }", short.url)
    guest.page.fill(".rtw-host__input", "Bob")
    guest.page.click(".rtw-host__join")
    expect(guest.page.locator("h1")).to_have_text("This link has expired")
    expect(guest.page.locator(".rtw-host__text")).to_contain_text(re.compile(r"good until \d"))


def test_session_that_is_not_there_comes_when_it_does(desk: Desk, visit: Visit) -> None:
    link = desk.session("later").share().url
    with_link = visit()
    # What is still on its way when the hub is killed would be an error of the page.
    with_link.page.goto(link, wait_until="networkidle")
    desk.owner._use().portal.call(_forget(desk, "later"))
    desk.process.kill()
    desk.process.start()
    eventually(lambda: desk.owner.state == "connected")
    # The hub is a new one and the session's owner is away.
    with_link.page.fill(".rtw-host__input", "Bob")
    with_link.page.click(".rtw-host__join")
    expect(with_link.page.locator("h1")).to_have_text("This session is not there now")
    desk.session("later", "Here again")
    expect(with_link.page.locator("h1")).to_have_text("Here again")


async def _forget(desk: Desk, name: str) -> None:
    desk.owner._sessions.pop(name)


def test_guest_whose_link_is_revoked_is_told(desk: Desk, visit: Visit) -> None:
    session = desk.session("cut")
    share = session.share("editor")
    guest = visit()
    page = guest.join(share.url, "Bob")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    assert share.revoke() == 1
    expect(page.locator("h1")).to_have_text("Your access was revoked")
    assert page.locator(".rtw-metric").count() == 0
    assert page.evaluate("() => sessionStorage.length") == 0
    # A tab that slept meanwhile learns it when it wakes.
    eventually(lambda: len(session.members()) == 1)
    page.reload()
    expect(page.locator("h1")).to_have_text("Your link is not valid any more")
    assert page.evaluate("() => history.state") == "rtwidgets.over"
    guest.join(session.share().url, "Bob")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    assert page.evaluate("() => history.state") is None


def test_viewer_who_publishes_by_hand_is_refused_by_the_hub(desk: Desk, visit: Visit) -> None:
    session = desk.session("hands")
    guest = visit()
    page = guest.join(session.share("viewer").url, "Vic")
    expect(page.locator(".rtw-host__sub")).to_contain_text("you are a viewer")
    for channel in ("value:hands/limit", "value:hands/dashboard", "value:hands/rtwidgets.session"):
        code = page.evaluate(
            "(channel) => {"
            + CONNECTION
            + "return connection.value(channel, want, forever).set(1).then(() => 0, ({code}) => code)}",
            channel,
        )
        assert code == 103
    assert (
        page.evaluate(
            "() => {" + CONNECTION + "return connection.call('hands/x', {}).catch(({code}) => code)}"
        )
        == 103
    )
    # A slider says so beforehand, and keys do not move it.
    slider = page.get_by_role("slider", name="Limit")
    expect(page.locator(".rtw-slider")).to_contain_text("no right to publish on value:hands/limit")
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-disabled", "true")
    expect(slider).to_have_attribute("aria-valuenow", "120")
    assert session.value("limit").get() == 120


def test_two_guests_see_each_other_come_and_go(desk: Desk, visit: Visit) -> None:
    session = desk.session("pair")
    link = session.share().url
    first, second = visit(), visit()
    page = first.join(link, "Ann")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    second.join(link, "Bob")
    expect(page.locator(".rtw-host__count")).to_have_text("3 here")
    page.click(".rtw-host__people")
    expect(page.locator(".rtw-host__person")).to_have_text(
        [
            re.compile("Ann \\(guest\\)you · viewer"),
            re.compile("Annowner"),
            re.compile("Bob \\(guest\\)viewer"),
        ]
    )
    faces = page.locator(".rtw-host__person .rtw-face")
    expect(faces).to_have_text(["A", "A", "B"])
    second.page.close()
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    expect(page.locator(".rtw-host__person")).to_have_count(2)


def test_hub_that_is_away_is_said_and_the_page_goes_on(desk: Desk, visit: Visit) -> None:
    session = desk.session("breaks")
    guest = visit()
    page = guest.join(session.share().url, "Bob")
    expect(page.locator(".rtw-metric")).to_contain_text("1.25")
    desk.process.kill()
    expect(page.locator(".rtw-host__state")).to_have_text("the hub is away; trying again")
    desk.process.start()
    expect(page.locator(".rtw-host__state")).to_have_text("live", timeout=25_000)
    session.stream("px").append(price=99.5)
    expect(page.locator(".rtw-metric")).to_contain_text("99.5")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")


def test_page_that_is_back_before_the_owner_is_whole_and_sends_what_was_typed(
    desk: Desk, visit: Visit
) -> None:
    owner = desk.connect()
    session = owner.session("early")
    show(session, chat=True)
    page = visit().join(session.share("editor").url, "Bob")
    page.get_by_role("button", name="Edit layout").click()
    page.get_by_role("button", name="Move Last price", exact=True).focus()
    desk.process.kill()
    owner.close(timeout_s=1)
    away = "the hub is away; trying again"
    expect(page.locator(".rtw-host__state")).to_have_text(away)
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Done").click()
    _say(page, "one")
    desk.process.start()
    expect(page.locator(".rtw-host__state")).to_have_text("live", timeout=25_000)
    # Nobody but the page has told this hub of the session.
    expect(page.locator(".rtw-chat__row")).to_contain_text(["one"])
    owner = desk.connect()
    session = owner.session("early")
    session.chat("desk").say("two")
    expect(page.locator(".rtw-chat__row")).to_contain_text(["one", "two"])
    session.stream("px").append(price=99.5)
    expect(page.locator(".rtw-metric")).to_contain_text("99.5")
    # What waits outlives the page, too.
    desk.process.kill()
    expect(page.locator(".rtw-host__state")).to_have_text(away)
    _say(page, "three")
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        page.reload()
    desk.process.start()
    show(session, chat=True)
    page.goto(f"{desk.url}/s/early")
    expect(page.locator(".rtw-chat__row").filter(has_text="three")).to_be_visible()
    expect(page.locator(".rtw-chat__pending")).to_have_count(0)
    assert page.evaluate("() => Object.keys(sessionStorage).filter((key) => key.includes('unsent'))") == []
    owner.close(timeout_s=1)


def _say(page: Page, text: str) -> None:
    box = page.locator(".rtw-chat textarea")
    box.fill(text)
    box.press("Enter")
    expect(page.get_by_text("waits for the connection")).to_be_visible()


def test_lobby_lists_what_the_signed_in_user_may_see(desk: Desk, visit: Visit) -> None:
    desk.session("lobby-a", "First of all")
    desk.session("lobby-b", "Second")
    guest = visit()
    page = guest.page
    page.goto(f"{desk.url}/")
    expect(page.locator("h1")).to_have_text("You are not signed in")
    page.goto(desk.owner.sign_in_link().url)
    expect(page).to_have_url(f"{desk.url}/")
    expect(page.locator(".rtw-host__sub")).to_have_text("signed in as Ann")
    card = page.locator(".rtw-host__session", has_text="First of all")
    expect(card.locator(".rtw-host__count")).to_have_text("1 here")
    other = visit()
    other.join(desk.owner.session("lobby-a").share().url, "Bob")
    expect(card.locator(".rtw-host__count")).to_have_text("2 here")
    card.click()
    expect(page.locator("h1")).to_have_text("First of all")
    expect(page.locator(".rtw-host__sub")).to_have_text("by Ann · you are an owner")
    page.click("[aria-label='All sessions']")
    expect(page.locator(".rtw-host__session", has_text="Second")).to_be_visible()
    page.click("[aria-label='Sign out']")
    expect(page.locator("h1")).to_have_text("You have left")


def test_colours_are_as_chosen_and_stay(desk: Desk, visit: Visit) -> None:
    link = desk.session("looks").share().url
    guest = visit(color_scheme="dark", viewport={"width": 360, "height": 740})
    page = guest.join(link, "Bob")
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    expect(page.locator(".rtw-metric")).to_have_class(re.compile("rtw--dark"))
    for look in ("light", "dark"):
        page.click(".rtw-host__look")
        assert page.evaluate("() => document.documentElement.dataset.theme") == look
    page.click(".rtw-host__look")
    page.click(".rtw-host__look")
    page.reload()
    expect(page.locator(".rtw-metric")).not_to_have_class(re.compile("rtw--dark"))
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != dark
    # Nothing is wider than a phone, and no face covers another's letters.
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    expect(page.locator(".rtw-host__faces .rtw-face")).to_have_count(2)
    ends = (
        "(faces) => faces.map((face) => face.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    (_, first_ends), (second_begins, _) = page.locator(".rtw-host__faces .rtw-face").evaluate_all(ends)
    assert first_ends <= second_begins


def test_dashboard_from_a_newer_release_says_what_it_can_not_show(desk: Desk, visit: Visit) -> None:
    session = desk.session("newer", panels=False)
    guest = visit()
    page = guest.join(session.share().url, "Bob")
    expect(page.locator(".rtw-host__said")).to_contain_text("Nothing is shown here yet")
    session.value("dashboard").set(
        {"panels": [{"id": "x", "spec": {"kind": "hologram", "channels": {}, "options": {}}}]}
    )
    expect(page.locator(".rtw-notice:visible")).to_contain_text("no widget of kind 'hologram'")
    show(session)
    expect(page.locator(".rtw-metric")).to_contain_text("1.25")


def test_chat_example_is_in_all_tabs_at_once(desk: Desk, visit: Visit) -> None:
    guest = visit()
    tabs = [guest.page, guest.new_page(), guest.new_page()]
    for number, tab in enumerate(tabs):
        tab.goto(f"{desk.url}/examples/chat")
        tab.fill("#name input", f"Tab {number}")
        tab.click("#name button")
        expect(tab.locator("#state")).to_have_text("connected")
    for number, tab in enumerate(tabs):
        tab.fill("#say input", f"hello from {number}")
        tab.keyboard.press("Enter")
        for other in tabs:
            expect(other.locator("#messages li").last).to_contain_text(
                f"Tab {number} (guest)hello from {number}"
            )
    late = guest.new_page()
    late.goto(f"{desk.url}/examples/chat")
    late.fill("#name input", "Late")
    late.click("#name button")
    expect(late.locator("#messages li")).to_have_count(3)


def test_chat_example_that_is_off_says_how_to_get_it(tmp_path: Path, visit: Visit) -> None:
    desk = Desk(tmp_path / "off")
    try:
        guest = visit()
        page = guest.page
        page.goto(f"{desk.url}/examples/chat")
        page.fill("#name input", "Bob")
        page.click("#name button")
        expect(page.locator("#state")).to_contain_text("examples = true under [hub]")
        # Who is signed in needs no such thing, in a tab that this one opens neither.
        page.goto(desk.owner.sign_in_link().url)
        page.click("text=A chat in plain JavaScript")
        expect(page.locator("#state")).to_have_text("connected")
        with page.context.expect_page() as opened:
            page.click("text=in another tab")
        expect(opened.value.locator("#state")).to_have_text("connected")
        page.fill("#say input", "in both")
        page.keyboard.press("Enter")
        expect(opened.value.locator("#messages")).to_contain_text("in both")
    finally:
        desk.close()


def test_pages_work_under_a_path_behind_nginx(
    tmp_path: Path, visit: Visit, need_program: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    port = free_port()
    base = f"https://localhost:{port}/team/hub"
    desk = Desk(tmp_path / "hub", f'[hub]\npublic_url = "{base}"\n')
    front = Front(need_program("nginx"), tmp_path, certificates, [desk.process.port], port=port)
    try:
        session = desk.session("proxied", "Behind a front")
        share = session.share()
        assert share.url.startswith(f"{base}/s/proxied#")
        guest = visit(ignore_https_errors=True)
        page = guest.join(share.url, "Bob")
        expect(page.locator(".rtw-metric")).to_contain_text("1.25")
        page.goto(desk.owner.sign_in_link().url)
        page.click(".rtw-host__session")
        assert page.url == f"{base}/s/proxied"
        expect(page.locator("h1")).to_have_text("Behind a front")
        # A kernel comes in the same way.
        import rtwidgets as rt

        with rt.connect(share.url, name="Kim") as kernel:
            assert kernel.session("proxied").role == "viewer"
    finally:
        desk.close()
        front.close()


def test_nothing_of_another_place_gets_into_the_page(desk: Desk, visit: Visit) -> None:
    guest = visit()
    page = guest.join(desk.session("policy").share().url, "Bob")
    violations = page.evaluate(
        """async () => {
        const seen = new Set();
        const note = ({ effectiveDirective }) => seen.add(effectiveDirective);
        document.addEventListener("securitypolicyviolation", note);
        const script = document.createElement("script");
        script.textContent = "globalThis.ran = 1";
        document.body.append(script);
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.head.append(style);
        const image = new Image();
        image.src = "https://evil.example/x.png";
        document.body.append(image);
        const frame = document.createElement("iframe");
        frame.src = "https://evil.example/";
        document.body.append(frame);
        await fetch("https://evil.example/").catch(() => 0);
        try { new WebSocket("wss://evil.example/"); } catch {}
        await new Promise((done) => setTimeout(done, 200));
        return [globalThis.ran ?? null, [...seen].sort()];
        }"""
    )
    wanted = ["connect-src", "frame-src", "img-src", "script-src-elem", "style-src-elem"]
    assert violations == [None, wanted]
    guest.faults.clear()  # the browser has said each of them, too


def test_what_a_tab_keeps_is_read_with_care(desk: Desk, visit: Visit) -> None:
    guest = visit()
    page = guest.page
    whole = {"token": "a.b.c", "expires_at_ms": 9e15, "session": "morning"}
    for kept, title in (
        ("{", "You need a link to come in"),
        ('{"token": 7}', "You need a link to come in"),
        (json.dumps({**whole, "expires_at_ms": 5}), "Your link is not valid any more"),
        (json.dumps({**whole, "session": "evening"}), "You need a link to come in"),
        (json.dumps(whole), "The hub no longer takes your access"),
    ):
        page.goto(f"{desk.url}/s/morning")
        page.evaluate("(kept) => sessionStorage.setItem('rtwidgets.admission /', kept)", kept)
        page.reload()
        expect(page.locator("h1")).to_have_text(title)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_finding_under_axe(desk: Desk, visit: Visit, scheme: str) -> None:
    session = desk.session("plain-to-all", "Plain to all")
    guest = visit(color_scheme=scheme)
    # As the browser's own, so that the page's policy has no say in it.
    guest.context.add_init_script(path=AXE)
    page = guest.page
    page.goto(f"{desk.url}/s/plain-to-all")
    assert findings(page) == []
    page.goto(session.share().url)
    expect(page.locator(".rtw-host__join")).to_be_visible()
    assert findings(page) == []
    page = guest.join(session.share("editor").url, "Bob")
    expect(page.locator(".rtw-metric")).to_contain_text("1.25")
    page.click(".rtw-host__people")
    assert findings(page) == []
    page.goto(desk.owner.sign_in_link().url)
    expect(page.locator(".rtw-host__session", has_text="Plain to all")).to_be_visible()
    assert findings(page) == []
    page.goto(f"{desk.url}/examples/chat")
    expect(page.locator("#state")).to_have_text("connected")
    assert findings(page) == []
