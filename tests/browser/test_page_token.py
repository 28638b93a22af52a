"""What a page holds: a token for its widgets and minutes, and nothing in the file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from rtwidgets.client.tokens import caps_of, user_of

from .lab import Lab, open_notebook, run_all, start_cell
from .watch import assert_once_and_in_order, forget_seen, seen, wait_for_transport, watch_stream

SHORT_TOKENS = """
from rtwidgets.widgets import relay_driver
relay_driver.TOKEN_TTL_S = 6.0
relay_driver.HOUSEKEEPING_S = 0.25
"""
NO_RENEWAL = """
async def nothing(*_): pass
relay_driver.RelayDriver._push_token = relay_driver.RelayDriver._renew_token = nothing
"""
CHART = """
import time, ctypes
import rtwidgets as rt
hub = rt.connect()
rt.LiveChart(hub.stream("{stream}"), y="n", window="30s")
"""
SLEEP = "time.sleep(45)"
SPIN = """
end = time.monotonic() + 45
while time.monotonic() < end:
    sum(range(1000))
"""
# A call into C that keeps the interpreter's lock: no other thread of the kernel runs.
HOLD = "ctypes.PyDLL(None).sleep(40)"
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")


class Sockets:
    """What a page tells the hub on its own sockets."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        self.commands: list[dict[str, Any]] = []
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        if "/connection/websocket" not in socket.url:
            return
        self.urls.append(socket.url)
        socket.on("framesent", self._sent)

    def _sent(self, frame: str | bytes) -> None:
        self.commands += [json.loads(line) for line in str(frame).split("\n") if line.strip("{} ")]

    def tokens(self, kind: str) -> list[str]:
        return [command[kind]["token"] for command in self.commands if kind in command]


@pytest.fixture
def sockets(page: Page) -> Sockets:
    return Sockets(page)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("busy", [SLEEP, SPIN], ids=["sleep", "spin"])
def test_busy_kernel_renews_the_token_and_the_page_can_come_back(
    lab: Lab, page: Page, sockets: Sockets, outside: Callable[[Lab], str], busy: str
) -> None:
    stream = outside(lab)
    lab.write_notebook("renew.ipynb", SHORT_TOKENS, CHART.format(stream=stream), busy)
    page.add_init_script(
        """const Native = WebSocket;
        window.hubSockets = [];
        window.WebSocket = class extends Native {
            constructor(url, ...rest) {
                super(url, ...rest);
                if (String(url).includes("/connection/websocket")) hubSockets.push(this);
            }
        };"""
    )
    open_notebook(page, lab, "renew.ipynb")
    run_all(page, last=1)
    wait_for_transport(page, "direct")
    watch_stream(page, f"stream:{stream}", "n")
    start_cell(page, 2)
    page.wait_for_timeout(500)
    forget_seen(page)
    sent = len(sockets.tokens("connect"))
    page.wait_for_timeout(31_000)
    wait_for_transport(page, "direct", timeout_s=1)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert found["gap_ms"] < 2_000
    assert len(sockets.tokens("connect")) == sent, "no reconnect"
    assert len(set(sockets.tokens("refresh"))) >= 8, "a new token each half life"
    # The page's socket is cut after five lives of its first token.
    page.evaluate("() => hubSockets.forEach((socket) => socket.close())")
    for _ in range(100):
        page.wait_for_timeout(100)
        if len(sockets.tokens("connect")) > sent:
            break
    assert set(sockets.tokens("connect")[sent:]) - set(sockets.tokens("connect")[:sent])
    page.wait_for_timeout(1_000)
    wait_for_transport(page, "direct", timeout_s=5)
    expect(page.locator(".jp-InputPrompt").nth(2)).to_have_text("[*]:", timeout=1)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert (found["gaps"], found["repeats"], found["lost"]) == (0, 0, 0)


@pytest.mark.timeout(150)
def test_without_renewal_the_page_would_lose_the_hub(
    lab: Lab, page: Page, outside: Callable[[Lab], str]
) -> None:
    lab.write_notebook("ends.ipynb", SHORT_TOKENS + NO_RENEWAL, CHART.format(stream=outside(lab)))
    open_notebook(page, lab, "ends.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    expect(page.locator(".rtw-chart")).to_contain_text("no kernel of this page answers", timeout=40_000)


@pytest.mark.timeout(150)
def test_kernel_that_hangs_for_longer_than_a_token_is_said_and_the_page_comes_back_by_itself(
    lab: Lab, page: Page, outside: Callable[[Lab], str]
) -> None:
    stream = outside(lab)
    lab.write_notebook("hangs.ipynb", SHORT_TOKENS, CHART.format(stream=stream), HOLD)
    open_notebook(page, lab, "hangs.ipynb")
    run_all(page, last=1)
    wait_for_transport(page, "direct")
    watch_stream(page, f"stream:{stream}", "n")
    start_cell(page, 2)
    page.wait_for_timeout(8_000)
    # Past the token's end: the hub gives some seconds more.
    wait_for_transport(page, "direct", timeout_s=1)
    expect(page.locator(".rtw-chart")).to_contain_text("wait while one is busy", timeout=25_000)
    wait_for_transport(page, "direct", timeout_s=60)
    page.wait_for_timeout(1_000)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert found["lost"] == 0


WIDGETS = (
    "import rtwidgets as rt\nhub = rt.connect()",
    "hub.stream('other').append(n=1)\nhub.value('hidden', default=1)",
    'prices = hub.stream("scoped")\nprices.append(n=1)\nrt.LiveChart(prices, y="n")',
    'rt.Slider(hub.value("limit", default=100), 0, 500, title="Limit")',
    'rt.LiveChat(hub.chat("desk"), title="Desk", commands=False)',
    "@hub.command\ndef wipe(): return 'wiped'",
    "@hub.command\ndef halt(): return 'halted'\nrt.Button('Halt', halt)",
)
TRY = """async ([url, token, requests]) => {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
    const replies = new Map();
    socket.onmessage = ({ data }) => data.split("\\n").forEach((line) => {
        const reply = JSON.parse(line);
        if (reply.id) replies.set(reply.id, reply);
    });
    socket.send(JSON.stringify({ id: 1, connect: { token } }));
    requests.forEach((request, i) => socket.send(JSON.stringify({ id: i + 2, ...request })));
    const end = Date.now() + 5000;
    while (replies.size <= requests.length && Date.now() < end) await new Promise((r) => setTimeout(r, 20));
    socket.close();
    return requests.map((_, i) => replies.get(i + 2)?.error?.code ?? (replies.has(i + 2) ? 0 : null));
}"""


def rpc(method: str, **data: object) -> dict[str, Any]:
    return {"rpc": {"method": f"rtwidgets.{method}", "data": data}}


INSIDE = (
    {"subscribe": {"channel": "stream:scoped"}},
    {"subscribe": {"channel": "value:limit"}},
    {"publish": {"channel": "value:limit", "data": 101}},
    {"presence": {"channel": "chat:desk"}},
    {"publish": {"channel": "chat:desk", "data": {"type": "message", "id": "m1", "text": "hi"}}},
    rpc("typing", channel="chat:desk"),
    {"subscribe": {"channel": "table:rtwidgets.commands"}},
    {"subscribe": {"channel": "table:rtwidgets.calls"}},
    rpc("call", command="halt"),
    rpc("cancel", command="halt", key="none"),
)
OUTSIDE: tuple[dict[str, Any], ...] = (
    {"subscribe": {"channel": "stream:other"}},
    {"subscribe": {"channel": "value:hidden"}},
    {"subscribe": {"channel": "chat:desk2"}},
    rpc("messages", channel="chat:other"),
    rpc("typing", channel="chat:other"),
    {"publish": {"channel": "value:hidden", "data": 2}},
    {"publish": {"channel": "stream:scoped", "data": {"n": [2]}}},
    {"history": {"channel": "stream:scoped", "limit": 5}},
    {"history": {"channel": "stream:other", "limit": 5}},
    rpc("declare", channel="value:hidden", default=3),
    rpc("demand", channel="stream:other"),
    rpc("call", command="wipe"),
    {"subscribe": {"channel": "event:rtwidgets.audit"}},
    rpc("register", commands=[{"name": "halt"}]),
    rpc("token", ttl_s=3600),
    rpc("token", ttl_s=60, caps={"stream:scoped": ["subscribe"]}),
    rpc("allow_origin", origin="http://evil.example"),
    rpc("revoke", user="nobody"),
)


def test_pages_token_opens_its_widgets_and_nothing_else(lab: Lab, page: Page, sockets: Sockets) -> None:
    lab.write_notebook("scope.ipynb", *WIDGETS)
    open_notebook(page, lab, "scope.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    button = page.get_by_role("button", name="Halt")
    button.click()
    expect(page.get_by_text("halted", exact=True)).to_be_visible()
    expect(page.get_by_text("permission denied")).to_have_count(0)
    held = (sockets.tokens("connect") + sockets.tokens("refresh"))[-1]
    assert caps_of(held) == {
        "stream:scoped": {"subscribe"},
        "value:limit": {"subscribe", "publish"},
        "chat:desk": {"subscribe", "publish", "history", "presence", "command"},
        "chat:desk#*": {"subscribe", "publish", "history", "presence"},
        "event:rtwidgets.notices#" + user_of(held): {"subscribe"},
        "command:halt": {"command"},
        "table:rtwidgets.commands": {"subscribe"},
        "table:rtwidgets.calls": {"subscribe"},
    }
    url = f"{lab.hub_file()['url'].replace('http', 'ws')}/connection/websocket"
    assert page.evaluate(TRY, [url, held, INSIDE]) == [0] * len(INSIDE)
    assert page.evaluate(TRY, [url, held, OUTSIDE]) == [103] * len(OUTSIDE)
    # With the kernel's own token, which pages were given before, the same page may do all of it.
    assert page.evaluate(TRY, [url, lab.hub_file()["token"], OUTSIDE]) == [0] * len(OUTSIDE)


def test_notebooks_of_two_kernels_share_one_connection_with_the_rights_of_both(
    lab: Lab, page: Page, sockets: Sockets
) -> None:
    for name in "ab":
        cell = f'px = hub.stream("two/{name}")\npx.append(n=1)\nrt.LiveMetric(px, "n")'
        lab.write_notebook(f"two_{name}.ipynb", "import rtwidgets as rt\nhub = rt.connect()", cell)
    open_notebook(page, lab, "two_a.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:open', { path: 'two_b.ipynb' })")
    page.wait_for_function(
        """() => {
        const panel = window.jupyterapp.shell.currentWidget;
        const kernel = panel.sessionContext?.session?.kernel;
        return panel.title.label === "two_b.ipynb" && kernel?.status === "idle";
        }""",
        timeout=60_000,
    )
    connects = len(sockets.tokens("connect"))
    run_all(page)
    expect(page.locator(".rtw-metric:visible")).to_contain_text("live · direct")
    assert len(sockets.tokens("connect")) == connects, "no reconnect"
    first, _, second = sockets.tokens("refresh")[-1].partition(" ")
    assert {*caps_of(first), *caps_of(second)} == {"stream:two/a", "stream:two/b"}
    assert user_of(first) == user_of(second)


@pytest.fixture
def other_lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    lab.start()
    yield lab
    lab.stop()


@pytest.mark.timeout(150)
def test_saved_notebook_and_its_export_hold_nothing_that_opens_the_hub(
    lab: Lab, other_lab: Lab, page: Page, context: BrowserContext, sockets: Sockets
) -> None:
    lab.write_notebook("saved.ipynb", *WIDGETS)
    open_notebook(page, lab, "saved.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    page.evaluate(
        """async () => {
        const { commands } = window.jupyterapp;
        const save = "@jupyter-widgets/jupyterlab-manager:saveWidgetState";
        if (!commands.isToggled(save)) await commands.execute(save);
        await commands.execute("docmanager:save");
        }"""
    )
    saved = (lab.directory / "saved.ipynb").read_text()
    exported = page.evaluate("async () => (await fetch('/nbconvert/html/saved.ipynb')).text()")
    assert "widget-state+json" in saved and "hub_key" in saved, "the widgets' state is in the file"
    assert "rtw" in exported
    held = {
        *sockets.tokens("connect"),
        *sockets.tokens("refresh"),
        lab.hub_file()["token"],
    }
    assert held
    for text in (saved, exported):
        assert JWT.search(text) is None
        for token in held:
            assert not any(part in text for part in token.split("."))
    # Somebody else opens the file, who has no hub.
    shutil.copy(lab.directory / "saved.ipynb", other_lab.directory)
    stranger = context.new_page()
    theirs = Sockets(stranger)
    open_notebook(stranger, other_lab, "saved.ipynb")
    expect(stranger.get_by_text("Slider(value:limit, min=0, max=500)")).to_be_visible()
    # And trusts it.
    saved_file = other_lab.directory / "saved.ipynb"
    notebook = nbformat.read(saved_file, as_version=4)  # type: ignore[no-untyped-call]
    notary = NotebookNotary(data_dir=str(other_lab.directory / "data"))  # type: ignore[no-untyped-call]
    notary.sign(notebook)  # type: ignore[no-untyped-call]
    stranger.reload()
    slider = stranger.locator(".rtw-slider")
    expect(slider).to_be_visible(timeout=60_000)
    # In its details, where it shows what was saved.
    slider.locator(".rtw-status__face").focus()
    expect(slider).to_contain_text("no kernel of this page answers", timeout=20_000)
    assert theirs.urls == []
    assert not (other_lab.runtime / "rtwidgets-hub.json").exists()
