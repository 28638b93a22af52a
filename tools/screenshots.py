"""Take the README's pictures: the quickstart in JupyterLab, light and dark."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.lab import CHROMIUM, CHROMIUM_FLAGS, Lab, open_notebook, run_all
from tests.browser.watch import wait_for_transport

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "01_quickstart.ipynb"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# Long enough for the charts' window to fill.
WARM_UP_MS = 125_000


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        shutil.copy(ROOT / "notebooks" / NOTEBOOK, directory)
        lab = Lab(Path(directory))
        lab.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 1330}, device_scale_factor=1.5)
            open_notebook(page, lab, NOTEBOOK)
            page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            run_all(page)
            wait_for_transport(page, "direct")
            page.wait_for_timeout(WARM_UP_MS)
            for theme, name in THEMES.items():
                take(page, name, folder / f"quickstart-{theme}.png")
        finally:
            browser.close()
            lab.stop()


def take(page: Page, theme: str, target: Path) -> None:
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    notebook = page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer").first
    notebook.evaluate("(node) => { node.scrollTop = 568; }")
    page.wait_for_timeout(2_500)
    page.screenshot(path=target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
