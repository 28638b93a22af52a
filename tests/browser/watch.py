"""Look at what a page's connection to the hub does, from inside the page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_CONNECTION = """
const slots = globalThis[Symbol.for("rtwidgets.hubs.v1")] ?? new Map();
const connection = [...slots.values()].map((slot) => slot.connection).find(Boolean) ?? null;
"""


def wait_for_transport(page: Page, wanted: str, timeout_s: float = 20) -> None:
    page.wait_for_function(
        "(wanted) => {"
        + _CONNECTION
        + "return connection?.status.phase === 'live' && connection.status.transport === wanted }",
        arg=wanted,
        timeout=timeout_s * 1000,
    )


def watch_stream(page: Page, channel: str, column: str) -> None:
    """Keep every cell of a column from the snapshot on, and when it came."""
    page.evaluate(
        "([channel, column]) => {"
        + _CONNECTION
        + """
        const want = { maxHz: 60, visible: true, onChange() {} };
        const feed = connection.stream(channel, want, new AbortController().signal);
        const seen = (window.rtwSeen = { cells: [], at: [], resets: 0, feed });
        feed.onBatch((batch, reset) => {
            if (reset) { seen.cells = []; seen.resets += 1; }
            for (const cell of batch[column] ?? []) {
                seen.cells.push(cell);
                seen.at.push(performance.now());
            }
        }, new AbortController().signal);
        }""",
        [channel, column],
    )


def forget_seen(page: Page) -> None:
    """Start the record anew, as if everything so far had not been seen."""
    page.evaluate("() => { window.rtwSeen.cells = []; window.rtwSeen.at = []; }")


def seen(page: Page) -> dict[str, Any]:
    """Return the cells, the longest gap between two of them in ms, and the feed's own counters."""
    found: dict[str, Any] = page.evaluate(
        """() => {
        const { cells, at, resets, feed } = window.rtwSeen;
        let gap = 0;
        for (let i = 1; i < at.length; i++) gap = Math.max(gap, at[i] - at[i - 1]);
        const { offset, gaps, repeats, lost, bad } = feed.status;
        return { cells, gap_ms: gap, resets, offset, gaps, repeats, lost, bad };
        }"""
    )
    return found


def assert_once_and_in_order(cells: list[int]) -> None:
    assert cells == list(range(cells[0], cells[0] + len(cells))), "a row is missing, twice or out of order"
