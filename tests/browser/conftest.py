from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ..client.hub_process import environment
from .harness import served
from .lab import CHROMIUM, CHROMIUM_FLAGS, Lab

OUTSIDE = Path(__file__).with_name("outside.py")
# What is waited for comes when it comes; how soon is measured where that is the subject.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if item.get_closest_marker("timeout") is None:
                # JupyterLab, a kernel and a browser start in it.
                item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def harness() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1300, "height": 1400})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def outside() -> Iterator[Callable[[Lab], str]]:
    """Start a source and a handler that live outside every kernel of a lab; return the stream's name."""
    with ExitStack() as processes:
        yield lambda lab: processes.enter_context(_running_outside(lab))


@contextmanager
def _running_outside(lab: Lab) -> Iterator[str]:
    stream = f"outside/{uuid.uuid4().hex[:8]}"
    process = subprocess.Popen(
        [sys.executable, str(OUTSIDE), stream],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(RTWIDGETS_RUNTIME_DIR=str(lab.runtime)),
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield stream
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(20)
