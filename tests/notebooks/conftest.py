from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

import rtwidgets as rt
from rtwidgets import connection_file
from rtwidgets.client import local

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[rt.Hub]:
    """The local hub of a user who is nobody else: the notebook's kernel finds the same one."""
    for name in [name for name in os.environ if name.startswith("RTWIDGETS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RTWIDGETS_RUNTIME_DIR", str(tmp_path))
    hub = rt.connect(name="a second client")
    found = connection_file.read()
    assert found is not None
    yield hub
    hub.close()
    os.kill(found.pid, signal.SIGTERM)
    for process in local._started:
        process.wait(10)


@contextmanager
def executed(name: str) -> Iterator[Any]:
    """Execute all cells, check that none failed and every widget came, and keep the kernel meanwhile."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
            outputs = cell.get("outputs", [])
            assert not [output for output in outputs if output.get("name") == "stderr"], outputs
            last_line = cell.source.rstrip().splitlines()[-1]
            if cell.cell_type == "code" and last_line.startswith(("rt.", ")")):
                assert any(WIDGET in output.get("data", {}) for output in outputs), cell.source
        yield notebook


def eventually(what: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, f"still not true after {timeout_s} s"
        time.sleep(0.05)
