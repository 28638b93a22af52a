"""What all tests share: programs that may be missing, and no silent skips where nothing may be skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

IS_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def need_program() -> Callable[..., str]:
    """Return a function that finds a program by one of its names, or skips and says how to get it."""

    def find(*names: str) -> str:
        for name in names:
            # Debian keeps servers where only root looks.
            path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
            if path is not None:
                return path
        pytest.skip(f"{names[0]} is not installed; `make test` as root installs it, or your package manager")

    return find


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _without_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _without_skips((yield))


def _without_skips(report: Report) -> Report:
    """Turn a skip into a failure under CI=true; an expected failure stays what it is."""
    if IS_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped with CI=true, but this was: {reason}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright's event loop stays running in this thread to the end; no other could run after it.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
