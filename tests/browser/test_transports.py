"""Relay and direct: what breaks is replaced, and nothing is lost or shown twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from .lab import Lab, open_notebook, run_all
from .watch import assert_once_and_in_order, seen, wait_for_transport, watch_stream

pytestmark = pytest.mark.alone

NOTEBOOK = "transports.ipynb"
CHART = """
import rtwidgets as rt

hub = rt.connect()
rt.LiveChart(hub.stream("{stream}"), y="n", window="30s")
"""
SLIDER = 'rt.Slider(hub.value("limit", default=100), 0, 500, title="Limit")'
METRIC = 'rt.LiveMetric(hub.stream("{stream}"), "n", title="Count")'


def write(lab: Lab, stream: str) -> None:
    lab.write_notebook(NOTEBOOK, CHART.format(stream=stream), SLIDER, METRIC.format(stream=stream))


@pytest.fixture
def stream(lab: Lab, outside: Callable[[Lab], str]) -> str:
    """A stream that is fed from outside, and a notebook that shows it."""
    name = outside(lab)
    write(lab, name)
    return f"stream:{name}"


def save(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def test_reload_restores_the_widgets_without_gap_or_repeat(lab: Lab, page: Page, stream: str) -> None:
    open_notebook(page, lab, NOTEBOOK)
    run_all(page)
    wait_for_transport(page, "direct")
    watch_stream(page, stream, "n")
    page.wait_for_timeout(1_000)
    before = seen(page)
    assert_once_and_in_order(before["cells"])
    save(page)
    page.reload()
    wait_for_transport(page, "direct", timeout_s=60)
    expect(page.get_by_role("slider", name="Limit")).to_be_visible()
    watch_stream(page, stream, "n")
    page.wait_for_timeout(1_000)
    after = seen(page)
    # The snapshot reaches back before the reload; from there on every row is there once.
    assert after["cells"][0] <= before["cells"][-1]
    assert after["cells"][-1] > before["cells"][-1]
    assert_once_and_in_order(after["cells"])
    assert (after["gaps"], after["repeats"], after["lost"]) == (0, 0, 0)


def test_widgets_come_back_when_the_hub_was_killed(lab: Lab, page: Page, stream: str) -> None:
    open_notebook(page, lab, NOTEBOOK)
    run_all(page)
    wait_for_transport(page, "direct")
    watch_stream(page, stream, "n")
    page.wait_for_timeout(500)
    known = lab.hub_file()
    os.kill(known["pid"], signal.SIGKILL)
    page.wait_for_function("() => window.rtwSeen.feed.status.lost > 0", timeout=30_000)
    assert lab.hub_file()["pid"] != known["pid"]
    page.wait_for_timeout(1_000)
    found = seen(page)
    assert found["lost"] == 1, "a new hub is a new log, and the page says so once"
    # What was published while no hub was there waited in the publisher and is not lost.
    assert_once_and_in_order(found["cells"])
    wait_for_transport(page, "direct")
    # The kernel set the value again that the old hub knew.
    expect(page.get_by_role("slider", name="Limit")).to_have_attribute("aria-valuenow", "100")


def test_everything_works_on_the_relay_when_direct_is_blocked(lab: Lab, page: Page, stream: str) -> None:
    page.route_web_socket(lambda url: "/connection/websocket" in url, lambda route: route.close())
    open_notebook(page, lab, NOTEBOOK)
    run_all(page)
    wait_for_transport(page, "relay")
    watch_stream(page, stream, "n")
    page.wait_for_timeout(3_000)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert found["gap_ms"] < 1_000
    assert (found["gaps"], found["repeats"], found["lost"]) == (0, 0, 0)
    slider = page.get_by_role("slider", name="Limit")
    start = slider.get_attribute("aria-valuenow")
    slider.press("ArrowRight")
    expect(slider).not_to_have_attribute("aria-valuenow", str(start))
    page.wait_for_timeout(500)
    wait_for_transport(page, "relay")
    expect(page.get_by_text("relay").first).to_be_visible()


def test_direct_that_breaks_falls_back_and_comes_again(lab: Lab, page: Page, stream: str) -> None:
    routes: list[WebSocketRoute] = []
    blocked = False

    def pass_or_refuse(route: WebSocketRoute) -> None:
        if blocked:
            route.close()
        else:
            route.connect_to_server()
            routes.append(route)

    page.route_web_socket(lambda url: "/connection/websocket" in url, pass_or_refuse)
    open_notebook(page, lab, NOTEBOOK)
    run_all(page)
    wait_for_transport(page, "direct")
    watch_stream(page, stream, "n")
    page.wait_for_timeout(500)
    blocked = True
    for route in routes:
        route.close(code=4900)
    wait_for_transport(page, "relay")
    page.wait_for_timeout(1_000)
    blocked = False
    wait_for_transport(page, "direct", timeout_s=60)
    page.wait_for_timeout(500)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert (found["gaps"], found["repeats"], found["lost"]) == (0, 0, 0)


@pytest.fixture
def remote_lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path, base_url="/user/ann/")
    lab.start()
    yield lab
    lab.stop()


def test_remote_jupyter_reaches_the_hub_through_its_own_origin(
    remote_lab: Lab, page: Page, outside: Callable[[Lab], str]
) -> None:
    name = outside(remote_lab)
    write(remote_lab, name)
    port = remote_lab.hub_file()["url"].rpartition(":")[2]
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    # A page that is not on this machine can't reach the hub's port.
    page.route_web_socket(f"ws://127.0.0.1:{port}/**", lambda route: route.close())
    page.route_web_socket(f"ws://localhost:{port}/**", lambda route: route.close())
    open_notebook(page, remote_lab, NOTEBOOK)
    run_all(page)
    wait_for_transport(page, "direct")
    watch_stream(page, f"stream:{name}", "n")
    page.wait_for_timeout(2_000)
    found = seen(page)
    assert_once_and_in_order(found["cells"])
    assert found["gap_ms"] < 500
    own = f"ws://localhost:{remote_lab.port}/user/ann/proxy/{port}/connection/websocket"
    assert own in sockets
