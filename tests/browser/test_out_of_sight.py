"""A widget that nobody sees gets nothing from the hub, and is up to date when it is seen again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from ..client.conftest import eventually
from .lab import Lab, open_notebook, run_all
from .watch import wait_for_transport

SETUP = """
import rtwidgets as rt
hub = rt.connect()
orders = hub.table("sight", key="id")
orders.upsert(id=1, amount=0)
"""
TABLE = "rt.LiveTable(orders, max_hz=20)"
LONG = "print(*range(400), sep='\\n')"


@pytest.fixture
def publisher(lab: Lab, page: Page) -> Iterator[Hub]:
    """Somebody outside the page, on the hub of a notebook whose table is in sight."""
    lab.write_notebook("sight.ipynb", SETUP, TABLE, LONG)
    open_notebook(page, lab, "sight.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    found = lab.hub_file()
    site = FixedSite(parse_address(found["url"]), found["token"])
    with Hub(site, name="publisher", buffer_bytes=DEFAULT_BUFFER_BYTES) as hub:
        yield hub


def scroll(page: Page, pixels: int) -> None:
    page.locator(".jp-Notebook").last.hover()
    page.mouse.wheel(0, pixels)


def test_table_that_is_scrolled_away_is_silent_and_comes_back_whole(page: Page, publisher: Hub) -> None:
    orders = publisher.table("sight", key="id")
    scroll(page, -100_000)
    eventually(lambda: orders.demand() == (1, 1, 20.0))
    scroll(page, 100_000)
    eventually(lambda: orders.demand() == (1, 0, 0.0))
    for amount in range(1, 501):
        orders.upsert(id=1, amount=amount)
        publisher.flush()
    scroll(page, -100_000)
    eventually(lambda: orders.demand().visible == 1)
    expect(page.get_by_role("cell", name="500", exact=True)).to_be_visible()
    page.get_by_role("button", name="Status details").hover()
    expect(page.get_by_text("updates into later ones")).to_be_visible()
    expect(page.get_by_text("at most 20 a second")).to_be_visible()
