"""A page of another site, in a real browser, against a hub on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from rtwidgets.core import Limits, Namespace
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET
from ..server.inner_hub import InnerHub
from ..server.sockets import open_line
from .lab import CHROMIUM, CHROMIUM_FLAGS

# Cross-site WebSocket hijacking: a page of a site that the user visits opens a socket to this machine.
HIJACK = """port => new Promise(resolve => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
    const first = '{"id":1,"connect":{}}', second = '{"id":2,"subscribe":{"channel":"value:secret"}}';
    socket.onopen = () => socket.send(`${first}\\n${second}`);
    socket.onmessage = ({data}) => { if (data.includes("subscribe")) resolve(data); };
    socket.onclose = ({code}) => resolve(`closed ${code}`);
})"""
# DNS rebinding: the name of that site now means this machine, and to the browser the hub is its server.
REBIND = """() => fetch("/health").then(async response => `${response.status} ${await response.text()}`)"""


# Pictures: requests without an Origin, as many as a page likes.
SHOW = """port => Promise.all([...Array(60).keys()].map(number => new Promise(resolve => {
    const picture = new Image();
    picture.onload = picture.onerror = () => resolve(null);
    picture.src = `http://127.0.0.1:${port}/static/icon.svg?${number}`;
})))"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a site</title>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def evil_page(browser: Browser) -> Iterator[Page]:
    """A page at http://evil.test, a name that leads to this machine."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    # Newer browsers guard the user's own machine themselves; older ones do not.
    unguarded = "--disable-features=LocalNetworkAccessChecks"
    flags = [*CHROMIUM_FLAGS, unguarded, "--host-resolver-rules=MAP evil.test 127.0.0.1"]
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    page = other.new_page()
    page.goto(f"http://evil.test:{site.server_port}/")
    yield page
    other.close()
    site.shutdown()
    site.server_close()


@contextmanager
def hub_without_tokens(*, gate: bool) -> Iterator[InnerHub]:
    rules = {"value": Namespace("value", recover=True, allow=frozenset(("subscribe", "publish")))}
    hub = InnerHub(Settings(auth=AuthSection(anonymous=True), namespaces=rules), gate=gate)
    try:
        hub.call(lambda: hub.app.hub.channel("value:secret").publish(b'"a secret"', now=hub.app.now()))
        yield hub
    finally:
        hub.close()


def test_socket_of_another_sites_page_is_refused(evil_page: Page) -> None:
    with hub_without_tokens(gate=False) as hub:
        assert "a secret" in evil_page.evaluate(HIJACK, hub.port)
    with hub_without_tokens(gate=True) as hub:
        assert evil_page.evaluate(HIJACK, hub.port) == "closed 1006"


def test_rebound_name_does_not_reach_the_hub(evil_page: Page) -> None:
    def attack(hub: InnerHub) -> str:
        # The page came from the attacker's server; then the name was pointed to this machine.
        site = f"http://evil.test:{hub.port}/"
        evil_page.route(
            site, lambda route: route.fulfill(content_type="text/html", body="<title>a site</title>")
        )
        evil_page.goto(site)
        return str(evil_page.evaluate(REBIND))

    with hub_without_tokens(gate=False) as hub:
        assert '"status":"ok"' in attack(hub)
    with hub_without_tokens(gate=True) as hub:
        found = attack(hub)
        assert found.startswith("403 ") and "ok" not in found


def test_what_another_sites_page_loads_uses_nothing_up_and_its_links_lead_here(evil_page: Page) -> None:
    limits = Limits(connects_per_ip_per_s=20)
    hub = InnerHub(Settings(auth=AuthSection(hmac_secret=SECRET), limits=limits))
    try:
        evil_page.evaluate(SHOW, hub.port)
        with open_line(hub):
            pass
        assert not hub.call(lambda: hub.app.hub.refused.total())
        evil_page.evaluate("port => { location.href = `http://127.0.0.1:${port}/`; }", hub.port)
        expect(evil_page).to_have_title("Sessions")
        expect(evil_page.locator("body")).not_to_be_empty()
    finally:
        hub.close()
