"""What the browser's processes and a page's main thread have used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession

from ..process_stats import cpu_s, idle_s


@dataclass(frozen=True)
class Usage:
    """Seconds up to a moment; subtract two of them.

    Args:
        page: The page's main thread.
        renderers: All renderer processes of the browser.
        browser: Its other processes; without a graphics card the drawing is done there.
        idle: Both cores together.
    """

    at: float
    page: float
    renderers: float
    browser: float
    idle: float
    processes: dict[str, float]


def usage(browser: CDPSession, page: CDPSession, processes: dict[str, int]) -> Usage:
    """Return what was used up to now.

    Args:
        browser: A session of the browser itself, see `browser_session`.
        page: A session of the page, with `Performance` enabled.
        processes: Ids of other processes, by what they are.
    """
    metrics = {metric["name"]: metric["value"] for metric in page.send("Performance.getMetrics")["metrics"]}
    found = browser.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = sum(process["cpuTime"] for process in found if process["type"] == "renderer")
    return Usage(
        at=metrics["Timestamp"],
        page=metrics["TaskDuration"],
        renderers=renderers,
        browser=sum(process["cpuTime"] for process in found) - renderers,
        idle=sum(idle_s(core) for core in range(_cores())),
        processes={name: cpu_s(pid) for name, pid in processes.items()},
    )


def shares(before: Usage, after: Usage) -> dict[str, float]:
    """Return the shares of one core that each used in between, and of the machine."""
    elapsed = after.at - before.at
    return {
        "page_busy": (after.page - before.page) / elapsed,
        "renderer_cpu": (after.renderers - before.renderers) / elapsed,
        "browser_cpu": (after.browser - before.browser) / elapsed,
        "machine_busy": 1 - (after.idle - before.idle) / elapsed / _cores(),
        **{
            f"{name}_cpu": (used - before.processes[name]) / elapsed for name, used in after.processes.items()
        },
    }


def browser_session(browser: Browser) -> CDPSession:
    """Return a session of the browser itself."""
    return browser.new_browser_cdp_session()


def _cores() -> int:
    return sum(
        1
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("cpu") and not line.startswith("cpu ")
    )
