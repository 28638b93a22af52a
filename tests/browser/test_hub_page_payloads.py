"""Texts that would run as code, as names and titles on the hub's own pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from rtwidgets.protocol.blank import is_blank

from ..client.hub_process import token
from ..server.sockets import Line, bare_line
from .hub_page import Desk, Visitor
from .payloads import corpus
from .test_payloads import HITS

CONFIG = """[limits]
connections_per_ip = 0
connects_per_ip_per_s = 0
commands_per_s = 0
ping_interval_s = 0
"""
# The fragment of the page's own elements that may bear data: what is read aloud or shown at the pointer.
DANGERS = """() => {
    const bad = /^(on|srcdoc|action|formaction|id$|name$|data-(?!tone|theme|page))/;
    const found = new Set();
    for (const el of document.body.querySelectorAll("*")) {
        if (["IMG", "IFRAME", "OBJECT", "EMBED", "FORM", "STYLE", "BASE", "META"].includes(el.tagName))
            found.add(el.localName);
        for (const { name, value } of el.attributes) {
            if (bad.test(name)) found.add(`${el.localName}@${name}`);
            if (name === "href" && !value.startsWith(location.origin)) found.add(`href=${value}`);
        }
    }
    return [[...found], globalThis.rtwHits, ({}).polluted ?? null,
        Object.getOwnPropertyNames(Object.prototype).sort().join() === globalThis.rtwPrototype];
}"""
USE = """() => {
    for (const el of document.querySelectorAll(".rtw *")) {
        for (const type of ["pointerenter", "mouseover", "pointermove", "focus", "animationstart"])
            el.dispatchEvent(new Event(type, { bubbles: true }));
    }
}"""

# Letters that nobody sees: a name shows another character in their place.
FILLERS = "\u115f\u3164"
BATCH = 50
# A client that takes what comes and asks for nothing by itself.
OF_MANY: dict[str, Any] = {"max_queue": None, "ping_interval": None}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("payloads"), CONFIG)
    yield desk
    desk.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    visitor = Visitor(browser, viewport={"width": 1200, "height": 900})
    visitor.context.add_init_script(HITS)
    yield visitor.page
    visitor.close()


def shown(text: str) -> str:
    """What a text is in `Locator.inner_text`, near enough to tell whether it was shown as text."""
    return "".join(char for char in text if char.isalnum() and char not in FILLERS)


def rpc(line: Line, method: str, **data: Any) -> Any:
    reply = line.ask(rpc={"method": f"rtwidgets.{method}", "data": data})
    assert "error" not in reply, reply
    return reply["rpc"]["data"]


def assert_harmless(page: Page) -> None:
    page.evaluate(USE)
    page.wait_for_timeout(200)
    assert page.evaluate(DANGERS) == [[], [], None, True]


def test_names_of_members_are_text(desk: Desk, page: Page) -> None:
    session = desk.session("crowd", panels=False)
    payloads = [text for text in corpus() if len(text) < 500 and not is_blank(text)][:400]
    page.goto(session.share().url)
    page.fill(".rtw-host__input", payloads[0][:40])
    page.click(".rtw-host__join")
    expect(page.locator(".rtw-host__count")).to_have_text("2 here")
    page.click(".rtw-host__people")
    with bare_line(desk.process, **OF_MANY) as owner:
        owner.ask(connect={"token": token()})
        for start in range(0, len(payloads), BATCH):
            batch = payloads[start : start + BATCH]
            with ExitStack() as sockets:
                for number, text in enumerate(batch):
                    minted = rpc(
                        owner,
                        "token",
                        ttl_s=300,
                        sub=f"u{number}",
                        info={"name": text, "role": text, "guest": text},
                        caps={"event:crowd/*": ["subscribe", "presence"]},
                    )
                    line = sockets.enter_context(bare_line(desk.process, **OF_MANY))
                    line.ask(connect={"token": minted["token"]})
                    line.ask(subscribe={"channel": "event:crowd/rtwidgets.members"})
                expect(page.locator(".rtw-host__person")).to_have_count(len(batch) + 2)
                names = page.locator(".rtw-host__person .rtw-host__who").all_inner_texts()
                assert {shown(text[:79]) for text in batch} <= {shown(name) for name in names} | {""}
                assert_harmless(page)
            expect(page.locator(".rtw-host__person")).to_have_count(2)


def test_titles_of_sessions_are_text(desk: Desk, page: Page) -> None:
    session = desk.session("titled", panels=False)
    page.goto(session.share().url)
    page.fill(".rtw-host__input", "Bob")
    page.click(".rtw-host__join")
    heading = page.locator(".rtw-host__title")
    expect(heading).to_have_text("titled")
    payloads = [text for text in corpus() if 1 < len(" ".join(text.split())) <= 120]
    assert len(payloads) > 300
    with bare_line(desk.process) as owner:
        owner.ask(connect={"token": token()})
        seen = page.evaluate(
            """() => {
            globalThis.rtwTitles = [];
            const heading = document.querySelector(".rtw-host__title");
            new MutationObserver(() => rtwTitles.push(heading.textContent)).observe(
                heading, { childList: true, characterData: true, subtree: true });
            }"""
        )
        assert seen is None
        for start in range(0, len(payloads), 20):
            for text in payloads[start : start + 20]:
                rpc(owner, "session", session="titled", title=text)
            last = " ".join(payloads[min(start + 20, len(payloads)) - 1].split())
            page.wait_for_function(
                "(text) => document.querySelector('.rtw-host__title').textContent === text", arg=last
            )
    titles = set(page.evaluate("() => rtwTitles"))
    # A value's reader may miss what was replaced meanwhile, never the last.
    assert len(titles & {" ".join(text.split()) for text in payloads}) > 15
    assert_harmless(page)


def test_sessions_in_the_lobby_are_text(desk: Desk, page: Page) -> None:
    payloads = [text for text in corpus() if 0 < len(" ".join(text.split())) <= 120][:300]
    # A user has at most 100 sessions.
    for start in range(0, len(payloads), 100):
        with bare_line(desk.process) as boss:
            boss.ask(connect={"token": token(f"<img src=x: onerror=rtwHit({9_000 + start})>")})
            for number, text in enumerate(payloads[start : start + 100], start):
                rpc(boss, "session", session=f"p{number}", title=text)
    page.goto(desk.owner.sign_in_link().url)
    expect(page.locator(".rtw-host__session")).to_have_count(len(payloads) + 2)
    labels = page.locator(".rtw-host__label").all_inner_texts()
    assert {shown(" ".join(text.split())) for text in payloads} <= {shown(label) for label in labels}
    assert_harmless(page)


def test_messages_of_the_chat_example_are_text(tmp_path: Path, page: Page) -> None:
    desk = Desk(tmp_path / "chat", f"[hub]\nexamples = true\n{CONFIG}")
    try:
        payloads = [text for text in corpus() if len(text) < 500 and not is_blank(text)]
        page.goto(f"{desk.url}/examples/chat")
        page.fill("#name input", "<svg onload=rtwHit(1)>")
        page.click("#name button")
        expect(page.locator("#state")).to_have_text("connected")
        with bare_line(desk.process) as peer:
            peer.ask(connect={"token": token()})
            for number, text in enumerate(payloads):
                message = {"type": "message", "id": f"m{number}", "text": text}
                assert "error" not in peer.ask(publish={"channel": "chat:examples/chat", "data": message})
        expect(page.locator("#messages li")).to_have_count(len(payloads))
        assert (
            page.locator("#messages span").evaluate_all("(all) => all.map((el) => el.textContent)")
            == payloads
        )
        assert page.evaluate("() => rtwHits") == []
        elements = page.evaluate(
            "() => [...new Set([...document.querySelectorAll('#messages *')].map((el) => el.localName))]"
        )
        assert sorted(elements) == ["b", "li", "span", "time"]
    finally:
        desk.close()
