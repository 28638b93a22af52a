"""A real JupyterLab or Notebook 7 in a process of its own, and its pages in a real Chromium."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ..client.hub_process import environment, free_port

CHROMIUM = os.environ.get("RTWIDGETS_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KERNEL_START_MS = 60_000


class Lab:
    """`jupyter lab` over a folder of notebooks, with its own runtime directory and so its own hub.

    Args:
        app: The program: ``"jupyterlab"``, ``"notebook"`` for Notebook 7, or
            ``"jupyter_server"`` without either.
    """

    def __init__(self, directory: Path, *, base_url: str = "/", app: str = "jupyterlab") -> None:
        self.directory = directory
        self.app = app
        self.runtime = directory / "runtime"
        self.port = free_port()
        self.base_url = base_url
        self.url = f"http://localhost:{self.port}{base_url}"
        self._log = directory / "lab.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        env = environment(
            RTWIDGETS_RUNTIME_DIR=str(self.runtime),
            **{name: str(self.directory / folder) for name, folder in folders.items()},
        )
        # Without this a question about news lies over the page.
        notification = (
            self.directory / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        )
        notification.parent.mkdir(parents=True, exist_ok=True)
        notification.write_text('{"fetchNews": "false"}')
        command = [
            *(sys.executable, "-m", self.app, "--no-browser", "--allow-root"),
            *(("--expose-app-in-browser",) if self.app != "jupyter_server" else ()),
            *(f"--ServerApp.port={self.port}", f"--ServerApp.base_url={self.base_url}"),
            *(
                "--IdentityProvider.token=",
                "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.root_dir={self.directory}",
            ),
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=self.directory)
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}api/status", timeout=2):
                    return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{self.app} did not start:\n{self._log.read_text()}") from None
                time.sleep(0.2)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def write_notebook(self, name: str, *cells: str) -> None:
        content = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{index}",
                    "source": source,
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                }
                for index, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.directory / name).write_text(json.dumps(content))

    def hub_file(self) -> dict[str, Any]:
        """What the connection file of this lab's local hub says."""
        found: dict[str, Any] = json.loads((self.runtime / "rtwidgets-hub.json").read_text())
        return found


def open_notebook(page: Page, lab: Lab, name: str, *, workspace: str = "default") -> None:
    """Open a notebook and wait until its kernel is there."""
    path = f"notebooks/{name}" if lab.app == "notebook" else f"lab/workspaces/{workspace}/tree/{name}?reset"
    page.goto(f"{lab.url}{path}")
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook", timeout=KERNEL_START_MS)
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell.currentWidget;
            return panel?.sessionContext?.session?.kernel?.status === "idle";
        }""",
        timeout=KERNEL_START_MS,
    )


def run_all(page: Page, first: int = 0, last: int | None = None) -> None:
    """Run the cells from `first` to `last`, all by default, and return when they have run.

    Raises:
        AssertionError: If one of them ended with an error.
    """
    failed = page.evaluate(
        """async ([first, last]) => {
        const notebook = window.jupyterapp.shell.currentWidget.content;
        for (let i = first; i <= (last ?? notebook.widgets.length - 1); i++) {
            notebook.deselectAll();
            notebook.activeCellIndex = i;
            await window.jupyterapp.commands.execute("notebook:run-cell");
        }
        return notebook.widgets.flatMap((cell) => cell.model.toJSON().outputs ?? [])
            .filter((output) => output.output_type === "error").map((output) => output.evalue);
        }""",
        [first, last],
    )
    assert failed == []


def start_cell(page: Page, index: int) -> None:
    """Run a cell and do not wait for it."""
    page.evaluate(
        """(index) => {
        window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
        void window.jupyterapp.commands.execute("notebook:run-cell");
        }""",
        index,
    )
