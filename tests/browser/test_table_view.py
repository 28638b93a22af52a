"""A table's view, on the page that shows widgets without Jupyter."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

# How often the table is laid out in so many frames.
LAYOUTS = """async (grid) => {
    let count = 0;
    new MutationObserver((changes) => { count += changes.length; }).observe(grid, { attributeFilter: ["style"] });
    for (let frame = 0; frame < 60; frame++) await new Promise(requestAnimationFrame);
    return count;
}"""


def test_a_column_with_one_cell_leaves_the_page_at_rest(browser: Browser, harness: str) -> None:
    page = browser.new_page()
    page.goto(f"{harness}/index.html?careless")
    grid = page.get_by_role("table", name="One note")
    grid.scroll_into_view_if_needed()
    expect(grid.get_by_role("cell", name="only here")).to_be_visible()
    assert grid.evaluate(LAYOUTS) == 0
    page.close()
