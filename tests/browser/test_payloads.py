"""Texts that would run as code, at every field of every widget: on a plain page with a strict policy, and in
JupyterLab.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.sync.client import connect

from rtwidgets.protocol.blank import is_blank

from ..server.sockets import Line
from .lab import Lab, open_notebook, run_all
from .payloads import COMMANDS, MARKUP, corpus
from .watch import wait_for_transport

# What each payload that runs leaves behind, and what the page's own prototypes look like.
HITS = """
globalThis.rtwHits = [];
globalThis.rtwHit = (number) => void rtwHits.push(number);
for (const name of ["alert", "confirm", "prompt", "open", "print"]) globalThis[name] = () => rtwHit(name);
globalThis.rtwPrototype = Object.getOwnPropertyNames(Object.prototype).sort().join();
"""
HARMLESS = [
    "plain",
    "Ann Example",
    "two words and some more of them",
    "x" * 100,
    "42",
    "2026-11-24T10:00:00Z",
    "a.b-c_d",
]
# Of so many at a time every widget is in sight.
BATCH = 6


@pytest.fixture
def address(harness: str) -> str:
    return f"{harness}/payloads.html"


@pytest.fixture
def plain_pages(browser: Browser, address: str) -> Iterator[list[Page]]:
    """Two pages of processes of their own, which work at the same time."""
    pages = []
    for _ in range(2):
        page = browser.new_context(viewport={"width": 600, "height": 450 * BATCH}).new_page()
        page.add_init_script(HITS)
        page.set_default_timeout(60_000)
        page.goto(address)
        page.wait_for_function("() => globalThis.rtwPayloads")
        pages.append(page)
    yield pages
    for page in pages:
        page.context.close()


def test_corpus_is_large_and_each_payload_is_its_own() -> None:
    payloads = corpus()
    assert len(payloads) == len(set(payloads)) >= 400


@pytest.mark.timeout(600)
def test_no_field_of_any_widget_takes_text_for_more(plain_pages: list[Page]) -> None:
    violations: list[str] = []
    faults: list[str] = []
    payloads = corpus()
    for number, page in enumerate(plain_pages):
        page.on(
            "console",
            lambda message: violations.append(message.text) if "Content Security" in message.text else None,
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        harmless = page.evaluate("(texts) => rtwPayloads.harmlessShapes(texts)", HARMLESS)
        page.evaluate(
            "(all) => void (globalThis.rtwDone = rtwPayloads.throwAll(...all))",
            [payloads[number :: len(plain_pages)], harmless, BATCH],
        )
    for page in plain_pages:
        assert page.evaluate("() => rtwDone") == []
        assert page.evaluate("() => rtwHits") == []
        assert page.evaluate("() => ({}).polluted === undefined")
        assert page.evaluate(
            "() => Object.getOwnPropertyNames(Object.prototype).sort().join() === rtwPrototype"
        )
    # The policy had nothing to stop: our own pages need no exception from it, nor a second line of defence.
    assert (violations, faults) == ([], [])


def test_no_field_of_any_widget_is_laid_out_at_one_go_with_a_text_that_runs_on(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(viewport={"width": 600, "height": 2000})
    page.goto(address)
    page.wait_for_function("() => globalThis.rtwPayloads")
    # Thai and Balinese signs, of which a browser needs the square of their number, and letters.
    for sign in ("\u0e33", "\u1b44", "W"):
        found: dict[str, int] = page.evaluate("(text) => rtwPayloads.longestRuns(text)", sign * 16_000)
        shown = {
            place: length for place, length in found.items() if not place.startswith(("input", "textarea"))
        }
        typed = {place: length for place, length in found.items() if place not in shown}
        assert len(shown) > 40 and len(typed) > 5
        assert {place: length for place, length in shown.items() if length > 500} == {}
        assert {place: length for place, length in typed.items() if length > 2000} == {}
    page.close()


def test_the_same_texts_run_where_somebody_is_careless(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.add_init_script(HITS)
    page.goto(f"{address}?careless")
    page.wait_for_function("() => globalThis.rtwPayloads")
    page.on("dialog", lambda dialog: dialog.dismiss())
    movers = ("http-equiv", "javascript:", "<base", "<form", "formaction", "<iframe", "<object", "<embed")
    careless = [text for text in corpus() if not any(word in text for word in movers)]
    page.evaluate("(texts) => rtwPayloads.throwCarelessly(texts)", careless)
    hits: list[Any] = page.evaluate("() => rtwHits")
    assert len(set(map(str, hits))) > 40
    page.close()


NOTEBOOK = """
import rtwidgets as rt
from IPython.display import display
hub = rt.connect()
rows, room, flow = hub.table("payloads", key="id"), hub.chat("payloads"), hub.stream("payloads")
rows.upsert({"id": ["first"], "text": ["first"]})

@hub.command
def fail(text: str = "") -> None:
    raise ValueError(text)

display(rt.LiveTable(rows, height=600), rt.LiveChat(room, height=600))
display(rt.LiveChart(flow, by="who", window="10m"))
display(*(rt.Button(f"fail {n}", "fail", hub=hub, text=text) for n, text in enumerate(SOME)))
"""
# Scroll through a list and keep every text that was shown, with what is wrong with its elements.
SCROLL = """async ([box, item]) => {
    const root = document.querySelector(box), seen = new Set(), wrong = new Set();
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const bad = /^(on|href|src|id$|name$|action|formaction|data-(?!tone|lm-))/;
    for (let top = 0; top <= root.scrollHeight; top += 400) {
        root.scrollTop = top;
        await frame(); await frame(); await frame();
        for (const el of root.querySelectorAll(item)) seen.add(el.textContent);
        for (const el of root.querySelectorAll("*")) for (const {name} of el.attributes)
            if (bad.test(name)) wrong.add(`${el.localName}@${name}`);
    }
    return [[...seen], [...wrong]];
}"""
SPY = """() => {
    globalThis.rtwCommands = [];
    jupyterapp.commands.commandExecuted.connect((_, {id}) => rtwCommands.push(id));
}"""
USE = """async () => {
    for (const el of document.querySelectorAll(".rtw, .rtw *")) {
        for (const type of ["pointerenter", "mouseover", "pointermove"])
            el.dispatchEvent(new Event(type, {bubbles: true}));
    }
    for (const el of document.querySelectorAll(".rtw button:not(.rtw-chat__post)")) el.click();
}"""
CARELESS = """async (text) => {
    const el = document.createElement("div");
    document.querySelector(".jp-OutputArea-output").append(el);
    el.innerHTML = text;
    for (const item of el.querySelectorAll("*")) item.click();
    el.remove();
}"""


def tell(hub_file: dict[str, Any], payloads: list[str]) -> None:
    """Publish every payload as what a peer controls: cells, keys, names, messages, groups."""
    url = hub_file["url"].replace("http", "ws") + "/connection/websocket"

    def ask(line: Line, **request: Any) -> dict[str, Any]:
        reply = line.ask(**request)
        assert "error" not in reply and "errors" not in str(reply.get("rpc", "")), reply
        return reply

    with connect(url, compression=None, max_size=None) as socket:
        owner = Line(socket)
        ask(owner, connect={"token": hub_file["token"]})
        # A key has at most 1,024 bytes.
        keys = [f"{text[:200]} {number}" for number, text in enumerate(payloads)]
        upsert = {"id": keys, "text": payloads}
        ask(owner, publish={"channel": "table:payloads", "data": {"upsert": upsert}})
        batch = {"time": [time.time()] * 8, "who": payloads[:8], "value": list(range(8))}
        ask(owner, publish={"channel": "stream:payloads", "data": batch})
        for number, text in enumerate(payloads):
            owner.socket.send("{}")  # a pong, whenever the hub has asked for one
            wanted = {
                "ttl_s": 60,
                "sub": f"u{number}",
                "info": {"name": text},
                "caps": {"chat:*": ["publish", "subscribe"]},
            }
            token = ask(owner, rpc={"method": "rtwidgets.token", "data": wanted})["rpc"]["data"]["token"]
            with connect(url, compression=None) as other:
                peer = Line(other)
                ask(peer, connect={"token": token})
                message = {"type": "message", "id": f"m{number}", "text": text}
                ask(peer, publish={"channel": "chat:payloads", "data": message})


@pytest.mark.timeout(300)
def test_nothing_that_a_peer_says_runs_in_jupyterlab(lab: Lab, page: Page) -> None:
    page.add_init_script(HITS)
    # A chat takes 16,384 characters that can be seen; what is longer, or blank, is refused by the hub.
    payloads = [text for text in corpus() if len(text) < 16_000 and not is_blank(text)]
    assert len(payloads) >= 400
    some = [text for text in payloads if "onerror" in text or "commandlinker" in text][:12]
    lab.write_notebook("payloads.ipynb", f"SOME = {some!r}\n{NOTEBOOK}")
    open_notebook(page, lab, "payloads.ipynb")
    page.evaluate(SPY)
    run_all(page)
    wait_for_transport(page, "direct")
    tell(lab.hub_file(), payloads)
    # Loudest first: what runs at once has run when the last one is there.
    expect(page.locator(".rtw-chat__text").last).to_have_text(payloads[-1], timeout=30_000)
    beginning = page.get_by_text("The beginning of what is kept")
    while not beginning.is_visible():
        page.locator(".rtw-chat__scroll").evaluate("(node) => { node.scrollTop = 0; }")
        page.wait_for_timeout(100)
    cells, wrong_cells = page.evaluate(SCROLL, [".rtw-grid", ".rtw-grid__cell"])
    # A cell shows the beginning of a long text.
    beginnings = {cell[:400] for cell in cells if cell.endswith("…")}
    missing = {
        text for text in set(payloads) - set(cells) if len(text) <= 500 or text[:400] not in beginnings
    }
    assert (wrong_cells, missing) == ([], set())
    said, wrong_lines = page.evaluate(SCROLL, [".rtw-chat__scroll", ".rtw-chat__text"])
    # Links lead to the web and away from this page; nothing else of them is from a peer.
    links = (
        {"a@href"} if page.locator("a.rtw-chat__link[rel='noopener noreferrer nofollow']").count() else set()
    )
    unmarked = {text for text in payloads if not MARKUP.search(text)}
    assert len(unmarked) > 350
    assert (set(wrong_lines) - links, unmarked - set(said)) == (set(), set())
    followed = page.locator("a.rtw-chat__link").evaluate_all("(all) => all.map(({ protocol }) => protocol)")
    assert set(followed) <= {"http:", "https:"}
    page.evaluate(USE)
    page.wait_for_timeout(1_500)
    outcomes = page.locator(".rtw-button__outcome").all_inner_texts()
    assert any(text in " ".join(outcomes) for text in some)
    assert page.evaluate("() => [rtwHits, ({}).polluted]") == [[], None]
    executed = set(page.evaluate("() => rtwCommands"))
    assert not executed & set(COMMANDS)
    # The same where somebody is careless: JupyterLab obeys, and the marks are seen.
    linker = (
        f"<button data-commandlinker-command='{COMMANDS[3]}'>press</button><img src=x: onerror=rtwHit(1)>"
    )
    page.evaluate(CARELESS, linker)
    page.wait_for_function("() => rtwHits.length > 0")
    page.wait_for_function("(name) => rtwCommands.includes(name)", arg=COMMANDS[3])
