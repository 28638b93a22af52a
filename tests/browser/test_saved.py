"""A notebook that was saved with its widgets' state shows what was last seen, without kernel and hub."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .lab import Lab, open_notebook, run_all
from .saved import STATE, end_kernel, make_older, save_with_pictures, shown_in, trust, widget_state
from .test_quickstart import NAME, NOTEBOOKS
from .watch import wait_for_transport

MAX_STATE_BYTES = 300_000
TWO_HOURS_MS = 2 * 3_600_000
AGE = re.compile(r"as of (\d+ \w+ )?\d\d:\d\d,\s*2 h ago")


@pytest.fixture(scope="module")
def other_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("other"))
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def saved(lab: Lab, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart as somebody saved it who had run all its cells three times."""
    page = browser.new_page(viewport={"width": 1300, "height": 3200})
    shutil.copy(NOTEBOOKS / NAME, lab.directory)
    open_notebook(page, lab, NAME)
    for _ in range(3):
        run_all(page)
    wait_for_transport(page, "direct")
    page.get_by_role("slider", name="Seconds between readings").press("End")
    page.get_by_role("button", name="Report the last minute").click(timeout=20_000)
    answer = page.get_by_role("log").get_by_text("CPU in the last minute").first
    expect(answer).to_be_visible(timeout=20_000)
    pictures = save_with_pictures(page, lab.directory / NAME)
    assert pictures.keys() == {"metric", "chart", "table", "slider", "toggle", "button", "chat"}
    page.close()
    target = tmp_path_factory.mktemp("saved") / NAME
    shutil.copy(lab.directory / NAME, target)
    return target


@pytest.mark.timeout(180)
def test_state_of_the_quickstart_is_small_and_holds_its_code_once(saved: Path) -> None:
    notebook = json.loads(saved.read_text())
    state = json.dumps(notebook["metadata"]["widgets"][STATE], separators=(",", ":"))
    assert len(state.encode()) <= MAX_STATE_BYTES
    models, shown = widget_state(saved), shown_in(saved)
    assert sum("kit" in model for model in models.values()) == 1
    ours = {id: model for id, model in models.items() if "spec" in model}
    assert len(shown & ours.keys()) == 10
    for id, model in ours.items():
        assert len(json.dumps(model)) < (16_000 if id in shown else 2_500)
        if id not in shown:  # of an earlier run
            assert model.get("snapshot", {}) == {}
            continue
        assert "token" not in json.dumps(model["snapshot"])


def assert_pictures(page: Page) -> None:
    """Check that the quickstart's widgets show what was saved, with its age, and nothing that acts."""
    widgets = page.locator(".rtw")
    expect(widgets).to_have_count(10, timeout=60_000)
    for index in range(10):
        widget = widgets.nth(index)
        widget.scroll_into_view_if_needed()
        expect(widget.locator(".rtw-status")).to_contain_text(AGE)
        expect(widget).not_to_contain_text("no kernel")
    expect(page.locator(".rtw-metric__value").first).to_have_text(re.compile(r"^\d"))
    chart = page.locator(".rtw-chart").first
    expect(chart.locator(".rtw-legend__item").first).to_contain_text(re.compile(r"\d"))
    label = chart.get_by_role("img")
    expect(label).not_to_have_attribute("aria-label", "Chart without data")
    table = page.get_by_role("table")
    expect(table.get_by_role("row").nth(3)).to_be_visible()
    expect(page.locator(".rtw-table__count")).to_contain_text("row")
    slider = page.locator(".rtw-slider [role=slider]")
    expect(slider).to_have_attribute("aria-valuenow", "5")
    expect(slider).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".rtw-toggle")).to_contain_text("on")
    expect(page.get_by_role("button", name="Report the last minute")).to_be_disabled()
    expect(page.get_by_role("log").get_by_text("CPU in the last minute").first).to_be_visible()
    assert page.locator(".rtw-chat__compose").evaluate("(node) => node.inert")


@pytest.mark.timeout(180)
def test_saved_notebook_shows_the_last_values_and_their_age_until_its_cells_run(
    saved: Path, other_lab: Lab, context: BrowserContext
) -> None:
    shutil.copy(saved, other_lab.directory)
    make_older(other_lab.directory / NAME, TWO_HOURS_MS)
    trust(other_lab, NAME)
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    open_notebook(page, other_lab, NAME)
    assert_pictures(page)
    end_kernel(page)
    assert_pictures(page)
    status = page.locator(".rtw-chat .rtw-status")
    status.get_by_role("button").hover()
    expect(status).to_contain_text("no kernel of this page answers", timeout=15_000)
    assert [url for url in sockets if "/connection/websocket" in url] == []
    assert not (other_lab.runtime / "rtwidgets-hub.json").exists()
    # Whose kernel runs the cells sees them live.
    page.reload()
    expect(page.locator(".rtw--saved").first).to_be_visible(timeout=60_000)
    run_all(page)
    expect(page.locator(".rtw-chart").first).to_contain_text("live · direct", timeout=30_000)
    expect(page.locator(".rtw--saved")).to_have_count(0)
    expect(page.locator(".rtw-slider [role=slider]")).not_to_have_attribute("aria-disabled", "true")
