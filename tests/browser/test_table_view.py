"""A table's view, on the page that shows widgets without Jupyter."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

# How many changes of its rows there are in so many frames.
CHANGES = """async (grid) => {
    let count = 0;
    const observer = new MutationObserver((changes) => { count += changes.length; });
    observer.observe(grid, { subtree: true, childList: true });
    for (let frame = 0; frame < 60; frame++) {
        grid.scrollIntoView({ block: "center" });  // widgets above it may still grow
        await new Promise(requestAnimationFrame);
    }
    return count;
}"""


def test_a_column_with_one_cell_leaves_the_page_at_rest(browser: Browser, harness: str) -> None:
    page = browser.new_page()
    page.goto(f"{harness}/index.html?careless")
    grid = page.get_by_role("table", name="One note")
    grid.scroll_into_view_if_needed()
    expect(grid.get_by_role("cell", name="only here")).to_be_visible()
    grid.evaluate(CHANGES)
    assert grid.evaluate(CHANGES) == 0
    page.close()
