"""One widget, fed at one rate, in a page of a running JupyterLab."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page
from playwright.sync_api import Error as PageError

from tests.browser.lab import Lab, open_notebook, run_all
from tests.browser.watch import wait_for_transport
from tests.client.hub_process import environment

from .processes import browser_session, shares, usage
from .tasks import Chart, Contestant, Task, rows_per_s
from .timeline import Paint, ages, chart_time, newer_only, percentile, stamp_time

PAGE_JS = Path(__file__).with_name("page.js")
PUBLISHER = "benchmarks.widgets.contestants.ours"
# Playwright's own way to stop a socket passes every frame of every socket through the test, Jupyter's too.
NO_DIRECT_WAY = """WebSocket = new Proxy(WebSocket, {
    construct(socket, [url, ...others]) {
        if (String(url).includes("/connection/websocket")) throw new DOMException("stopped", "SecurityError");
        return new socket(url, ...others);
    },
});"""
FIRST_PAINT_S = 60
SETTLE_S = 4.0
VIEWPORT = {"width": 1300, "height": 900}


class ContestantError(Exception):
    """A widget that can't be measured; the message says why."""


@dataclass(frozen=True)
class Sent:
    """What a source has made so far."""

    pid: int
    rows: int
    at: float


@dataclass(frozen=True)
class Stage:
    """Where a run takes place.

    Args:
        shots: Folder that gets a picture of each widget under load.
    """

    lab: Lab
    browser: Browser
    shots: Path


def measure(
    stage: Stage, task: Task, contestant: Contestant, number: int, seconds: float
) -> dict[str, float]:
    """Show a task in a fresh notebook and page and return the figures by name.

    Raises:
        ContestantError: If nothing is drawn.
    """
    lab = stage.lab
    name = f"bench/{task.name}-{contestant.name}-{number}"
    told = lab.directory / "told.json"
    told.unlink(missing_ok=True)
    notebook = f"{task.name}-{contestant.name}.ipynb"
    named = f", name={name!r}, outside={contestant.outside}" if contestant.transport else ""
    lab.write_notebook(
        notebook,
        f"from benchmarks.widgets.contestants.{contestant.module} import chart, table",
        f"{task.call}, told={str(told)!r}{named})",
    )
    context = stage.browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.add_init_script(path=PAGE_JS)
        if contestant.transport == "relay":
            page.add_init_script(NO_DIRECT_WAY)
        try:
            open_notebook(page, lab, notebook)
            run_all(page)
            if contestant.transport:
                wait_for_transport(page, contestant.transport)
        except (PageError, AssertionError) as error:
            raise ContestantError(str(error).splitlines()[0]) from error
        with _publisher(lab, task, contestant, name, told):
            return _watch(stage, page, task, contestant, told, seconds)
    finally:
        _end_kernels(context, lab)
        context.close()


def _watch(
    stage: Stage, page: Page, task: Task, contestant: Contestant, told: Path, seconds: float
) -> dict[str, float]:
    _await_first_paint(page, task)
    page.wait_for_timeout(SETTLE_S * 1000)
    source = _sent(told)
    processes = {"source" if contestant.outside else "kernel": source.pid}
    if contestant.transport:
        processes["hub"] = stage.lab.hub_file()["pid"]
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    whole = browser_session(stage.browser)
    page.evaluate("() => Object.assign(rtwBench, { frames: 0, charts: [], cells: [], images: 0 })")
    before, sent_before, start_ms = usage(whole, session, processes), source, time.time() * 1000
    page.wait_for_timeout(seconds * 1000)
    end_ms, sent_after, after = time.time() * 1000, _sent(told), usage(whole, session, processes)
    record = page.evaluate("() => rtwBench")
    _take_picture(session, stage.shots / f"{task.name}-{contestant.name}.png")
    whole.detach()
    per_row = task.rate / rows_per_s(task)
    sent_per_s = (sent_after.rows - sent_before.rows) / max(sent_after.at - sent_before.at, 1e-9) * per_row
    return {
        "asked_per_s": task.rate,
        "sent_per_s": sent_per_s,
        **_painted(record, task, sent_per_s, start_ms, end_ms),
        "page_fps": record["frames"] / ((end_ms - start_ms) / 1000),
        **shares(before, after),
    }


def _painted(
    record: dict[str, Any], task: Task, sent_per_s: float, start_ms: float, end_ms: float
) -> dict[str, float]:
    """Return what was seen of the drawing."""
    paints = newer_only(_paints(record, task))
    if len(paints) < 2:
        if record["images"]:
            return {"fps": record["images"] / ((end_ms - start_ms) / 1000)}
        raise ContestantError("nothing new was drawn any more")
    seen = ages(paints, max(start_ms, paints[0].at_ms), end_ms)
    return {
        # Rows are made evenly in time, so what was painted is how far the newest drawn row came.
        "painted_per_s": sent_per_s
        * (paints[-1].newest_ms - paints[0].newest_ms)
        / (paints[-1].at_ms - paints[0].at_ms),
        "fps": len(paints) / ((end_ms - start_ms) / 1000),
        "age_p50_ms": percentile(seen, 0.5),
        "age_p99_ms": percentile(seen, 0.99),
    }


def _await_first_paint(page: Page, task: Task) -> None:
    page.evaluate("(wanted) => { rtwBench.lookForCell = wanted; }", not isinstance(task, Chart))
    drawn = "charts.length + rtwBench.images" if isinstance(task, Chart) else "cells.length"
    try:
        page.wait_for_function(f"() => rtwBench.{drawn} > 5", timeout=FIRST_PAINT_S * 1000)
    except PageError:
        raise ContestantError(f"nothing was drawn for {FIRST_PAINT_S} s") from None


def _paints(record: dict[str, Any], task: Task) -> list[Paint]:
    if isinstance(task, Chart):
        return [Paint(at, chart_time(at, fine, coarse)) for at, fine, coarse in record["charts"]]
    return [Paint(at, stamp_time(at, stamp)) for at, stamp in record["cells"]]


def _take_picture(session: CDPSession, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = session.send("Page.captureScreenshot", {"format": "png"})
    path.write_bytes(base64.b64decode(made["data"]))


def _sent(told: Path) -> Sent:
    return Sent(**json.loads(told.read_text()))


@contextmanager
def _publisher(lab: Lab, task: Task, contestant: Contestant, name: str, told: Path) -> Iterator[None]:
    """Run a process that publishes, where the contestant has one."""
    if not contestant.outside:
        yield
        return
    kind, rows = ("chart", 0) if isinstance(task, Chart) else ("table", task.rows)
    process = subprocess.Popen(
        [sys.executable, "-m", PUBLISHER, kind, name, str(told), str(task.rate), str(rows)],
        stdin=subprocess.PIPE,
        env=environment(RTWIDGETS_RUNTIME_DIR=str(lab.runtime)),
    )
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_kernels(context: BrowserContext, lab: Lab) -> None:
    """End every kernel, as the next widget is measured alone."""
    tokens = [cookie["value"] for cookie in context.cookies(lab.url) if cookie["name"] == "_xsrf"]
    headers = {"X-XSRFToken": tokens[0]} if tokens else {}
    for session in context.request.get(f"{lab.url}api/sessions").json():
        context.request.delete(f"{lab.url}api/sessions/{session['id']}", headers=headers, timeout=60_000)
