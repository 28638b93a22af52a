"""Files of save_html: from the disk without a server, and live where they may be."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import rtwidgets as rt
from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from ..client.conftest import eventually
from ..client.hub_process import HubProcess, token
from .payloads import corpus
from .test_payloads import HITS

LIVE_MS = 15_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def origin(folder: Path) -> Iterator[str]:
    """Where the folder's files are served: an origin that the hub allows."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def hub(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    process = HubProcess(tmp_path_factory.mktemp("hub"), f'allowed_origins = ["{origin}"]\n')
    process.start()
    site = FixedSite(parse_address(process.url), token())
    with Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES) as hub:
        yield hub
    process.kill()


@pytest.fixture(scope="module")
def widgets(hub: Hub) -> list[rt.LiveChart | rt.LiveTable | rt.LiveMetric | rt.Slider | rt.LiveChat]:
    session = hub.session("desk", title="Desk")
    prices = session.stream("prices")
    prices.append(time=[time.time() - n for n in range(60, 0, -1)], price=[100.0 + n for n in range(60)])
    orders = session.table("orders", key="id")
    orders.upsert(id=list(range(30)), qty=list(range(30)))
    limit = session.value("limit", default=120)
    chat = session.chat("room")
    chat.say("hello <b>bold</b>")
    hub.flush()
    return [
        rt.LiveMetric(prices, "price", title="Price"),
        rt.Slider(limit, 0, 500, title="Limit"),
        rt.LiveChart(prices, y="price", title="Prices"),
        rt.LiveTable(orders, sort="-qty", title="Orders"),
        rt.LiveChat(chat, title="Room"),
    ]


@pytest.fixture
def faults(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def older(path: Path, ms: int) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"at_ms":(\d+)', lambda found: f'"at_ms":{int(found[1]) - ms}', text), "utf-8")


def test_file_from_the_disk_shows_the_last_state_and_its_age(
    widgets: list[rt.LiveChart], folder: Path, page: Page, context: BrowserContext, faults: list[str]
) -> None:
    path = rt.save_html(folder / "plain.html", widgets, title="Morning desk")
    older(path, 2 * 3_600_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(path.as_uri())
    expect(page).to_have_title("Morning desk")
    expect(page.get_by_role("banner")).to_contain_text(re.compile(r"as of (\d+ \w+ )?\d\d:\d\d, 2 h ago"))
    expect(page.locator(".rtw-metric__value")).to_have_text("159")
    expect(page.get_by_role("slider", name="Limit")).to_have_attribute("aria-valuenow", "120")
    expect(page.get_by_role("slider", name="Limit")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("table", name="Orders").get_by_role("row").nth(1)).to_contain_text("29")
    expect(page.get_by_role("log").get_by_text("hello <b>bold</b>", exact=True)).to_be_visible()
    expect(page.locator(".rtw-chart [role=img]")).not_to_have_attribute("aria-label", "Chart without data")
    expect(page.locator(".rtw-notice:visible")).to_have_count(0)
    expect(page.get_by_text("no kernel")).to_have_count(0)
    assert asked == [path.as_uri()], "the file needs nothing else"
    assert faults == []
    # Where its session is, it leads to the hub's page; without an invite that page asks for one.
    link = page.get_by_role("link", name="Open live")
    expect(link).to_have_attribute("href", re.compile(r"^http://127\.0\.0\.1:\d+/s/desk$"))
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_dashboard_from_the_disk_has_its_grid(
    hub: Hub, widgets: list[rt.LiveChart], folder: Path, page: Page, faults: list[str]
) -> None:
    board = rt.Dashboard(hub, "desk", [[widgets[2], widgets[3]], [widgets[0], widgets[1]]], title="Desk")
    hub.flush()
    path = board.save_html(folder / "board.html")
    page.goto(path.as_uri())
    expect(page).to_have_title("Desk")
    expect(page.locator(".rtw-panels__panel")).to_have_count(4)
    chart, table = page.locator(".rtw-chart"), page.locator(".rtw-table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("29")
    expect(chart.get_by_role("img")).not_to_have_attribute("aria-label", "Chart without data")
    boxes = chart.bounding_box(), table.bounding_box()
    assert boxes[0] is not None and boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    expect(page.get_by_role("button", name="Edit layout")).to_have_count(0)
    assert faults == []


def test_viewer_s_file_goes_live_in_its_place_and_back_when_revoked(
    hub: Hub, origin: str, widgets: list[rt.LiveChart], folder: Path, page: Page
) -> None:
    session = hub.session("desk")
    share = session.share("viewer", expires="1h")
    rt.save_html(folder / "viewer.html", widgets, title="Desk", invite=share)
    page.goto(f"{origin}/viewer.html")
    slider = page.get_by_role("slider", name="Limit")
    expect(page.locator(".rtw-slider")).to_contain_text("view only", timeout=LIVE_MS)
    expect(page.get_by_role("banner")).to_contain_text("live")
    session.value("limit").set(200)
    expect(slider).to_have_attribute("aria-valuenow", "200")
    # A viewer's page says so, and the hub would refuse.
    expect(page.locator(".rtw-slider")).to_contain_text("no right to publish", timeout=LIVE_MS)
    assert share.revoke() == 1
    expect(page.get_by_role("banner")).to_contain_text("Your access was revoked", timeout=LIVE_MS)
    expect(page.get_by_role("banner")).to_contain_text("as of")
    expect(slider).to_have_attribute("aria-valuenow", "120")
    page.reload()
    expect(page.get_by_role("banner")).to_contain_text("This link was revoked", timeout=LIVE_MS)
    expect(slider).to_have_attribute("aria-valuenow", "120")
    session.value("limit").set(120)


def test_editor_s_file_asks_for_a_name_and_acts(
    hub: Hub, origin: str, widgets: list[rt.LiveChart], folder: Path, page: Page
) -> None:
    session = hub.session("desk")
    rt.save_html(folder / "editor.html", widgets, invite=session.share("editor", expires="1h").url)
    page.goto(f"{origin}/editor.html")
    expect(page.locator(".rtw--saved").first).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Eve")
    page.get_by_role("button", name="Go live").click()
    slider = page.get_by_role("slider", name="Limit")
    expect(slider).not_to_have_attribute("aria-disabled", "true", timeout=LIVE_MS)
    expect(page.locator(".rtw-slider")).to_contain_text("live · direct", timeout=LIVE_MS)
    # Who looks at a live file is in the session, for the others to see.
    eventually(lambda: "Eve" in [member.name.split(" ")[0] for member in session.members() if member.guest])
    slider.press("End")
    eventually(lambda: session.value("limit").get() == 500)
    session.value("limit").set(120)


def test_file_that_the_hub_does_not_allow_leads_to_its_page(
    hub: Hub, origin: str, widgets: list[rt.LiveChart], folder: Path, page: Page, context: BrowserContext
) -> None:
    share = hub.session("desk").share("viewer", expires="1h")
    path = rt.save_html(folder / "stranger.html", widgets, invite=share)
    page.goto(f"{origin.replace('localhost', '127.0.0.1')}/stranger.html")
    expect(page.get_by_role("banner")).to_contain_text("can't be reached from this page", timeout=LIVE_MS)
    expect(page.get_by_role("slider", name="Limit")).to_have_attribute("aria-valuenow", "120")
    # The same from a disk, where nothing is even tried.
    page.goto(path.as_uri())
    link = page.get_by_role("link", name="Open live")
    expect(link).to_have_attribute("href", share.url)
    with context.expect_page() as opened:
        link.click()
    there = opened.value
    expect(there.get_by_role("heading", name="Join desk")).to_be_visible(timeout=LIVE_MS)
    assert there.evaluate("() => [document.referrer, window.opener]") == ["", None]


def test_file_that_was_cut_short_says_so(widgets: list[rt.LiveChart], folder: Path, page: Page) -> None:
    path = rt.save_html(folder / "cut.html", widgets)
    text = path.read_text(encoding="utf-8")
    start = text.index('<script type="application/json" id="rtwidgets-file">')
    end = text.index("</script>", start)
    path.write_text(text[: start + 100] + text[end:], encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_role("alert").first).to_contain_text("This file can't be shown")


def test_widget_of_a_newer_release_is_said(widgets: list[rt.LiveChart], folder: Path, page: Page) -> None:
    path = rt.save_html(folder / "newer.html", widgets)
    text = path.read_text(encoding="utf-8")
    assert json.dumps("slider") in text
    path.write_text(text.replace('"kind":"slider"', '"kind":"dial"'), encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_text("there is no widget of kind 'dial' in this release")).to_be_visible()
    expect(page.locator(".rtw-metric__value")).to_have_text("159")


def test_no_text_of_a_peer_runs_in_a_file(hub: Hub, folder: Path, page: Page, faults: list[str]) -> None:
    payloads = [text for text in corpus() if "\x00" not in text][:450]
    session = hub.session("payloads")
    rows = session.table("rows", key="id")
    rows.upsert({"id": [f"{n} {text[:200]}" for n, text in enumerate(payloads)], "text": payloads})
    flow = session.stream("flow")
    flow.append({"time": [time.time()] * 12, "who": payloads[:12], "n": [1] * 12})
    shown = [rt.LiveTable(rows, height=2_000), rt.LiveChart(flow, y="n", by="who", title=payloads[0])]
    hub.flush()
    page.add_init_script(HITS)
    for text in payloads[::30]:
        path = rt.save_html(folder / "payloads.html", shown, title=text)
        page.goto(path.as_uri())
        expect(page.get_by_role("banner")).to_be_visible()
        assert page.locator("h1").text_content() == text
        expect(page.locator(".rtw-grid__cell").nth(3)).to_be_visible()
        assert page.evaluate("() => rtwHits") == []
        assert page.evaluate("() => document.scripts.length") == 2
    data = page.evaluate(
        "() => JSON.parse(document.getElementById('rtwidgets-file').textContent).widgets[0].feeds"
    )
    assert data["data"]["rows"]["text"] == payloads
    assert faults == []
