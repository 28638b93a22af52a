"""The kit in a page: its styles wherever the host puts a widget, two releases side by side, old browsers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from rtwidgets.widgets.front_end import front_end

from .lab import Lab, open_notebook, run_all

SHOW = """async ([path, where]) => {
    const { widget } = await import(path);
    const spec = { kind: "toggle", hub: "none", channels: { value: "value:a" }, options: {} };
    const model = { get: (name) => (name === "spec" ? spec : undefined) };
    const el = document.createElement("div"), host = document.createElement("section");
    document.body.append(host);
    const root = where === "document" ? host : host.attachShadow({ mode: "open" });
    if (where !== "later") root.append(el);
    const shown = widget();
    shown.initialize({ model });
    shown.render({ model, el });
    if (where === "later") root.append(el);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return [getComputedStyle(el.firstChild).borderTopStyle, document.adoptedStyleSheets.length];
}"""
STUB = """async (path) => {
    const spec = { kind: "toggle", hub: "none", channels: { value: "value:a" }, options: {} };
    const model = { get: (name) => (name === "spec" ? spec : undefined) };
    const el = document.createElement("div");
    el.className = path;
    document.body.append(el);
    const stub = (await import(path)).default();
    stub.initialize({ model });
    stub.render({ model, el });
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    folder = front_end("kit.js").parent
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def plain(page: Page, address: str) -> Page:
    page.route("**/page.html", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.goto(f"{address}/page.html")
    return page


@pytest.mark.parametrize("where", ["document", "shadow", "later"])
def test_widget_is_dressed_wherever_it_is_put(plain: Page, where: str) -> None:
    assert plain.evaluate(SHOW, ["./kit.js", where]) == ["solid", 1]
    assert plain.evaluate(SHOW, ["./kit.js", where]) == ["solid", 1], "once for all widgets"


def test_two_releases_in_one_page_do_not_mix(plain: Page) -> None:
    def other(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        text = front_end(name).read_text(encoding="utf-8")
        build = plain.evaluate("async () => (await import('./kit.js')).BUILD")
        route.fulfill(content_type="text/javascript", body=text.replace(build, "f" * 16))

    plain.route("**/other/*", other)
    plain.evaluate(STUB, "./other/stub.js")
    plain.evaluate("() => import('./kit.js')")
    plain.evaluate(STUB, "./stub.js")
    expect(plain.locator("[class='./stub.js'] .rtw")).to_have_count(1)
    expect(plain.locator("[class='./other/stub.js'] .rtw")).to_have_count(0)
    plain.evaluate("() => import('./other/kit.js')")
    expect(plain.locator("[class='./other/stub.js'] .rtw")).to_have_count(1)
    hubs: list[Any] = plain.evaluate("() => [...globalThis[Symbol.for('rtwidgets.hubs.v1')].keys()]")
    assert len(hubs) == 2 and len({str(key).split(" ")[1] for key in hubs}) == 1


@pytest.mark.timeout(120)
def test_browser_that_can_t_unpack_the_kit_is_told(lab: Lab, page: Page) -> None:
    lab.write_notebook(
        "old.ipynb", 'import rtwidgets as rt\nhub = rt.connect()\nrt.Toggle(hub.value("a", default=True))'
    )
    page.add_init_script("delete globalThis.DecompressionStream")
    open_notebook(page, lab, "old.ipynb")
    run_all(page)
    expect(page.get_by_text("this browser has no DecompressionStream; use Chrome")).to_be_visible()
