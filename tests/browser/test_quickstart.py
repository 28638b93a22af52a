"""The quickstart notebook, as a newcomer runs it."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab, open_notebook, run_all
from .watch import seen, wait_for_transport, watch_stream

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAME = "01_quickstart.ipynb"


@pytest.fixture
def quickstart(lab: Lab, page: Page) -> Page:
    shutil.copy(NOTEBOOKS / NAME, lab.directory)
    open_notebook(page, lab, NAME)
    run_all(page)
    wait_for_transport(page, "direct")
    return page


def picture_of(page: Page, index: int) -> str:
    """What a chart's canvas shows."""
    found: str = page.locator(".rtw-chart canvas").nth(index).evaluate("(canvas) => canvas.toDataURL()")
    return found


def test_chart_moves_and_table_lives(quickstart: Page) -> None:
    page = quickstart
    chart = page.locator(".rtw-chart").first
    expect(chart).to_contain_text("CPU by core")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(2_500)
    before = picture_of(page, 0)
    page.wait_for_timeout(1_500)
    assert picture_of(page, 0) != before
    table = page.get_by_role("table").first
    table.scroll_into_view_if_needed()
    rows = table.get_by_role("row")
    expect(rows.nth(5)).to_be_visible()
    # A column that was empty at first is a column of numbers once they come.
    expect(table.get_by_role("columnheader", name="cpu_percent")).to_have_class(re.compile("cell--number"))
    first = table.inner_text()
    deadline = time.monotonic() + 10
    while table.inner_text() == first:
        assert time.monotonic() < deadline, "no cell changed"
        page.wait_for_timeout(200)
    expect(page.locator(".rtw-status").first).to_contain_text("live · direct")


def test_shared_control_changes_the_rate_of_the_source(quickstart: Page) -> None:
    page = quickstart
    slider = page.get_by_role("slider", name="Seconds between readings")
    slider.scroll_into_view_if_needed()
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "0.1")
    watch_stream(page, "stream:system/cpu", "time")
    page.wait_for_timeout(1_000)
    start = len(seen(page)["cells"])
    page.wait_for_timeout(3_000)
    assert len(seen(page)["cells"]) - start > 12
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuenow", "5")
    page.wait_for_timeout(1_000)
    start = len(seen(page)["cells"])
    page.wait_for_timeout(3_000)
    assert len(seen(page)["cells"]) - start <= 2


def test_button_calls_the_kernel_and_the_chat_shows_it(quickstart: Page) -> None:
    page = quickstart
    page.get_by_role("button", name="Report the last minute").click()
    expect(page.get_by_role("log").get_by_text("CPU in the last minute").first).to_be_visible()
